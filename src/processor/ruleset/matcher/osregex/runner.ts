import { foldAscii } from '../ascii.ts';
import { type GeneratedRun, generateRun } from './generate.ts';
import { run } from './machine.ts';
import type { Program } from './program.ts';

/** Patterns asked less often are not worth code of their own. */
const RUNS_BEFORE_CODE = 3000;

/**
 * Of the whole process: code takes some 30 kB a pattern, and over days ever more patterns would come to have it. Those asked
 * most are the first to get it; from about two hundred on the stock ruleset gets no faster.
 */
const MAX_GENERATED = 256;
let generatedRuns = 0;
/** Rulesets that were replaced give their share back. */
const GONE = new FinalizationRegistry<undefined>(() => generatedRuns--);

/** Runs one alternative: interpreted at first, by code of its own once it is in use. */
export class Runner {
  readonly program: Program;
  private readonly captures: boolean;
  private readonly captureMode: boolean;
  private generated: GeneratedRun | undefined = undefined;
  private runs = 0;

  /** @param captureMode whether the pattern has captures, in any alternative, and they are wanted */
  constructor(program: Program, captureMode: boolean) {
    this.program = program;
    this.captures = captureMode && program.parens > 0;
    this.captureMode = captureMode;
  }

  /** As `run`; `places` is reset before, where it is wanted. */
  run(
    text: string,
    bytes: Uint8Array,
    folded: string | undefined,
    from: number,
    places: Int32Array | undefined,
  ): number {
    const { program, generated } = this;
    if (generated !== undefined && from < text.length) {
      return generated(text, bytes, from, program.folds ? (folded ?? foldAscii(text)) : '', places);
    }
    if (++this.runs === RUNS_BEFORE_CODE) this.generate();
    const wanted = this.captures ? places : undefined;
    wanted?.fill(-1, 0, program.parens);
    return run(program, text, bytes, folded, from, wanted, this.captureMode);
  }

  private generate(): void {
    if (generatedRuns >= MAX_GENERATED) return;
    this.generated = generateRun(this.program, { captures: this.captures, captureMode: this.captureMode });
    if (this.generated === undefined) return;
    generatedRuns++;
    GONE.register(this, undefined);
  }
}
