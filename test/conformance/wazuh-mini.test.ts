import { join } from 'node:path';
import { describe, test } from 'vitest';
import { compileRuleset } from '../../src/processor/ruleset/compile/compile.ts';
import type { Compat, Ruleset } from '../../src/processor/ruleset/compile/ruleset.ts';
import { formatDiagnostic } from '../../src/processor/ruleset/diagnostics.ts';
import { splitGroups } from '../../src/processor/ruleset/evaluate/logtest-json.ts';
import { listFields, type Verdict } from '../../src/processor/ruleset/evaluate/verdict.ts';
import type { SourceFile } from '../../src/processor/ruleset/parse/ast.ts';
import {
  byName,
  COMPATS,
  differences,
  type GoldenText,
  goldenBytes,
  hasConformance,
  openSession,
  readJsonLines,
  Tally,
  WAZUH,
} from './support.ts';

interface Case {
  readonly id: string;
  readonly files: Readonly<Record<string, GoldenText>>;
  readonly config?: {
    readonly lists?: readonly string[];
    readonly log_alert_level?: number;
    readonly email_alert_level?: number;
    readonly memory_size?: number;
    readonly ruleset?: string;
  };
  readonly logs?: readonly GoldenText[];
  readonly times?: readonly number[];
  readonly location?: GoldenText;
  readonly locations?: readonly GoldenText[];
  readonly expect_load: 'ok' | 'warning' | 'fatal';
  readonly rules_loaded?: readonly number[];
  readonly expect?: readonly Golden[];
}

interface Golden {
  readonly [key: string]: unknown;
  readonly trace?: readonly string[];
}

const cases = hasConformance ? readJsonLines<Case>(join(WAZUH, 'mini', 'mini.jsonl.gz')) : [];

/** Cases that the default decides otherwise on purpose, by reason. */
const LOAD_DIFFERENCES: readonly string[] = [
  // A ruleset needs no decoders.
  'decoder.misc.no-decoders',
];
const DIFFERENCES: readonly string[] = [
  // IPv4 and IPv6 addresses are told apart; an IPv4-mapped address is the IPv4 address.
  'cond.srcip.cidr24-hostbits',
  'cond.srcip.cidr31',
  'cond.srcip.cidr32',
  'cond.srcip.cidr8',
  'cond.srcip.exact',
  'cond.srcip.negate-first-of-two',
  'cond.srcip.negate-last-of-two',
  'cond.srcip.netmask',
  'cond.srcip.type-attr',
  'cond.srcip.v4mapped',
  'cond.srcip.v6',
  'cond.srcip.v6-various',
  // address_match_key_value holds where the value matches, not where it does not.
  'list.address.value-alt',
  'list.address.value-neg',
  'list.address.value-none',
  'list.address.value-one',
  'list.address.value-priv',
  'random-list.000',
  'random-list.001',
  'random-list.002',
  'random-list.007',
  'random-list.014',
  'random-list.017',
  'random-list.029',
  'random-list.030',
  'random-list.047',
  // Hosts have quotas of past events, instead of a number for all hosts together; what is too old leaves first.
  'correlation.memory.purge',
  // All lists of a rule count, not only the last two.
  'list.several.3',
  'list.several.4',
];

const onlyDefault = (compat: Compat, names: readonly string[]) => (compat === 'default' ? names : []);

describe.skipIf(!hasConformance)('small rulesets', () => {
  test.each(COMPATS)('load verdict and rules, %s', { timeout: 120_000 }, (compat) => {
    const tally = new Tally(`wazuh mini load, ${compat}`);
    for (const one of cases) {
      const { ruleset, diagnostics } = compileCase(one, compat);
      const complaints = diagnostics.filter(({ severity }) => severity === 'warning' || severity === 'error');
      const warned = complaints.length > 0 || namesMissingFile(one);
      const verdict = !ruleset ? 'fatal' : warned ? 'warning' : 'ok';
      const loaded = ruleset && one.rules_loaded ? loadedIds(ruleset) : undefined;
      const expected = one.rules_loaded && [...one.rules_loaded].sort((a, b) => a - b);
      const found = differences({ load: one.expect_load, loaded: expected }, { load: verdict, loaded });
      tally.add(one.id, found.length === 0 ? found : [...found, ...diagnostics.map(formatDiagnostic)]);
    }
    tally.finish(onlyDefault(compat, LOAD_DIFFERENCES));
  });

  test.each(COMPATS)('decisions, %s', { timeout: 120_000 }, (compat) => {
    const tally = new Tally(`wazuh mini, ${compat}`);
    for (const one of cases) {
      if (!one.expect || !one.logs) continue;
      const { ruleset, diagnostics } = compileCase(one, compat);
      tally.add(one.id, ruleset ? runCase(one, ruleset) : ['does not load', ...diagnostics.map(formatDiagnostic)]);
    }
    tally.finish(onlyDefault(compat, DIFFERENCES));
  });
});

function runCase(one: Case, ruleset: Ruleset): string[] {
  const session = openSession(ruleset, { hostname: 'manager' });
  const found: string[] = [];
  for (const [index, log] of one.logs!.entries()) {
    const text = goldenBytes(log);
    const location = goldenBytes(one.locations?.[index] ?? one.location ?? 'stdin');
    const golden = one.expect![index]!;
    const trace: string[] = [];
    session.engine.trace({
      tried: (rule) => trace.push(`Trying rule: ${rule.id} - ${rule.description.raw}`),
      tested(rule, failed) {
        if (failed !== undefined) return;
        trace.push(`*Rule ${rule.id} matched`);
        if (rule.children.length > 0) trace.push('*Trying child rules');
      },
    });
    const verdict = session.send(text, one.times?.[index] ?? 1_700_000_000, location);
    const actual = resultOf(verdict, text, location);
    if (golden.trace) actual.trace = trace;
    const { alert_json: _alertJson, ...expected } = golden;
    found.push(...differences(bytesOf(expected), actual).map((difference) => `log ${index}: ${difference}`));
  }
  return found;
}

/** The golden's texts as bytes, so that all are comparable. */
function bytesOf(golden: Golden): Record<string, unknown> {
  const convert = (value: unknown): unknown => {
    if (typeof value === 'string') return goldenBytes(value);
    if (Array.isArray(value)) return value.map(convert);
    if (typeof value !== 'object' || value === null) return value;
    if ('b64' in value && typeof value.b64 === 'string') return goldenBytes({ b64: value.b64 });
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [keyBytes(key), convert(item)]));
  };
  return convert(golden) as Record<string, unknown>;
}

function keyBytes(key: string): string {
  return key.startsWith('b64:') ? Buffer.from(key.slice(4), 'base64').toString('latin1') : goldenBytes(key);
}

function resultOf(verdict: Verdict, line: string, givenLocation: string): Record<string, unknown> {
  if (verdict.error) return { error: verdict.error };
  const { event, rule } = verdict;
  const fields: Record<string, string> = Object.create(null);
  const repeated: [string, string][] = [];
  for (const [name, value] of listFields(event, 'wazuh')) {
    if (name in fields) repeated.push([name, value]);
    else fields[name] = value;
  }
  const result: Record<string, unknown> = {
    decoder: event.decoderName,
    parent: event.decoderParent,
    type: event.category === 'syslog' ? undefined : event.category,
    fields,
    dup_fields: repeated.length > 0 ? repeated : undefined,
    program_name: event.programName,
    hostname: event.hostnameKnown ? event.hostname : undefined,
    timestamp: event.timestamp,
    message: event.log === line || event.forwardedRule !== undefined ? undefined : event.log,
    agent: event.agentId === '000' ? undefined : event.agentId,
    location: event.location === givenLocation ? undefined : event.location,
    alert: verdict.alert,
    previous: event.previous.length > 0 ? event.previous : undefined,
    previous_log: event.previousLog,
  };
  if (verdict.logged !== verdict.alert) result.logged = verdict.logged;
  if (!rule) return result;
  return {
    ...result,
    rule: Number(rule.id),
    level: rule.level,
    description: verdict.description,
    groups: splitGroups(rule.groupText),
    firedtimes: verdict.firedtimes,
    mitre: rule.mitre?.id,
  };
}

function compileCase(one: Case, compat: Compat): ReturnType<typeof compileRuleset> {
  const { config } = one;
  return compileRuleset({
    dialect: 'wazuh',
    compat,
    ...filesOf(one),
    lists: (config?.lists ?? []).flatMap((name) => {
      const content = one.files[name.replace(/^etc\//, '').replace(/\.cdb$/, '')];
      return content === undefined ? [] : [{ name, path: name, content: goldenBytes(content) }];
    }),
    settings: {
      ...(config?.log_alert_level === undefined ? {} : { alertLevel: config.log_alert_level }),
      ...(config?.email_alert_level === undefined ? {} : { emailLevel: config.email_alert_level }),
      ...(config?.memory_size === undefined ? {} : { memorySize: config.memory_size }),
    },
  });
}

/** Which files a `<ruleset>` section names: directories with their pattern, and single files. */
function filesOf(one: Case): { decoders: SourceFile[]; rules: SourceFile[] } {
  const section = one.config?.ruleset ?? '<decoder_dir>etc/decoders</decoder_dir><rule_dir>etc/rules</rule_dir>';
  const pick = (kind: 'decoder' | 'rule') => {
    const paths = new Set<string>();
    const element = new RegExp(`<${kind}_(dir|include)(?: pattern="([^"]*)")?>([^<]*)<`, 'g');
    for (const [, what, pattern = '.xml$', path = ''] of section.matchAll(element)) {
      const suffix = pattern.replace(/\$$/, '');
      for (const name of Object.keys(one.files)) {
        const full = `etc/${name}`;
        if (what === 'include' ? full === path : full.startsWith(`${path}/`) && full.endsWith(suffix)) paths.add(full);
      }
    }
    const files = [...paths].map((path) => ({
      path,
      name: path.slice(path.lastIndexOf('/') + 1),
      content: goldenBytes(one.files[path.slice(4)]!),
    }));
    return byName(files);
  };
  return { decoders: pick('decoder'), rules: pick('rule') };
}

/** Files that cannot be opened are the loader's to complain about, which is not asked here. */
function namesMissingFile({ config, files }: Case): boolean {
  const included = (config?.ruleset ?? '').matchAll(/_include>etc\/([^<]*)</g);
  return [...included].some(([, name = '']) => !(name in files));
}

function loadedIds(ruleset: Ruleset): number[] {
  const ids = [...ruleset.rules.keys()].map(Number);
  return ids.filter((id) => id < 1 || id > 7).sort((a, b) => a - b);
}
