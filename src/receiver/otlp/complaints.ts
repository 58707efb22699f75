import type { Clock } from '../../component/clock.ts';
import type { Logger } from '../../component/host.ts';

const INTERVAL_MS = 60_000;

/** Writes what goes wrong again and again to the log once a minute for each reason, with the number left out. */
export class Complaints {
  private readonly logger: Logger;
  private readonly clock: Clock;
  private readonly last = new Map<string, { time: number; suppressed: number }>();

  constructor(logger: Logger, clock: Clock) {
    this.logger = logger;
    this.clock = clock;
  }

  /** `reason` is one of a fixed set of words. */
  warn(reason: string, fields: object, message: string): void {
    const now = this.clock.now();
    const last = this.last.get(reason);
    if (last && Math.abs(now - last.time) < INTERVAL_MS) {
      last.suppressed++;
      return;
    }
    this.last.set(reason, { time: now, suppressed: 0 });
    this.logger.warn(
      { ...fields, reason, ...(last && last.suppressed > 0 && { suppressed: last.suppressed }) },
      message,
    );
  }
}
