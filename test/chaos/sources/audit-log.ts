import type { Random } from '../../support/random.ts';
import type { LogFile } from './log-file.ts';

/** Seconds in the ids of all events: what happens at one moment is told apart by its number. */
const SECONDS = 1_790_000_000;
/** With a blank, which no host name has: so the starter ruleset's decoders leave these events to ours. */
export const AUDIT_NODE = 'chaos audit';
const TYPES = ['SYSCALL', 'CWD', 'PROCTITLE', 'EOE'] as const;

/** Writes audit events of several records each, as the kernel sends them: interleaved, and cut anywhere by rotations. */
export class AuditLog {
  readonly #file: LogFile;
  readonly #random: Random;
  #serial = 0;

  constructor(file: LogFile, random: Random) {
    this.#file = file;
    this.#random = random;
  }

  /** An event of each text. */
  async append(texts: readonly string[]): Promise<void> {
    const first = this.#serial + 1;
    this.#serial += texts.length;
    const events = texts.map((text, index) => formatRecords(text, first + index));
    // Pairs are interleaved: which event is done first is told by the last records.
    const records: string[] = [];
    for (let at = 0; at < events.length; at += 2) {
      const [a, b = []] = events.slice(at, at + 2);
      for (let number = 0; number < TYPES.length; number++) records.push(...[a[number], b[number]].filter(Boolean));
    }
    const cut = this.#random.int(0, records.length);
    for (const part of [records.slice(0, cut), records.slice(cut)]) {
      if (part.length > 0) await this.#file.append(part);
    }
  }

  /** What the last event that was written is as one line. */
  lastEvent(text: string): string {
    return formatRecords(text, this.#serial).join(' ');
  }
}

function formatRecords(text: string, serial: number): string[] {
  return TYPES.map((type, index) => {
    const start = `node=${AUDIT_NODE} type=${type} msg=audit(${SECONDS}.123:${serial}):`;
    return index === 0 ? `${start} ${text}` : `${start} item=${index} cwd="/"`;
  });
}
