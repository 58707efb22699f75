/** Kinds of entries; each entry has four words: kind and three operands. */
export const CHOICE = 0;
/** slot, old value */
export const UNDO = 1;
/** code, lowest place, current place */
export const RUN = 2;
/** code, current place, highest place */
export const LAZY = 3;
/** index of the call frame to go back to */
export const FRAME = 4;
export const COMMIT = 5;
export const PRUNE = 6;
/** place */
export const SKIP = 7;

const MAX_WORDS = 4_000_000;

/** Choices to go back to, and values to put back on the way. One is enough, since a match never runs inside another. */
export class BacktrackStack {
  words = new Int32Array(4096);
  /** Used words. */
  height = 0;

  /** False when the stack is full. */
  push(kind: number, a: number, b: number, c: number): boolean {
    const at = this.height;
    if (at + 4 > this.words.length) {
      if (this.words.length >= MAX_WORDS) return false;
      const larger = new Int32Array(this.words.length * 2);
      larger.set(this.words);
      this.words = larger;
    }
    const { words } = this;
    words[at] = kind;
    words[at + 1] = a;
    words[at + 2] = b;
    words[at + 3] = c;
    this.height = at + 4;
    return true;
  }

  /** Forgets the choices above a height; what has to be undone on the way further back stays. */
  cut(height: number): void {
    const { words } = this;
    let kept = height;
    for (let at = height; at < this.height; at += 4) {
      const kind = words[at]!;
      if (kind === UNDO || kind === FRAME) {
        words.copyWithin(kept, at, at + 4);
        kept += 4;
      }
    }
    this.height = kept;
  }
}
