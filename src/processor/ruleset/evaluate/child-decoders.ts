import type { ChildIndex } from '../compile/child-index.ts';
import type { LogScan } from './log-scan.ts';

/** Finds the children of a root that may decide about a log, one after the other. */
export class ChildDecoders {
  private readonly scan: LogScan;
  private children: ChildIndex | undefined = undefined;
  private log = '';
  private bits = new Int32Array(1);
  private word = 0;

  constructor(scan: LogScan) {
    this.scan = scan;
  }

  /** Begins with a log; `afterRoot` is where children that say so begin, -1 for nowhere. */
  open(children: ChildIndex, log: string, afterRoot: number): void {
    this.children = children;
    this.log = log;
    this.word = 0;
    const { index, behindParent } = children;
    const { words } = index;
    if (this.bits.length < words) this.bits = new Int32Array(words);
    this.scan.open(log);
    for (let word = 0; word < words; word++) {
      const behind = behindParent[word]!;
      let bits = behind === -1 ? 0 : this.fitting(index, word, 0) & ~behind;
      if (behind !== 0 && afterRoot >= 0) bits |= this.fitting(index, word, afterRoot) & behind;
      this.bits[word] = bits;
    }
  }

  /** Position of the next child; -1 behind the last. */
  next(): number {
    const { scan } = this;
    const { positions, index } = this.children!;
    while (this.word < index.words) {
      const bits = this.bits[this.word]!;
      if (bits === 0) {
        this.word++;
        continue;
      }
      const place = this.word * 32 + 31 - Math.clz32(bits & -bits);
      this.bits[this.word] = bits & (bits - 1);
      if (place < positions.length && scan.meets(index.needs[place]!)) return positions[place]!;
    }
    return -1;
  }

  /** 32 children by the first bytes from `from` on. */
  private fitting({ words, byByte, byLength, places }: ChildIndex['index'], word: number, from: number): number {
    const { bytes } = this.scan;
    const length = this.log.length - from;
    let bits = length < places ? byLength[length * words + word]! : -1;
    const looked = Math.min(length, places);
    for (let place = 0; place < looked && bits !== 0; place++) {
      bits &= byByte[(place * 256 + bytes[from + place]!) * words + word]!;
    }
    return bits;
  }
}
