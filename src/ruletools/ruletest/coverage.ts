import type { Condition, Decoder, Rule, Ruleset } from '../../processor/ruleset/compile/ruleset.ts';
import type { DecodeStep } from '../../processor/ruleset/evaluate/decode.ts';
import type { EngineTracer } from '../../processor/ruleset/evaluate/engine.ts';

export interface CoverageReport {
  readonly rules: CoverageCount<Rule>;
  readonly decoders: CoverageCount<Decoder>;
}

export interface CoverageCount<T> {
  readonly total: number;
  readonly hit: number;
  /** In load order. */
  readonly missed: readonly T[];
}

/**
 * Which rules and decoders took part in tests. A rule is hit when all of its conditions held for some log, as the
 * result or on the way to it; a decoder when it was chosen or took fields out of a log.
 */
export class Coverage implements EngineTracer {
  readonly #rules = new Set<string>();
  readonly #decoders = new Set<Decoder>();

  tried(): void {}

  tested(rule: Rule, failed: Condition | 'history' | undefined): void {
    if (failed === undefined) this.#rules.add(rule.id);
  }

  decoded(decoder: Decoder, step: DecodeStep, matched: boolean): void {
    // Its program name alone does not choose a root that has a prematch too.
    if (matched && (step !== 'program_name' || !decoder.prematch)) this.#decoders.add(decoder);
  }

  report(ruleset: Ruleset): CoverageReport {
    const decoders = listDecoders(ruleset);
    const rules = [...ruleset.rules.values()];
    return {
      rules: count(rules, (rule) => this.#rules.has(rule.id)),
      decoders: count(decoders, (decoder) => this.#decoders.has(decoder)),
    };
  }
}

/** Every decoder once, roots before their children. */
export function listDecoders({ decoders }: Ruleset): Decoder[] {
  const all = new Set<Decoder>();
  for (const root of [...decoders.withProgram, ...decoders.withoutProgram]) {
    all.add(root);
    for (const child of root.children) all.add(child);
  }
  return [...all];
}

function count<T>(items: readonly T[], isHit: (item: T) => boolean): CoverageCount<T> {
  const missed = items.filter((item) => !isHit(item));
  return { total: items.length, hit: items.length - missed.length, missed };
}

/** Of a hundred; 100 where there is nothing to hit. */
export function percentOf({ total, hit }: CoverageCount<unknown>): number {
  return total === 0 ? 100 : (hit / total) * 100;
}
