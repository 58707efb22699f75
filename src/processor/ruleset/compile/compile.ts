import { createHash } from 'node:crypto';
import type { Diagnostic } from '../diagnostics.ts';
import type { SourceFile } from '../parse/ast.ts';
import { parseDecoderFile } from '../parse/decoder.ts';
import { parseRuleFile } from '../parse/rule.ts';
import type { CompileContext } from './context.ts';
import { compileDecoders } from './decoder-compiler.ts';
import { Expressions } from './expressions.ts';
import { listKey, readListText } from './lists.ts';
import { MemoryList } from './memory-list.ts';
import { finishRules } from './rule-finisher.ts';
import { loadRules } from './rule-loader.ts';
import type { Compat, Dialect, LookupList, Ruleset, RulesetSettings } from './ruleset.ts';
import { resolveSettings } from './settings.ts';

/** Everything that a ruleset is made of, as it was read; files stand in load order. */
export interface RulesetSource {
  readonly dialect: Dialect;
  readonly compat: Compat;
  readonly decoders: readonly SourceFile[];
  readonly rules: readonly SourceFile[];
  readonly lists: readonly ListSource[];
  readonly settings?: Partial<RulesetSettings>;
  /** Paths of decoder and rule files that stand on top of the user's own: a clash of ids is told apart there. */
  readonly addons?: readonly string[];
}

/** A list under the name that rules use; either its text, or a list that somebody else fills. */
export type ListSource =
  | { readonly name: string; readonly path: string; readonly content: string }
  | { readonly name: string; readonly list: LookupList };

export interface CompileResult {
  /** Undefined after a fatal diagnostic. */
  readonly ruleset?: Ruleset;
  readonly diagnostics: Diagnostic[];
}

/**
 * Compiles files into a ruleset. Never throws over what the files say: everything that the original complains about is a
 * diagnostic, and all files are read to the end.
 */
export function compileRuleset(source: RulesetSource): CompileResult {
  const { dialect, compat } = source;
  const settings = resolveSettings(dialect, source.settings);
  const diagnostics: Diagnostic[] = [];
  const limits = { orderSize: settings.decoderOrderSize };
  const decoderFiles = source.decoders.map((file) => parseDecoderFile(file, dialect, limits, diagnostics));
  const decodersIncomplete = decoderFiles.includes(undefined) || diagnostics.some(isFatal);
  const expressions = new Expressions(dialect, compat);
  const decoders = compileDecoders(decoderFiles.filter(isDefined), {
    dialect,
    compat,
    diagnostics,
    expressions,
    incomplete: decodersIncomplete,
  });
  const lists = registerLists(source.lists, dialect, diagnostics);
  const ruleFiles = source.rules.map((file) => parseRuleFile(file, dialect, limits, diagnostics));
  const addons = new Set(source.addons);
  const context: CompileContext = {
    dialect,
    compat,
    settings,
    diagnostics,
    expressions,
    lists,
    decoderIds: decoders.ids,
    isAddon: (path) => addons.has(path),
    incomplete: decodersIncomplete || diagnostics.some(isFatal),
  };
  const { tree, maxFrequency } = loadRules(ruleFiles.filter(isDefined), context);
  if (diagnostics.some(isFatal)) return { diagnostics };
  const { roots, rules } = finishRules(tree, context);
  if (diagnostics.some(isFatal)) return { diagnostics };
  const ruleset: Ruleset = {
    dialect,
    compat,
    decoders,
    roots,
    rules,
    lists,
    memoryMaxAge: maxFrequency,
    settings,
    fingerprint: fingerprintOf(source),
  };
  return { ruleset, diagnostics };
}

function isFatal(diagnostic: Diagnostic): boolean {
  return diagnostic.severity === 'fatal';
}

function isDefined<T>(value: T | undefined): value is T {
  return value !== undefined;
}

function registerLists(
  sources: readonly ListSource[],
  dialect: Dialect,
  diagnostics: Diagnostic[],
): Map<string, LookupList> {
  const lists = new Map<string, LookupList>();
  for (const source of sources) {
    const name = listKey(source.name);
    if (lists.has(name)) {
      const help = 'Remove one of them; the first one counts.';
      diagnostics.push({ severity: 'info', code: 'list-duplicate', message: `list ${name} is configured twice`, help });
    } else if ('list' in source) {
      lists.set(name, source.list);
    } else {
      const { entries, diagnostics: found } = readListText(source.path, source.content, dialect);
      diagnostics.push(...found);
      lists.set(name, new MemoryList(name, entries));
    }
  }
  return lists;
}

/** Of what decides: dialect, files in their order, names of the lists (their content changes while it runs). */
function fingerprintOf(source: RulesetSource): string {
  const hash = createHash('sha256');
  hash.update(`${source.dialect}\0${source.compat}\0`);
  for (const files of [source.decoders, source.rules]) {
    for (const { name, content } of files) {
      hash.update(`${name}\0${content.length}\0`, 'latin1');
      hash.update(content, 'latin1');
    }
    hash.update('\0');
  }
  for (const { name } of source.lists) hash.update(`${name}\0`);
  return hash.digest('hex').slice(0, 32);
}
