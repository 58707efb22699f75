import type { Meter } from '@opentelemetry/api';
import type { Clock } from '../component/clock.ts';
import type { HealthEvent } from '../component/health-event.ts';
import type { Logger } from '../component/host.ts';

/** What a store reports through and measures time with. */
export interface StoreOptions {
  logger: Logger;
  meter: Meter;
  clock: Clock;
  /** Told when the store was damaged and replaced. */
  reportHealth?: (event: HealthEvent) => void;
}
