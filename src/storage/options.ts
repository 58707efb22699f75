import type { Meter } from '@opentelemetry/api';
import type { Clock } from '../component/clock.ts';
import type { Logger } from '../component/host.ts';

/** What a store reports through and measures time with. */
export interface StoreOptions {
  logger: Logger;
  meter: Meter;
  clock: Clock;
}
