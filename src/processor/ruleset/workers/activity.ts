import { getHeapStatistics } from 'node:v8';

const ACTIVITIES = [
  'starting',
  'waiting',
  'evaluating',
  'compiling',
  'changing rules',
  'changing lists',
  'restoring its state',
  'confirming',
] as const;

export type Activity = (typeof ACTIVITIES)[number];

const DOING = 0;
const MESSAGES = 1;
const HEAP = 2;
const HEAP_LIMIT = 3;
const CELLS = 4;
const MEGABYTE = 2 ** 20;

/** What a thread is about, in shared memory: it can still be read when the thread is gone. */
export class ActivityCells {
  readonly memory: SharedArrayBuffer;
  readonly #cells: Int32Array;

  constructor(memory = new SharedArrayBuffer(CELLS * Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#cells = new Int32Array(memory);
  }

  /** Of the thread itself. */
  begin(activity: Activity): void {
    this.#cells[DOING] = ACTIVITIES.indexOf(activity);
    this.#cells[MESSAGES]!++;
  }

  end(): void {
    this.#cells[DOING] = ACTIVITIES.indexOf('waiting');
  }

  noteHeap(): void {
    const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
    this.#cells[HEAP] = Math.round(used / MEGABYTE);
    this.#cells[HEAP_LIMIT] = Math.round(limit / MEGABYTE);
  }

  /** For people: `while evaluating, message 123, heap 80 of 4144 MB`. */
  describe(): string {
    const heap = this.#cells[HEAP] === 0 ? '' : `, heap ${this.#cells[HEAP]} of ${this.#cells[HEAP_LIMIT]} MB`;
    return `while ${ACTIVITIES[this.#cells[DOING]!]}, message ${this.#cells[MESSAGES]}${heap}`;
  }
}
