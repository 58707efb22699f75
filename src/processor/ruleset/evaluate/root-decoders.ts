import type { DecoderIndex } from '../compile/decoder-index.ts';
import type { Decoder } from '../compile/ruleset.ts';
import type { LogScan } from './log-scan.ts';
import type { ProgramNames } from './program-names.ts';

/** Finds the root decoders that may take an event, one after the other: most take the first that is found. */
export class RootDecoders {
  private readonly scan: LogScan;
  private readonly withProgram: DecoderIndex;
  private readonly withoutProgram: DecoderIndex;
  private readonly programNames: ProgramNames;
  private index: DecoderIndex;
  private allowed: Int32Array | undefined = undefined;
  private log = '';
  private word = 0;
  private bits = 0;

  constructor(scan: LogScan, withProgram: DecoderIndex, withoutProgram: DecoderIndex, programNames: ProgramNames) {
    this.scan = scan;
    this.withProgram = withProgram;
    this.withoutProgram = withoutProgram;
    this.programNames = programNames;
    this.index = withoutProgram;
  }

  /** Begins with an event; `next` then gives what is not ruled out. */
  open(log: string, programName: string | undefined): void {
    this.log = log;
    this.index = programName === undefined ? this.withoutProgram : this.withProgram;
    this.allowed = programName === undefined ? undefined : this.programNames.factsOf(programName).decoders;
    this.word = -1;
    this.bits = 0;
    this.scan.open(log);
  }

  /** The next decoder in their order; undefined behind the last. */
  next(): Decoder | undefined {
    const { index, scan } = this;
    for (;;) {
      while (this.bits === 0) {
        if (++this.word === index.words) return undefined;
        this.bits = this.fitting(this.word);
      }
      const position = this.word * 32 + 31 - Math.clz32(this.bits & -this.bits);
      this.bits &= this.bits - 1;
      if (position < index.decoders.length && scan.meets(index.needs[position]!)) return index.decoders[position];
    }
  }

  /** 32 decoders by the program name and the first bytes. */
  private fitting(word: number): number {
    const { words, byByte, byLength, places } = this.index;
    // Decoders asked in between may have looked at other texts.
    this.scan.open(this.log);
    const { bytes } = this.scan;
    const { length } = this.log;
    let bits = this.allowed ? this.allowed[word]! : -1;
    if (length < places) bits &= byLength[length * words + word]!;
    const looked = Math.min(length, places);
    for (let place = 0; place < looked && bits !== 0; place++) {
      bits &= byByte[(place * 256 + bytes[place]!) * words + word]!;
    }
    return bits;
  }
}
