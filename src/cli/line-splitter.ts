/** Lines longer than this are an error: nothing that means to be a log is. */
const MAX_LINE = 64 * 1024 * 1024;

/** Cuts a stream of bytes into lines at newlines alone; the bytes of a line (latin1) are kept as they are. */
export class LineSplitter {
  #rest: string[] = [];
  #length = 0;

  /** The lines that the chunk completes. */
  push(chunk: Uint8Array): string[] {
    const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1');
    const last = text.lastIndexOf('\n');
    if (last < 0) {
      this.#keep(text);
      return [];
    }
    const lines = (this.#rest.join('') + text.slice(0, last)).split('\n');
    this.#rest = [];
    this.#length = 0;
    this.#keep(text.slice(last + 1));
    return lines;
  }

  /** The last line, where the input did not end in a newline. */
  end(): string[] {
    const rest = this.#rest.join('');
    this.#rest = [];
    return rest === '' ? [] : [rest];
  }

  #keep(text: string): void {
    if (text === '') return;
    this.#length += text.length;
    if (this.#length > MAX_LINE) throw new Error(`a line is longer than ${MAX_LINE} bytes`);
    this.#rest.push(text);
  }
}
