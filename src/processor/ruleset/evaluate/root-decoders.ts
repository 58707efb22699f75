import type { DecoderIndex } from '../compile/decoder-index.ts';
import type { Decoder } from '../compile/ruleset.ts';
import type { LogScan } from './log-scan.ts';
import type { ProgramNames } from './program-names.ts';

/** Finds the root decoders that may take an event. */
export class RootDecoders {
  private readonly scan: LogScan;
  private readonly withProgram: DecoderIndex;
  private readonly withoutProgram: DecoderIndex;
  private readonly programNames: ProgramNames;
  private readonly found: Decoder[] = [];

  constructor(scan: LogScan, withProgram: DecoderIndex, withoutProgram: DecoderIndex, programNames: ProgramNames) {
    this.scan = scan;
    this.withProgram = withProgram;
    this.withoutProgram = withoutProgram;
    this.programNames = programNames;
  }

  /** Those that are not ruled out, in their order; valid until the next call. */
  select(log: string, programName: string | undefined): readonly Decoder[] {
    const { found } = this;
    found.length = 0;
    if (programName === undefined) this.selectFrom(this.withoutProgram, undefined, log);
    else this.selectFrom(this.withProgram, this.programNames.factsOf(programName).decoders, log);
    return found;
  }

  private selectFrom(index: DecoderIndex, allowed: Int32Array | undefined, log: string): void {
    const { words, byByte, byLength, decoders, needs } = index;
    const { scan } = this;
    scan.open(log);
    const { bytes } = scan;
    const places = Math.min(log.length, index.places);
    for (let word = 0; word < words; word++) {
      let bits = allowed ? allowed[word]! : -1;
      if (log.length < index.places) bits &= byLength[log.length * words + word]!;
      for (let place = 0; place < places && bits !== 0; place++) {
        bits &= byByte[(place * 256 + bytes[place]!) * words + word]!;
      }
      while (bits !== 0) {
        const bit = 31 - Math.clz32(bits & -bits);
        bits &= bits - 1;
        const position = word * 32 + bit;
        if (position < decoders.length && scan.meets(log, needs[position]!)) this.found.push(decoders[position]!);
      }
    }
  }
}
