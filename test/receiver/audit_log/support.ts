import { type Oddity, Reassembler } from '../../../src/receiver/audit_log/reassemble.ts';
import type { Gap } from '../../../src/receiver/audit_log/sequence.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** Time between two looks. */
const POLL_MS = 200;

/** A reassembler whose events are kept as texts. */
export class Grouper {
  readonly clock = new FakeClock();
  readonly events: string[] = [];
  readonly counts: Partial<Record<Oddity, number>> = {};
  readonly gaps: (Gap & { node: string })[] = [];
  readonly reassembler: Reassembler<string>;
  #offset = 0;

  constructor(options: { maxOpenEvents?: number; maxOpenBytes?: number } = {}) {
    this.reassembler = new Reassembler<string>({
      clock: this.clock,
      linger: 2000,
      maxOpenEvents: 1024,
      maxOpenBytes: 16 * 1024 * 1024,
      emit: ({ text }) => this.events.push(typeof text === 'string' ? text : Buffer.from(text).toString('latin1')),
      count: (what, amount = 1) => {
        this.counts[what] = (this.counts[what] ?? 0) + amount;
      },
      gap: (node, gap) => this.gaps.push({ node, ...gap }),
      ...options,
    });
  }

  push(...records: (string | Uint8Array)[]): this {
    for (const record of records) {
      const size = Buffer.byteLength(record);
      const place = { source: 'file', generation: 0, start: this.#offset, end: this.#offset + size + 1 };
      this.#offset = place.end;
      this.reassembler.push(record, size, false, place);
    }
    return this;
  }

  /** All that was written has been read. */
  caughtUp(): this {
    this.reassembler.caughtUp();
    return this;
  }

  async wait(ms: number): Promise<this> {
    this.caughtUp();
    for (let left = ms; left > 0; left -= POLL_MS) {
      await this.clock.advance(Math.min(POLL_MS, left));
      this.caughtUp();
    }
    return this;
  }

  /** What came out since the last call. */
  take(): string[] {
    return this.events.splice(0);
  }
}

/** What Wazuh makes of a log: neighbours with one id, joined by a space. */
export function joinNeighbours(records: readonly string[]): string[] {
  const events: string[] = [];
  let last: string | undefined;
  for (const record of records) {
    const id = /(node=\S+ )?type=\S+ msg=audit\(([^)]*)\):/.exec(record)?.[0].replace(/type=\S+/, '');
    if (id !== undefined && id === last) events[events.length - 1] += ` ${record}`;
    else events.push(record);
    last = id;
  }
  return events;
}
