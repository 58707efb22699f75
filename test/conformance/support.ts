import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { expect } from 'vitest';
import { compileRuleset, type ListSource } from '../../src/processor/ruleset/compile/compile.ts';
import type { Compat, Ruleset } from '../../src/processor/ruleset/compile/ruleset.ts';
import { formatDiagnostic } from '../../src/processor/ruleset/diagnostics.ts';
import { createEngine, type Engine } from '../../src/processor/ruleset/evaluate/engine.ts';
import { EngineState } from '../../src/processor/ruleset/evaluate/state.ts';
import type { Verdict } from '../../src/processor/ruleset/evaluate/verdict.ts';
import type { SourceFile } from '../../src/processor/ruleset/parse/ast.ts';

/** The real engines' answers; beside the project, not in it. */
export const CONFORMANCE = fileURLToPath(new URL('../../../shared/conformance', import.meta.url));
export const hasConformance = existsSync(CONFORMANCE);
if (!hasConformance) console.log('conformance: skipped, ../shared/conformance is not there');

export const WAZUH = join(CONFORMANCE, 'wazuh-4.14.7');
export const OSSEC = join(CONFORMANCE, 'ossec-4.3.0');

const WAZUH_LISTS = [
  'etc/lists/audit-keys',
  'etc/lists/amazon/aws-eventnames',
  'etc/lists/security-eventchannel',
  'etc/lists/malicious-ioc/malware-hashes',
  'etc/lists/malicious-ioc/malicious-ip',
  'etc/lists/malicious-ioc/malicious-domains',
];
const EXCLUDED = '0215-policy_rules.xml';

export function readSource(path: string): SourceFile {
  return { path, name: basename(path), content: readFileSync(path, 'latin1') };
}

export function xmlFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.xml'))
    .map((name) => join(folder, name));
}

export interface WazuhOptions {
  readonly compat?: Compat;
  /** Files on top of the stock ones. */
  readonly decoders?: readonly SourceFile[];
  readonly rules?: readonly SourceFile[];
  /** Base names of stock files that are left out. */
  readonly exclude?: readonly string[];
  readonly lists?: readonly ListSource[];
}

/** The stock Wazuh ruleset as its stock configuration loads it. */
export function compileWazuh(options: WazuhOptions = {}): Ruleset {
  const exclude = new Set([EXCLUDED, ...(options.exclude ?? [])]);
  const home = join(WAZUH, 'home');
  const stock = (folder: string) =>
    xmlFiles(join(home, 'ruleset', folder))
      .filter((path) => !exclude.has(basename(path)))
      .map(readSource);
  const lists: ListSource[] = WAZUH_LISTS.map((name) => ({
    name,
    path: name,
    content: readFileSync(join(home, name), 'latin1'),
  }));
  return compileOrThrow({
    dialect: 'wazuh',
    compat: options.compat ?? 'strict',
    decoders: byName([...stock('decoders'), ...(options.decoders ?? [])]),
    rules: byName([...stock('rules'), ...(options.rules ?? [])]),
    lists: [...lists, ...(options.lists ?? [])],
  });
}

/** The stock OSSEC ruleset in its own order. */
export function compileOssec(compat: Compat = 'strict'): Ruleset {
  const etc = join(OSSEC, 'home', 'etc');
  const order = readFileSync(join(OSSEC, 'home', 'rule-order.txt'), 'utf8')
    .split(/\s+/)
    .filter(Boolean);
  return compileOrThrow({
    dialect: 'ossec',
    compat,
    decoders: [readSource(join(etc, 'decoder.xml'))],
    rules: order.map((name) => readSource(join(etc, 'rules', name))),
    lists: [],
  });
}

/** Files of all directories sorted by base name, in byte order. */
export function byName(files: readonly SourceFile[]): SourceFile[] {
  return [...files].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function compileOrThrow(source: Parameters<typeof compileRuleset>[0]): Ruleset {
  const { ruleset, diagnostics } = compileRuleset(source);
  if (ruleset) return ruleset;
  const fatal = diagnostics.filter(({ severity }) => severity === 'fatal');
  throw new Error(fatal.map(formatDiagnostic).join('\n'));
}

export interface Session {
  readonly engine: Engine;
  /** Runs one line; the time is in epoch seconds. */
  send(log: string, time: number, location?: string): Verdict;
}

export interface SessionOptions {
  readonly hostname?: string;
  readonly mode?: 'live' | 'session';
}

/** Both faces of the engine; `default` differs where the compatibility page says so. */
export const COMPATS: readonly Compat[] = ['strict', 'default'];

/** A fresh session, as logtest has it: everything is trusted, zone UTC. */
export function openSession(ruleset: Ruleset, options: SessionOptions = {}): Session {
  const engine = createEngine(ruleset, new EngineState(), {
    mode: options.mode ?? 'session',
    hostname: options.hostname ?? 'own-host',
    localTime: utcTime,
  });
  return {
    engine,
    send: (log, time, location = 'stdin') =>
      engine.evaluate({ log, location, queue: '1', timeMs: time * 1000, trusted: true }),
  };
}

export function utcTime(timeMs: number): { minutes: number; weekday: number } {
  const date = new Date(timeMs);
  return { minutes: date.getUTCHours() * 60 + date.getUTCMinutes(), weekday: date.getUTCDay() };
}

/** A string of goldens: text, or `{"b64": ...}` where it is no UTF-8. */
export type GoldenText = string | { readonly b64: string };

export function goldenBytes(text: GoldenText): string {
  if (typeof text === 'object') return Buffer.from(text.b64, 'base64').toString('latin1');
  return toBytes(text);
}

export function toBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** Of OSSEC cases: byte 0xNN that is no UTF-8 stands as the lone surrogate U+DCNN. */
export function surrogateBytes(text: string): string {
  let out = '';
  for (const character of text) {
    const code = character.codePointAt(0)!;
    out += code >= 0xdc80 && code <= 0xdcff ? String.fromCharCode(code - 0xdc00) : toBytes(character);
  }
  return out;
}

export function readJsonLines<T>(path: string): T[] {
  const raw = readFileSync(path);
  const text = (path.endsWith('.gz') ? gunzipSync(raw) : raw).toString('utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}

/** The lines of a real log, as bytes. */
export function readLogLines(path: string): string[] {
  const lines = readFileSync(path, 'latin1').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** Counts what is equal, and keeps the names and first explanations of what is not. */
export class Tally {
  readonly name: string;
  total = 0;
  readonly wrong = new Set<string>();
  readonly #explanations: string[] = [];

  constructor(name: string) {
    this.name = name;
  }

  get right(): number {
    return this.total - this.wrong.size;
  }

  /** `name` is unique within the suite. */
  add(name: string, found: readonly string[]): void {
    this.total++;
    if (found.length === 0) return;
    this.wrong.add(name);
    if (this.#explanations.length < 20) this.#explanations.push(shorten(`${name}\n  ${found.join('\n  ')}`, 1500));
  }

  /** Prints `N of N`, fails unless exactly the `expected` names differ. */
  finish(expected: readonly string[] = []): void {
    const allowed = expected.length > 0 ? `, ${expected.length} differ on purpose` : '';
    console.log(`conformance ${this.name}: ${this.right} of ${this.total}${allowed}`);
    const surprises = [...this.wrong].filter((name) => !expected.includes(name));
    if (surprises.length > 0) console.log(this.#explanations.join('\n'));
    expect([...this.wrong].sort()).toEqual([...expected].sort());
  }
}

/** The keys in which two results differ, with both values. */
export function differences(
  expected: Readonly<Record<string, unknown>>,
  actual: Readonly<Record<string, unknown>>,
): string[] {
  const found: string[] = [];
  for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
    const want = canonical(expected[key]);
    const got = canonical(actual[key]);
    if (want !== got) found.push(`${key}: expected ${shorten(want)}, got ${shorten(got)}`);
  }
  return found;
}

/** Equal for equal values, whatever the order of object keys. */
export function canonical(value: unknown): string {
  if (value === undefined || value === null) return 'none';
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value === 'object') {
    const entries = Object.entries(value as Record<string, unknown>);
    return `{${entries
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`)
      .join(',')}}`;
  }
  return JSON.stringify(value) ?? 'none';
}

export const shorten = (text: string, length = 300): string =>
  text.length > length ? `${text.slice(0, length)}...` : text;
