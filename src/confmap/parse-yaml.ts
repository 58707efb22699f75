import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  parseDocument,
  Scalar,
  type YAMLMap,
} from 'yaml';
import type { ConfigDiagnostic, Place } from './diagnostics.ts';
import { type ConfigNode, emptyMap, type MapEntry, type ScalarNode } from './node.ts';
import { resolvePlain, substitute } from './substitute.ts';

/** More than any configuration needs, and little enough that aliases of aliases cannot fill the memory. */
const MAX_NODES = 100_000;
const MAX_DEPTH = 64;
const MAX_MESSAGE = 500;
const MAX_BYTES = 8 * 1024 * 1024;

export interface ParsedYaml {
  readonly root: ConfigNode;
  readonly diagnostics: readonly ConfigDiagnostic[];
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads one YAML document (1.2, with aliases and `<<`) and puts the environment's values in; keeps every place. */
export function parseYaml(text: string, file: string, env: Environment): ParsedYaml {
  const reader = new Reader(file, env);
  return { root: reader.read(text), diagnostics: reader.diagnostics };
}

/** The one mistake that YAML itself cannot explain: a reference inside `{ }` or `[ ]` without quotes. */
function helpFor(text: string, offset: number): string | undefined {
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset + 1);
  return /\$\{?$/.test(line) ? `inside { } and [ ] a \${...} needs quotes: "\${env:NAME}"` : undefined;
}

/** Some messages quote what they are about, whatever its size. */
function shorten(message: string): string {
  return message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}...` : message;
}

class TooBig extends Error {}

class Reader {
  readonly diagnostics: ConfigDiagnostic[] = [];
  readonly #file: string;
  readonly #env: Environment;
  readonly #lines = new LineCounter();
  #document: Document.Parsed | undefined;
  #nodes = 0;
  #path: (string | number)[] = [];

  constructor(file: string, env: Environment) {
    this.#file = file;
    this.#env = env;
  }

  read(text: string): ConfigNode {
    const start: Place = { file: this.#file, line: 1, column: 1 };
    if (Buffer.byteLength(text) > MAX_BYTES) {
      this.#report('error', 'yaml-too-big', `the file is larger than ${MAX_BYTES} bytes`, start);
      return emptyMap(start);
    }
    try {
      const document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
      this.#document = document;
      // What a parser says after the first error is mostly about the error, and dozens of lines of it.
      const [error] = document.errors;
      // The parser is recursive, and may take a stack that is used up for an error of the text.
      if (error?.message.startsWith('Maximum call stack')) throw new TooBig('the file is nested too deeply');
      if (error) {
        const [offset] = error.pos;
        this.#report('error', 'yaml-syntax', shorten(error.message), this.#at(offset), helpFor(text, offset));
      }
      for (const warning of document.warnings) {
        this.#report('warning', 'yaml-syntax', shorten(warning.message), this.#at(warning.pos[0]));
      }
      if (document.errors.length > 0 || document.contents === null) return emptyMap(start);
      return this.#convert(document.contents, 0);
    } catch (error) {
      if (error instanceof TooBig) this.#report('error', 'yaml-too-big', error.message, start);
      else if (error instanceof RangeError)
        this.#report('error', 'yaml-too-big', 'the file is nested too deeply', start);
      else throw error;
      return emptyMap(start);
    }
  }

  #convert(node: ParsedNode | null, depth: number): ConfigNode {
    const place = this.#at(node?.range[0] ?? 0);
    this.#nodes += 1;
    if (this.#nodes > MAX_NODES) throw new TooBig(`more than ${MAX_NODES} values (are there aliases of aliases?)`);
    if (depth > MAX_DEPTH) throw new TooBig(`nested more than ${MAX_DEPTH} deep`);
    if (node === null) return { kind: 'scalar', place, value: null };
    if (isAlias(node)) return this.#convertAlias(node, depth, place);
    if (isMap(node)) return this.#convertMap(node as YAMLMap.Parsed, depth, place);
    if (isSeq(node)) {
      const items = node.items.map((item, index) =>
        this.#inside(index, () => this.#convert(item as ParsedNode, depth + 1)),
      );
      return { kind: 'sequence', place, items };
    }
    return this.#convertScalar(node as Scalar.Parsed, place);
  }

  #convertAlias(node: ParsedNode, depth: number, place: Place): ConfigNode {
    const target = isAlias(node) && this.#document ? node.resolve(this.#document) : undefined;
    if (target === undefined) {
      this.#report('error', 'yaml-syntax', 'alias of an anchor that is not there', place);
      return { kind: 'scalar', place, value: null };
    }
    return this.#convert(target as ParsedNode, depth + 1);
  }

  #convertMap(node: YAMLMap.Parsed, depth: number, place: Place): ConfigNode {
    const entries = new Map<string, MapEntry>();
    const merged: ConfigNode[] = [];
    for (const { key, value } of node.items) {
      const keyPlace = this.#at(key.range[0]);
      const name = isScalar(key) ? String(key.value ?? '') : undefined;
      if (name === undefined) this.#report('error', 'yaml-key', 'a key must be plain text', keyPlace);
      else if (name === '<<') merged.push(this.#convert(value, depth + 1));
      else entries.set(name, { place: keyPlace, value: this.#inside(name, () => this.#convert(value, depth + 1)) });
    }
    for (const source of merged) this.#mergeInto(entries, source);
    return { kind: 'map', place, entries };
  }

  /** `<<`: keys of the map itself win, then those of the earlier merged map. */
  #mergeInto(entries: Map<string, MapEntry>, source: ConfigNode): void {
    if (source.kind === 'sequence') for (const item of source.items) this.#mergeInto(entries, item);
    else if (source.kind === 'map') {
      for (const [key, entry] of source.entries) if (!entries.has(key)) entries.set(key, entry);
    } else this.#report('error', 'yaml-key', '<< needs a map', source.place);
  }

  #convertScalar(node: Scalar.Parsed, place: Place): ScalarNode {
    const value = node.value as unknown;
    if (typeof value === 'string') return { kind: 'scalar', place, value: this.#substituted(value, node, place) };
    if (value === null || typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') {
      // A long number (an account, a token) must not change its digits: it stays text.
      if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
        return { kind: 'scalar', place, value: node.source };
      }
      return { kind: 'scalar', place, value };
    }
    this.#report('error', 'yaml-value', 'a value of this kind has no meaning here', place);
    return { kind: 'scalar', place, value: null };
  }

  #substituted(text: string, node: Scalar.Parsed, place: Place): ScalarNode['value'] {
    const { text: result, changed, missing, error } = substitute(text, this.#env);
    if (error !== undefined) {
      this.#report('error', 'env-reference', error, place, 'a literal dollar sign is written $$');
    }
    for (const name of missing) {
      const help = `give a default (\${env:${name}:-...}), or write $\${${name}} if the text itself is meant`;
      this.#report('warning', 'env-unset', `the environment variable ${name} is not set`, place, help);
    }
    // Only an unquoted text changes its type: "${env:PORT}" in quotes stays text, as a quoted number would.
    return changed && node.type === Scalar.PLAIN ? resolvePlain(result) : result;
  }

  #inside<T>(part: string | number, work: () => T): T {
    this.#path.push(part);
    try {
      return work();
    } finally {
      this.#path.pop();
    }
  }

  #at(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { file: this.#file, line: Math.max(line, 1), column: Math.max(col, 1) };
  }

  #report(severity: 'error' | 'warning', code: string, message: string, place: Place, help?: string): void {
    this.diagnostics.push({ severity, code, message, place, path: [...this.#path], help });
  }
}
