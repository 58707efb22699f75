/** Collects bytes up to a limit and counts the rest. */
export class ByteLimit {
  readonly #limit: number;
  #chunks: Buffer[] = [];
  #kept = 0;
  #seen = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes given, kept or not. */
  get seen(): number {
    return this.#seen;
  }

  /** False once more has come than the limit allows. */
  add(chunk: Buffer): boolean {
    this.#seen += chunk.length;
    const room = this.#limit - this.#kept;
    if (room > 0) {
      const part = chunk.length > room ? chunk.subarray(0, room) : chunk;
      this.#chunks.push(part);
      this.#kept += part.length;
    }
    return this.#seen <= this.#limit;
  }

  bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}
