import { compileRuleset } from '../../processor/ruleset/compile/compile.ts';
import type { Rule, Ruleset } from '../../processor/ruleset/compile/ruleset.ts';
import { resolveSettings } from '../../processor/ruleset/compile/settings.ts';
import type { Diagnostic } from '../../processor/ruleset/diagnostics.ts';
import { type RulesetOptions, readRuleset } from '../../processor/ruleset/load.ts';
import type { DecoderAst, RuleAst, SourceFile } from '../../processor/ruleset/parse/ast.ts';
import { parseDecoderFile } from '../../processor/ruleset/parse/decoder.ts';
import { parseRuleFile } from '../../processor/ruleset/parse/rule.ts';
import { listDecoders } from '../ruletest/coverage.ts';
import { checkDecoders } from './check-decoders.ts';
import { checkFields } from './check-fields.ts';
import { checkCorrelation, checkGroupTexts } from './check-groups.ts';
import { checkLists, checkMistakes } from './check-mistakes.ts';
import { checkPatterns } from './check-patterns.ts';
import { checkRoots, checkShadowed } from './check-reach.ts';
import { checkForwardReferences } from './check-references.ts';
import type { CompiledContext, LintContext } from './context.ts';
import { explainDiagnostic } from './friendly.ts';

export interface LintResult {
  /** The loader's and ours, by place; each once. */
  readonly findings: readonly Diagnostic[];
  readonly rules: readonly RuleAst[];
  readonly decoders: readonly DecoderAst[];
  readonly lists: number;
  readonly files: readonly SourceFile[];
  /** False where the ruleset does not load: then only what needs no compiled rules was checked. */
  readonly isComplete: boolean;
}

const WRITTEN: readonly ((context: LintContext) => void)[] = [
  checkForwardReferences,
  checkGroupTexts,
  checkMistakes,
  checkLists,
];
const COMPILED: readonly ((context: CompiledContext) => void)[] = [
  checkShadowed,
  checkRoots,
  checkCorrelation,
  checkDecoders,
  checkPatterns,
  checkFields,
];

/** Reads a ruleset and looks for problems in it; loads nothing that would stay. */
export async function lintRuleset(options: RulesetOptions): Promise<LintResult> {
  const { source, diagnostics: reading } = await readRuleset(options);
  const compiled = compileRuleset(source);
  const loader = [...reading, ...compiled.diagnostics];
  const limits = { orderSize: resolveSettings(source.dialect, source.settings).decoderOrderSize };
  const rules = source.rules.flatMap((file) => parseRuleFile(file, source.dialect, limits, [])?.rules ?? []);
  const decoders = source.decoders.flatMap(
    (file) => parseDecoderFile(file, source.dialect, limits, [])?.decoders ?? [],
  );
  const found: Diagnostic[] = [];
  const context: LintContext = {
    source,
    rules,
    decoders,
    loader,
    report: (severity, code, message, span, help) =>
      found.push({ severity, code, message, help, ...(span && { span }) }),
  };
  const ruleset = loader.some(({ severity }) => severity === 'fatal') ? undefined : compiled.ruleset;
  for (const check of WRITTEN) check(context);
  if (ruleset) {
    const whole = toCompiledContext(context, ruleset);
    for (const check of COMPILED) check(whole);
  }
  return {
    findings: sortFindings([...loader.map(explainDiagnostic), ...found]),
    rules,
    decoders,
    lists: source.lists.length,
    files: source.rules,
    isComplete: ruleset !== undefined,
  };
}

function toCompiledContext(context: LintContext, ruleset: Ruleset): CompiledContext {
  const compiled = [...ruleset.rules.values()];
  const parents = new Map<Rule, Rule[]>();
  for (const parent of new Set([...ruleset.roots, ...compiled])) {
    for (const child of parent.children) {
      const above = parents.get(child);
      if (!above) parents.set(child, [parent]);
      else if (!above.includes(parent)) above.push(parent);
    }
  }
  return { ...context, ruleset, compiled, parents, allDecoders: listDecoders(ruleset) };
}

/** By file and line; what has no place comes first. */
function sortFindings(findings: readonly Diagnostic[]): Diagnostic[] {
  const seen = new Set<string>();
  const unique = findings.filter(({ code, message, span }) => {
    const key = `${code} ${message} ${span?.file}:${span?.offset}`;
    return !seen.has(key) && seen.add(key);
  });
  return unique.sort((a, b) => {
    const [left, right] = [a.span?.file ?? '', b.span?.file ?? ''];
    if (left !== right) return left < right ? -1 : 1;
    return (a.span?.offset ?? 0) - (b.span?.offset ?? 0);
  });
}
