import { LiteralFinder } from '../matcher/literal-finder.ts';

/** Texts up to this length stay in one buffer; longer ones get their own for the time. */
const BUFFER_SIZE = 65536;

/**
 * The bytes of an event's log and the literals in it, found out once however many indexes ask. A text that is asked about
 * twice in a row is the same, whatever event it belongs to.
 */
export class LogScan {
  private readonly finder: LiteralFinder;
  private readonly buffer = Buffer.allocUnsafeSlow(BUFFER_SIZE + 1);
  private text: string | undefined = undefined;
  private searched = false;
  /** `found[literal] === mark` where the log contains it; after `search`. */
  readonly found: Uint32Array;
  mark = 0;
  /** After `open`: the log and a zero byte, then anything. */
  bytes: Uint8Array = this.buffer;

  constructor(literals: readonly string[]) {
    this.finder = new LiteralFinder(literals);
    this.found = new Uint32Array(literals.length);
  }

  open(log: string): void {
    if (log === this.text) return;
    this.text = log;
    this.searched = false;
    const buffer = log.length > BUFFER_SIZE ? Buffer.allocUnsafe(log.length + 1) : this.buffer;
    buffer.write(log, 0, 'latin1');
    buffer[log.length] = 0;
    this.bytes = buffer;
  }

  search(log: string): void {
    this.open(log);
    if (this.searched) return;
    this.searched = true;
    if (++this.mark === 0xffffffff) {
      this.found.fill(0);
      this.mark = 1;
    }
    this.finder.find(this.bytes, log.length, this.found, this.mark);
  }
}
