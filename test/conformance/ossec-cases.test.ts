import { join } from 'node:path';
import { describe, test } from 'vitest';
import { compileRuleset } from '../../src/processor/ruleset/compile/compile.ts';
import type { Compat, Ruleset } from '../../src/processor/ruleset/compile/ruleset.ts';
import { formatDiagnostic } from '../../src/processor/ruleset/diagnostics.ts';
import { listCaptures, type Verdict } from '../../src/processor/ruleset/evaluate/verdict.ts';
import {
  COMPATS,
  differences,
  hasConformance,
  OSSEC,
  openSession,
  readJsonLines,
  surrogateBytes,
  Tally,
} from './support.ts';

interface Case {
  readonly id: string;
  readonly files: Readonly<Record<string, string>>;
  readonly config?: { readonly log_alert_level?: number };
  readonly logs?: readonly string[];
  readonly times?: readonly number[];
  readonly location?: string;
  readonly locations?: readonly string[];
  readonly engine?: 'daemon';
  readonly expect_load?: 'fatal';
  readonly expect?: readonly Golden[];
}

interface Golden {
  readonly [key: string]: unknown;
  readonly skipped?: boolean;
  readonly accumulated?: boolean;
}

const NOW = 1_767_614_400;

/** Cases that the default decides otherwise on purpose, by reason. */
const DIFFERENCES: readonly string[] = [
  // A line of one byte is an event.
  'control.one-char-line-skipped',
  'xml.var-unknown-before-first',
  // Two equal lines are two events.
  'daemon.repeat-filter-last-three',
  // A child takes its parent's name whatever other decoders there are.
  'decoder.no-name-change-when-all-have-program',
  // All lists of a rule count, not only the last two.
  'list.three-lists-first-lost',
];

describe.skipIf(!hasConformance)('small rulesets of OSSEC', () => {
  test.each(COMPATS)('%s', { timeout: 120_000 }, (compat) => {
    const tally = new Tally(`ossec cases, ${compat}`);
    for (const one of readJsonLines<Case>(join(OSSEC, 'cases', 'cases.jsonl'))) {
      const { ruleset, diagnostics } = compileCase(one, compat);
      if (one.expect_load === 'fatal') tally.add(one.id, ruleset ? ['loads, but must not'] : []);
      else tally.add(one.id, ruleset ? runCase(one, ruleset) : ['does not load', ...diagnostics.map(formatDiagnostic)]);
    }
    tally.finish(compat === 'default' ? DIFFERENCES : []);
  });
});

function runCase(one: Case, ruleset: Ruleset): string[] {
  const session = openSession(ruleset, { mode: one.engine === 'daemon' ? 'live' : 'session' });
  const found: string[] = [];
  for (const [index, log] of (one.logs ?? []).entries()) {
    const location = surrogateBytes(one.locations?.[index] ?? one.location ?? 'stdin');
    const verdict = session.send(surrogateBytes(log), one.times?.[index] ?? NOW, location);
    const golden = one.expect![index]!;
    const actual = one.engine === 'daemon' ? daemonResult(verdict) : resultOf(verdict, golden);
    const { accumulated: _accumulated, ...expected } = golden;
    found.push(...differences(bytesOf(expected), actual).map((text) => `log ${index}: ${text}`));
  }
  return found;
}

function bytesOf(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const convert = (item: unknown): unknown => {
    if (typeof item === 'string') return surrogateBytes(item);
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return item;
    return Object.fromEntries(Object.entries(item).map(([key, inner]) => [key, convert(inner)]));
  };
  return convert(value) as Record<string, unknown>;
}

/** Of the daemon only alerts are known. */
function daemonResult(verdict: Verdict): Record<string, unknown> {
  if (!verdict.alert || !verdict.rule) return { alert: false };
  const { rule, description } = verdict;
  return { rule: Number(rule.id), level: rule.level, description, alert: true };
}

function resultOf(verdict: Verdict, golden: Golden): Record<string, unknown> {
  if (verdict.dropped === 'too-short') return { skipped: true };
  const { event, rule } = verdict;
  const fields: Record<string, string> = {};
  for (const [name, value] of listCaptures(event)) fields[name] = value;
  const result: Record<string, unknown> = {
    program_name: event.programName,
    hostname: event.hostnameKnown ? event.hostname : undefined,
    decoder: event.decoderName,
    fields: golden.fields === undefined && Object.keys(fields).length === 0 ? undefined : fields,
    log: event.log,
    alert: verdict.alert,
  };
  if (!rule) return golden.alert === undefined && !verdict.alert ? { ...result, alert: undefined } : result;
  return { ...result, rule: Number(rule.id), level: rule.level, description: verdict.description || undefined };
}

function compileCase(one: Case, compat: Compat): ReturnType<typeof compileRuleset> {
  const file = (path: string) => ({
    path,
    name: path.slice(path.lastIndexOf('/') + 1),
    content: surrogateBytes(one.files[path]!),
  });
  const paths = Object.keys(one.files);
  return compileRuleset({
    dialect: 'ossec',
    compat,
    decoders: paths.filter((path) => path.startsWith('decoders')).map(file),
    rules: paths
      .filter((path) => path.startsWith('rules/'))
      .sort()
      .map(file),
    lists: paths
      .filter((path) => path.startsWith('lists/'))
      .map((path) => ({ name: path, path, content: surrogateBytes(one.files[path]!) })),
    settings: one.config?.log_alert_level === undefined ? {} : { alertLevel: one.config.log_alert_level },
  });
}
