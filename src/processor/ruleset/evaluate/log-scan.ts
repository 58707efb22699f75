import type { Needs } from '../compile/decoder-index.ts';
import { FOLD } from '../matcher/ascii.ts';
import { bytesOf } from '../matcher/byte-view.ts';
import type { LiteralFinder } from '../matcher/literal-finder.ts';

const FEW = 3;

/**
 * The bytes of an event's log and the literals in it, found out once however many indexes ask. A text that is asked about
 * twice in a row is the same, whatever event it belongs to.
 */
export class LogScan {
  private readonly finder: LiteralFinder;
  private text: string | undefined = undefined;
  /** `found[literal] === mark` where the log contains it. */
  private readonly found: Uint32Array;
  /** Numbers of the literals that the log contains; after `search`. */
  readonly literals: Uint32Array;
  /** How many; -1 before they were looked for. */
  private count = -1;
  /** `present[byte] === mark` where the log contains the byte or its capital. */
  private readonly present = new Uint32Array(256);
  private counted = false;
  private looks = 0;
  private mark = 0;
  /** After `open`: the log and a zero byte, then anything. */
  bytes: Uint8Array = bytesOf('');

  constructor(finder: LiteralFinder) {
    this.finder = finder;
    this.found = new Uint32Array(finder.ids.size);
    this.literals = new Uint32Array(finder.ids.size);
  }

  open(log: string): void {
    this.bytes = bytesOf(log);
    if (log === this.text) return;
    this.text = log;
    this.count = -1;
    this.counted = false;
    this.looks = 0;
    if (++this.mark === 0xffffffff) {
      this.found.fill(0);
      this.present.fill(0);
      this.mark = 1;
    }
  }

  /** How many literals the log contains. */
  search(log: string): number {
    this.open(log);
    if (this.count < 0) this.count = this.finder.find(log, this.found, this.mark, this.literals);
    return this.count;
  }

  /** Whether the log contains one of these of the literals. */
  containsOne(log: string, literals: Int32Array, from: number, to: number): boolean {
    this.search(log);
    return this.hasOne(literals, from, to);
  }

  private hasOne(literals: Int32Array, from: number, to: number): boolean {
    const { found, mark } = this;
    for (let index = from; index < to; index++) if (found[literals[index]!] === mark) return true;
    return false;
  }

  /** Asks about the log that was opened last: comparing texts again and again costs more than the answer. */
  meets({ literals, bytes }: Needs): boolean {
    if (literals) {
      if (this.count < 0) this.search(this.text!);
      return this.hasOne(literals, 0, literals.length);
    }
    return bytes === undefined || this.containsBytes(this.text!, bytes);
  }

  private containsBytes(log: string, lists: readonly Int32Array[]): boolean {
    if (!this.counted) {
      // Up to a few questions a look for the rarest byte is quicker than going through all.
      if (++this.looks <= FEW) return lists.some((list) => mayContain(log, list[0]!));
      this.counted = true;
      // Other texts may have been looked at since.
      const bytes = bytesOf(log);
      const { present, mark } = this;
      for (let at = 0; at < log.length; at++) present[FOLD[bytes[at]!]!] = mark;
    }
    for (let index = 0; index < lists.length; index++) if (this.hasAll(lists[index]!)) return true;
    return false;
  }

  private hasAll(list: Int32Array): boolean {
    const { present, mark } = this;
    for (let index = 0; index < list.length; index++) if (present[list[index]!] !== mark) return false;
    return true;
  }
}

/** Letters may stand there as capitals. */
function mayContain(log: string, byte: number): boolean {
  return (byte >= 97 && byte <= 122) || log.includes(CHARS[byte]!);
}

const CHARS = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));
