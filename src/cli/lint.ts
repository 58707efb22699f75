import { ConfigError } from '../component/errors.ts';
import { printableText } from '../pdata/printable.ts';
import { MemoryList } from '../processor/ruleset/compile/memory-list.ts';
import { type Diagnostic, formatDiagnostic } from '../processor/ruleset/diagnostics.ts';
import type { RulesetOptions } from '../processor/ruleset/load.ts';
import { type LintResult, lintRuleset } from '../ruletools/lint/lint.ts';
import { type DroppedFeature, reportWazuh5, type Wazuh5Report } from '../ruletools/lint/wazuh5.ts';
import type { LintFlags } from './commands/lint.ts';
import { type CliIo, type ExitCode, write } from './io.ts';
import { rulesetOptionsOf } from './load-ruleset.ts';
import { createPalette, type Palette } from './paint.ts';

/** Fatal findings are errors to whoever reads the result. */
const RANK = { info: 0, warning: 1, error: 2, fatal: 2 } as const;

export async function lint(flags: LintFlags, io: CliIo): Promise<ExitCode> {
  let options: RulesetOptions | undefined;
  try {
    options = await rulesetOptionsOf(flags, io);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    await write(io.stderr, `otel-hids lint: ${error.message}\n`);
  }
  if (options === undefined) return 1;
  // Lists of the store are taken as there: what they hold is not the rules' business.
  const result = await lintRuleset({ ...options, resolveList: (name) => new MemoryList(name) });
  const ignored = new Set(flags.ignore);
  const isWanted = ({ code, span }: Diagnostic) =>
    !ignored.has(code) && (flags.only.length === 0 || flags.only.some((text) => span?.file.includes(text)));
  const findings = result.findings.filter(isWanted);
  const report = flags.wazuh5 ? reportWazuh5(result) : undefined;
  if (report) await write(io.stdout, flags.format === 'json' ? toJson(report) : formatWazuh5(report, result));
  else
    await write(
      io.stdout,
      flags.format === 'json' ? toJson(summarize(findings, result)) : formatText(findings, result, createPalette(io)),
    );
  if (report) return result.isComplete ? 0 : 1;
  return findings.some(({ severity }) => RANK[severity] >= RANK[flags.failOn]) ? 1 : 0;
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function summarize(findings: readonly Diagnostic[], { rules, decoders, lists, isComplete }: LintResult) {
  return { complete: isComplete, rules: rules.length, decoders: decoders.length, lists, findings };
}

function formatText(findings: readonly Diagnostic[], result: LintResult, palette: Palette): string {
  const lines = findings.map((finding) => {
    const text = printableText(formatDiagnostic(finding));
    const severe = RANK[finding.severity] === RANK.error;
    return severe ? palette.bad(text) : finding.severity === 'info' ? palette.dim(text) : text;
  });
  const count = (rank: number, noun: string) => {
    const number = findings.filter(({ severity }) => RANK[severity] === rank).length;
    return `${number} ${noun}${number === 1 || noun === 'info' ? '' : 's'}`;
  };
  const { rules, decoders, lists, isComplete } = result;
  if (!isComplete) {
    lines.push('this ruleset does not load: how rules act on each other was not checked');
  }
  const content = `${rules.length} rules, ${decoders.length} decoders, ${lists} lists`;
  lines.push(
    `${content}: ${count(RANK.error, 'error')}, ${count(RANK.warning, 'warning')}, ${count(RANK.info, 'info')}`,
  );
  return `${lines.join('\n')}\n`;
}

function formatWazuh5(report: Wazuh5Report, { isComplete }: LintResult): string {
  const percent = (part: number, all: number) => (all === 0 ? '0.0' : ((part / all) * 100).toFixed(1));
  const { rules, affectedRules, inexpressibleRules, decoders, affectedDecoders, lists } = report;
  const lines = [
    'What Wazuh 5 would drop of this ruleset (after the migration guide of its 5.0 beta; no rule is converted by itself)',
    '',
    `${affectedRules} of ${rules} rules (${percent(affectedRules, rules)} %) use something that is not there any more`,
    `${inexpressibleRules} of them (${percent(inexpressibleRules, rules)} %) something that no rewriting brings back: memory, lists, clock`,
    `${affectedDecoders} of ${decoders} decoders (${percent(affectedDecoders, decoders)} %)`,
    `${lists} lists: only decoders look things up`,
  ];
  if (!isComplete) lines.push('this ruleset does not load: only what could be read is counted');
  for (const [title, features] of [
    ['Rules', report.ruleFeatures],
    ['Decoders', report.decoderFeatures],
  ] as const) {
    const used = features.filter(({ users }) => users.length > 0);
    if (used.length === 0) continue;
    lines.push(
      '',
      title,
      ...used.map(({ name, note, users }) => `${String(users.length).padStart(7)}  ${name}: ${note}`),
    );
    lines.push(...used.flatMap(listUsers));
  }
  return `${lines.join('\n')}\n`;
}

function listUsers({ name, users }: DroppedFeature): string[] {
  const lines = ['', `${name}:`];
  const byFile = new Map<string, string[]>();
  for (const user of users) {
    const names = byFile.get(user.span.file) ?? [];
    names.push(`${printableText(user.name)}:${user.span.line}`);
    byFile.set(user.span.file, names);
  }
  for (const [file, names] of byFile) lines.push(`  ${file}: ${names.join(' ')}`);
  return lines;
}
