import { MemoryStateStore } from '../../src/storage/memory-store.ts';
import { describeStateStore } from '../contract/state-store.ts';

describeStateStore('memory', () => ({ open: async () => new MemoryStateStore(), keeps: false }));
