import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compileRuleset } from '../../src/processor/ruleset/compile/compile.ts';
import type { Ruleset } from '../../src/processor/ruleset/compile/ruleset.ts';
import { formatDiagnostic } from '../../src/processor/ruleset/diagnostics.ts';
import { listFields, type Verdict } from '../../src/processor/ruleset/evaluate/verdict.ts';
import {
  differences,
  hasConformance,
  OSSEC,
  openSession,
  readJsonLines,
  shorten,
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

test.skipIf(!hasConformance)('small rulesets of OSSEC', { timeout: 120_000 }, () => {
  const tally = new Tally('ossec cases');
  for (const one of readJsonLines<Case>(join(OSSEC, 'cases', 'cases.jsonl'))) {
    const { ruleset, diagnostics } = compileCase(one);
    const complaints = diagnostics.map(formatDiagnostic).join(' | ');
    if (one.expect_load === 'fatal') {
      tally.add(!ruleset, () => `${one.id}: loads, but must not`);
    } else if (!ruleset) {
      tally.add(false, () => `${one.id}: does not load: ${complaints}`);
    } else {
      const found = runCase(one, ruleset);
      tally.add(found.length === 0, () => `${one.id}\n${shorten(found.join('\n'), 1200)}`);
    }
  }
  tally.report();
  expect(tally.right).toBe(tally.total);
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
    found.push(...differences(bytesOf(expected), actual).map((text) => `  log ${index}: ${text}`));
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
  for (const [name, value] of listFields(event, 'ossec')) fields[name] = value;
  const result: Record<string, unknown> = {
    program_name: event.programName,
    hostname: event.hostnameKnown ? event.hostname : undefined,
    decoder: event.decoderName,
    fields: golden.fields === undefined || golden.accumulated ? golden.fields : fields,
    log: event.log,
    alert: verdict.alert,
  };
  if (!rule) return golden.alert === undefined && !verdict.alert ? { ...result, alert: undefined } : result;
  return { ...result, rule: Number(rule.id), level: rule.level, description: verdict.description || undefined };
}

function compileCase(one: Case): ReturnType<typeof compileRuleset> {
  const file = (path: string) => ({
    path,
    name: path.slice(path.lastIndexOf('/') + 1),
    content: surrogateBytes(one.files[path]!),
  });
  const paths = Object.keys(one.files);
  return compileRuleset({
    dialect: 'ossec',
    compat: 'strict',
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
