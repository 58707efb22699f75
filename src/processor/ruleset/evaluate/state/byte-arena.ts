/** Words of four bytes in a chunk of the usual size: 256 KiB, so that an address is chunk and word in 16 bits each. */
const CHUNK_WORDS = 1 << 16;
const MAX_CHUNKS = 1 << 16;
/** Empty chunks that are kept for the next records. */
const MAX_SPARES = 4;
/** Every record begins with its owner, or -1 once it was given back, and its length in words. */
export const RECORD_HEAD = 2;
const GONE = -1;

/** Quicker than `toString` and `write`; Node.js documents neither, and its own readers and decoders use both. */
interface TextBuffer extends Uint8Array {
  latin1Slice(start: number, end: number): string;
  latin1Write(text: string, start: number, length: number): number;
}

/** The memory of some records; `words` and `bytes` are two views of it. */
export interface Chunk {
  readonly bytes: TextBuffer;
  readonly words: Int32Array;
  /** Words given out, from the start. */
  used: number;
  /** Words of records that were not given back. */
  live: number;
}

/**
 * Records of bytes of any length outside of the heap, which the garbage collector never looks at. What is given back in
 * any order is used again: once a third of all is holes, the records of the emptiest chunk move together.
 */
export class ByteArena {
  private readonly onMove: (owner: number, address: number) => void;
  private readonly chunks: (Chunk | undefined)[] = [];
  private readonly freeIds: number[] = [];
  private readonly spares: Chunk[] = [];
  private current = -1;
  /** Words of all records, and of holes between them. */
  private live = 0;
  private holes = 0;

  /** `onMove` hears where the record of that owner is from now on. */
  constructor(onMove: (owner: number, address: number) => void) {
    this.onMove = onMove;
  }

  /** Words of all chunks, kept ones without records included. */
  get words(): number {
    let words = this.spares.length * CHUNK_WORDS;
    for (const chunk of this.chunks) if (chunk) words += chunk.words.length;
    return words;
  }

  chunkOf(address: number): Chunk {
    return this.chunks[address >>> 16]!;
  }

  /** Address of a new record of so many words, its head included. */
  allocate(words: number, owner: number): number {
    const id = this.roomFor(words);
    const chunk = this.chunks[id]!;
    const at = chunk.used;
    chunk.used += words;
    chunk.live += words;
    this.live += words;
    chunk.words[at] = owner;
    chunk.words[at + 1] = words;
    return id * CHUNK_WORDS + at;
  }

  free(address: number): void {
    const id = address >>> 16;
    const chunk = this.chunks[id]!;
    const at = wordOf(address);
    const words = chunk.words[at + 1]!;
    chunk.words[at] = GONE;
    chunk.live -= words;
    this.live -= words;
    this.holes += words;
    if (chunk.live === 0) this.empty(id, chunk);
    while (this.holes > this.live / 2 + 2 * CHUNK_WORDS) if (!this.compact()) return;
  }

  clear(): void {
    this.chunks.length = 0;
    this.freeIds.length = 0;
    this.current = -1;
    this.live = 0;
    this.holes = 0;
  }

  /** A chunk with room for so many words. A giant record has one to itself. */
  private roomFor(words: number): number {
    const giant = words > CHUNK_WORDS;
    const chunk = this.chunks[this.current];
    if (!giant && chunk && chunk.used + words <= CHUNK_WORDS) return this.current;
    const id = this.freeIds.pop() ?? this.chunks.length;
    if (id >= MAX_CHUNKS) throw new RangeError('past events take more than 16 GiB');
    this.chunks[id] = giant ? createChunk(words) : (this.spares.pop() ?? createChunk(CHUNK_WORDS));
    if (!giant) this.current = id;
    return id;
  }

  private empty(id: number, chunk: Chunk): void {
    this.holes -= chunk.used;
    chunk.used = 0;
    if (id === this.current) return;
    this.chunks[id] = undefined;
    this.freeIds.push(id);
    if (chunk.words.length === CHUNK_WORDS && this.spares.length < MAX_SPARES) this.spares.push(chunk);
  }

  /** Moves the records of the emptiest chunk; false where there is none but the one that is being filled. */
  private compact(): boolean {
    let emptiest = -1;
    let least = CHUNK_WORDS;
    for (const [id, chunk] of this.chunks.entries()) {
      if (!chunk || id === this.current || chunk.live >= least) continue;
      least = chunk.live;
      emptiest = id;
    }
    if (emptiest < 0) return false;
    const from = this.chunks[emptiest]!;
    for (let at = 0; at < from.used; ) {
      const owner = from.words[at]!;
      const words = from.words[at + 1]!;
      if (owner !== GONE) {
        const address = this.allocate(words, owner);
        const to = this.chunkOf(address);
        to.words.set(from.words.subarray(at + RECORD_HEAD, at + words), wordOf(address) + RECORD_HEAD);
        this.live -= words;
        this.onMove(owner, address);
      }
      at += words;
    }
    // Its holes alone were counted as such.
    this.holes += from.live;
    from.live = 0;
    this.empty(emptiest, from);
    return true;
  }
}

/** Where in its chunk a record begins. */
export function wordOf(address: number): number {
  return address & (CHUNK_WORDS - 1);
}

function createChunk(words: number): Chunk {
  const bytes = Buffer.allocUnsafeSlow(words * 4);
  return { bytes: bytes as unknown as TextBuffer, words: new Int32Array(bytes.buffer), used: 0, live: 0 };
}
