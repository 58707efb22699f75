import { isAscii } from 'node:buffer';
import type { Clock } from '../component/clock.ts';
import { TAIL_SIZE } from './fingerprint.ts';
import { Multiline, type MultilinePatterns } from './multiline.ts';
import type { TailFile } from './tail-file.ts';

/** A line as it lies in the reader's buffer, valid only during the call it is given to. */
export interface RawLine {
  buffer: Buffer;
  /** Its bytes in the buffer, without line end. */
  start: number;
  end: number;
  /** Offset in the file of the first byte, and of the byte after the line end. */
  offset: number;
  next: number;
  /** All bytes are below 128. */
  ascii: boolean;
  /** Longer than allowed: this is its beginning, or one of its pieces. */
  cut: boolean;
}

export interface LineSink {
  line(file: TailFile, line: RawLine): void;
  /** Enough is collected for a batch. */
  readonly full: boolean;
  /** Hands the batch over; false when reading should stop. */
  flush(): Promise<boolean>;
}

export interface LineReaderOptions {
  maxLogSize: number;
  /** A line that is too long: the rest is skipped, or becomes further lines. */
  behavior: 'truncate' | 'split';
  fingerprintSize: number;
  /** Milliseconds after which an unfinished last line is handed over; 0 for never. */
  forceFlushPeriod: number;
  /** Records of several lines; a line is a record where absent. */
  multiline?: MultilinePatterns | undefined;
  clock: Clock;
  onNulBytes(file: TailFile, count: number): void;
}

const NEWLINE = 10;
const CHUNK_SIZE = 256 * 1024;

/** `rewritten`: the bytes before the position are no longer those that were read. `stopped`: the sink said so. */
export type ReadResult = 'done' | 'rewritten' | 'stopped';

/** Splits files into lines. One reader serves many files in turn, through one buffer. */
export class LineReader {
  readonly #options: LineReaderOptions;
  readonly #line: RawLine;
  readonly #multiline: Multiline | undefined;
  #buffer: Buffer;

  constructor(options: LineReaderOptions) {
    this.#options = options;
    this.#multiline = options.multiline && new Multiline(options.multiline, options.maxLogSize);
    this.#buffer = Buffer.allocUnsafe(CHUNK_SIZE);
    this.#line = { buffer: this.#buffer, start: 0, end: 0, offset: 0, next: 0, ascii: false, cut: false };
  }

  /**
   * Gives the sink the complete lines between the file's position and its size, about `budget` bytes at most
   * (`file.more` says whether something is left). The file must be open. Rejects with the system's error.
   */
  async read(file: TailFile, budget: number, sink: LineSink): Promise<ReadResult> {
    file.more = false;
    for (let left = budget; file.position < file.size; ) {
      if (left <= 0) {
        file.more = true;
        break;
      }
      if (!(await this.#loadHead(file))) return 'rewritten';
      const lead = file.tail.length;
      const before = file.position;
      const want = Math.min(this.#buffer.length - lead, file.size - before);
      const { bytesRead } = await file.handle!.read(this.#buffer, 0, lead + want, before - lead);
      if (bytesRead < lead || !this.#buffer.subarray(0, lead).equals(file.tail)) return 'rewritten';
      if (bytesRead === lead) break;
      if (before === 0 && !startsAlike(this.#buffer.subarray(0, bytesRead), file.head)) return 'rewritten';
      if (!(await this.#split(file, lead, bytesRead, sink))) return 'stopped';
      left -= file.position - before;
      if (bytesRead - lead >= file.size - before) break;
      if (file.position > before) continue;
      if (bytesRead < this.#buffer.length) break;
      this.#grow();
    }
    await this.#checkPartial(file, sink);
    return 'done';
  }

  /**
   * Gives the sink one line again, which was read before, by the offsets of its first byte and of the byte behind it.
   * False where it is not there any more.
   */
  async readOne(file: TailFile, offset: number, end: number, sink: LineSink): Promise<boolean> {
    const size = end - offset;
    if (size <= 0 || size > this.#options.maxLogSize + 2 || !file.handle) return false;
    const bytes = Buffer.allocUnsafe(size);
    const { bytesRead } = await file.handle.read(bytes, 0, size, offset);
    if (bytesRead < size) return false;
    let stop = size;
    if (bytes[stop - 1] === NEWLINE) stop--;
    if (stop > 0 && bytes[stop - 1] === 13) stop--;
    this.#emit(file, sink, bytes, 0, stop, offset, end, isAscii(bytes), false);
    return true;
  }

  /** Hands over what stands behind the last line end as if a line ended there. */
  async flushPartial(file: TailFile, sink: LineSink): Promise<void> {
    const length = Math.min(file.size - file.position, this.#options.maxLogSize);
    if (length <= 0 || !file.handle || file.skipping) return;
    const buffer = Buffer.allocUnsafe(length);
    const { bytesRead } = await file.handle.read(buffer, 0, length, file.position);
    const bytes = buffer.subarray(0, bytesRead);
    if (bytesRead === 0 || bytes.every((byte) => byte === 0)) return;
    file.position += bytesRead;
    let stop = bytesRead;
    // Complete lines that waited for what belongs to them.
    const isComplete = bytes[stop - 1] === NEWLINE;
    if (isComplete) stop--;
    if (isComplete && stop > 0 && bytes[stop - 1] === 13) stop--;
    this.#emit(file, sink, bytes, 0, stop, file.position - bytesRead, file.position, isAscii(bytes), false);
    file.rememberTail(Buffer.concat([file.tail, bytes]));
    file.flushed = !isComplete;
    file.partialSince = undefined;
  }

  /** Returns false when the sink wants no more. */
  async #split(file: TailFile, from: number, end: number, sink: LineSink): Promise<boolean> {
    const { maxLogSize, behavior } = this.#options;
    const view = this.#buffer.subarray(0, end);
    const base = file.position - from;
    const ascii = isAscii(view.subarray(from));
    let at = from;
    let goOn = true;
    while (at < end && goOn) {
      if (file.skipping && this.#multiline) {
        const rest = this.#multiline.skip(view, at);
        // Whether the next line begins a record is known when it is complete.
        if (rest.at === at && !rest.done) break;
        file.skipping = !rest.done;
        at = rest.at;
      } else if (file.skipping) {
        const newline = view.indexOf(NEWLINE, at);
        file.skipping = newline < 0;
        at = newline < 0 ? end : newline + 1;
      } else if (file.flushed) {
        file.flushed = false;
        if (view[at] === NEWLINE) at++;
      } else if (view[at] === 0 && this.#nulRun(view, at) > at) {
        const next = this.#nulRun(view, at);
        this.#options.onNulBytes(file, next - at);
        at = next;
      } else {
        const newline = this.#multiline?.recordEnd(view, at) ?? view.indexOf(NEWLINE, at);
        const length = (newline < 0 ? end : newline) - at;
        if (newline < 0 && length <= maxLogSize) break;
        if (length > maxLogSize) {
          const stop = cutPoint(view, at, maxLogSize);
          const skipRest = behavior === 'truncate';
          const next = !skipRest ? stop : newline < 0 ? end : newline + 1;
          file.skipping = skipRest && newline < 0;
          this.#emit(file, sink, view, at, stop, base + at, base + next, ascii, true);
          at = next;
        } else {
          let stop = newline;
          if (stop > at && view[stop - 1] === 13) stop--;
          this.#emit(file, sink, view, at, stop, base + at, base + newline + 1, ascii, false);
          at = newline + 1;
        }
      }
      file.position = base + at;
      file.dirty = true;
      if (sink.full) {
        file.rememberTail(view.subarray(0, at));
        goOn = await sink.flush();
      }
    }
    file.rememberTail(view.subarray(0, at));
    return goOn;
  }

  #emit(
    file: TailFile,
    sink: LineSink,
    buffer: Buffer,
    start: number,
    end: number,
    offset: number,
    next: number,
    ascii: boolean,
    cut: boolean,
  ): void {
    const line = this.#line;
    const bom = offset === 0 && buffer[start] === 0xef && buffer[start + 1] === 0xbb && buffer[start + 2] === 0xbf;
    line.buffer = buffer;
    line.start = bom && end - start >= 3 ? start + 3 : start;
    line.end = end;
    line.offset = offset;
    line.next = next;
    line.ascii = ascii;
    line.cut = cut;
    sink.line(file, line);
  }

  /**
   * End of the NUL bytes that begin a line, `at` where they must wait: at the end of a file they may be space that was
   * reserved and is yet to be written. They come from writers that go on at their old offset after a truncation.
   */
  #nulRun(view: Buffer, at: number): number {
    let next = at;
    while (next < view.length && view[next] === 0) next++;
    return next < view.length || next - at >= this.#options.maxLogSize ? next : at;
  }

  /** The unfinished line at the end of the file has waited long enough. */
  isFlushDue(file: TailFile): boolean {
    const { clock, forceFlushPeriod } = this.#options;
    return (
      forceFlushPeriod > 0 && file.partialSince !== undefined && clock.now() - file.partialSince >= forceFlushPeriod
    );
  }

  async #checkPartial(file: TailFile, sink: LineSink): Promise<void> {
    if (file.position >= file.size || file.more) {
      file.partialSince = undefined;
    } else if (file.partialSince === undefined || file.partialSize !== file.size) {
      file.partialSince = this.#options.clock.now();
      file.partialSize = file.size;
    } else if (this.isFlushDue(file)) {
      await this.flushPartial(file, sink);
    }
  }

  /**
   * Reads the first bytes again as long as there are fewer than make a whole fingerprint; false where they are not what
   * they were. The file must be open.
   */
  async #loadHead(file: TailFile): Promise<boolean> {
    const size = Math.min(this.#options.fingerprintSize, file.size);
    if (file.head.length >= size) return true;
    const bytes = Buffer.allocUnsafeSlow(size);
    const { bytesRead } = await file.handle!.read(bytes, 0, size, 0);
    const head = bytes.subarray(0, bytesRead);
    if (!startsAlike(head, file.head)) return false;
    if (head.length > file.head.length) file.head = head;
    return true;
  }

  #grow(): void {
    const most = this.#options.maxLogSize + TAIL_SIZE + CHUNK_SIZE;
    this.#buffer = Buffer.allocUnsafe(Math.min(this.#buffer.length * 4, most));
  }
}

function startsAlike(a: Buffer, b: Buffer): boolean {
  const size = Math.min(a.length, b.length);
  return a.subarray(0, size).equals(b.subarray(0, size));
}

/** Where a line that is too long is cut: not within a UTF-8 character. */
function cutPoint(view: Buffer, start: number, maxLogSize: number): number {
  let stop = start + maxLogSize;
  for (let back = 0; back < 3 && stop > start + 1 && (view[stop] & 0xc0) === 0x80; back++) stop--;
  return (view[stop] & 0xc0) === 0x80 ? start + maxLogSize : stop;
}
