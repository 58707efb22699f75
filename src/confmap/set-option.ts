import type { ConfigDiagnostic, Place } from './diagnostics.ts';
import type { ConfigNode } from './node.ts';
import { parseYaml } from './parse-yaml.ts';

export interface ParsedOption {
  readonly root?: ConfigNode;
  readonly diagnostics: readonly ConfigDiagnostic[];
}

/**
 * One `--set a.b.c=value`: a configuration of its own with a single path. The value is YAML (`5s`, `[a, b]`); where a key
 * itself holds a dot, `::` separates instead.
 */
export function parseSetOption(
  option: string,
  index: number,
  env: Readonly<Record<string, string | undefined>>,
): ParsedOption {
  const file = `--set ${index + 1}`;
  const place: Place = { file, line: 1, column: 1 };
  const equals = option.indexOf('=');
  const name = equals < 0 ? option : option.slice(0, equals);
  const path = name.split(name.includes('::') ? '::' : '.');
  if (equals < 0 || path.some((part) => part === '')) {
    const message = `"${name}" is no setting; write it as receivers.command.interval=5m`;
    return { diagnostics: [{ severity: 'error', code: 'set-option', path: [], message, place }] };
  }
  const { root, diagnostics } = parseYaml(option.slice(equals + 1), file, env);
  const empty = option.slice(equals + 1).trim() === '';
  const value: ConfigNode = empty ? { kind: 'scalar', place, value: null } : root;
  const nested = path.reduceRight<ConfigNode>(
    (inner, part) => ({ kind: 'map', place, entries: new Map([[part, { place, value: inner }]]) }),
    value,
  );
  return { root: nested, diagnostics: diagnostics.map((found) => ({ ...found, path: [...path, ...found.path] })) };
}
