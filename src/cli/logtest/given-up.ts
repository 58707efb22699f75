import { printableLine } from '../../pdata/printable.ts';
import { bytesToText } from '../../processor/ruleset/bytes.ts';
import type { Verdict } from '../../processor/ruleset/evaluate/verdict.ts';

/** Tells, once for each pattern, that matching it was given up: what it would have found is not in the results. */
export class GivenUp {
  readonly #told = new Set<string>();
  #notices: string[] = [];

  note({ tripped }: Verdict): void {
    for (const { owner, pattern } of tripped) {
      const notice = `${printableLine(bytesToText(owner))}: matching was given up after too many steps, taken as no match: ${printableLine(bytesToText(pattern))}\n`;
      if (this.#told.has(notice)) continue;
      this.#told.add(notice);
      this.#notices.push(notice);
    }
  }

  /** What was not told before. */
  take(): readonly string[] {
    const notices = this.#notices;
    this.#notices = [];
    return notices;
  }
}
