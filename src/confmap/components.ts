import type { z } from 'zod';
import { parseComponentId } from './component-id.ts';
import type { ConfiguredComponent } from './config.ts';
import { decode } from './decode.ts';
import type { ConfigDiagnostic } from './diagnostics.ts';
import { type ConfigNode, isNull, type MapEntry, placeOf } from './node.ts';
import { suggest } from './suggest.ts';

interface AnyFactory {
  readonly type: string;
  readonly schema: z.ZodType;
  validate?(config: unknown): string[];
}

/** What a section of the configuration gave. */
export interface DecodedSection<Factory> {
  /** Components without errors. */
  readonly components: Map<string, ConfiguredComponent<Factory>>;
  /** Every id that is written, also those with errors. */
  readonly ids: ReadonlyMap<string, MapEntry>;
}

/** Reads `receivers`, `processors`, `exporters` or `extensions`. */
export function decodeSection<Factory extends AnyFactory>(
  section: string,
  root: ConfigNode,
  factories: readonly Factory[],
  report: (diagnostic: ConfigDiagnostic) => void,
): DecodedSection<Factory> {
  const components = new Map<string, ConfiguredComponent<Factory>>();
  const node = root.kind === 'map' ? root.entries.get(section)?.value : undefined;
  if (node === undefined || isNull(node)) return { components, ids: new Map() };
  const error = (code: string, path: (string | number)[], message: string, help?: string) =>
    report({ severity: 'error', code, path, message, place: placeOf(root, path), help });
  if (node.kind !== 'map') {
    error('wrong-type', [section], 'expected a map of components by id');
    return { components, ids: new Map() };
  }
  const types = factories.map((factory) => factory.type);
  for (const [id, entry] of node.entries) {
    const path = [section, id];
    const parsed = parseComponentId(id);
    if (parsed === undefined) {
      error('component-id', path, 'an id is a type, or a type and a name: type/name');
      continue;
    }
    const factory = factories.find((candidate) => candidate.type === parsed.type);
    if (factory === undefined) {
      const like = suggest(parsed.type, types);
      const hint = like ? `; did you mean "${like}"?` : '';
      error(
        'unknown-component',
        path,
        `there is no ${singular(section)} "${parsed.type}"${hint}`,
        `built in: ${types.join(', ')}`,
      );
      continue;
    }
    const config = decode(factory.schema, entry.value, path, entry.place, report);
    if (config === undefined) continue;
    const problems = factory.validate?.(config) ?? [];
    for (const problem of problems) {
      const { inner, message } = splitProblem(problem);
      error('wrong-value', [...path, ...inner], message);
    }
    if (problems.length === 0) components.set(id, { id, factory, config });
  }
  return { components, ids: node.entries };
}

/** A factory's own check says `path.inside: message`. */
function splitProblem(problem: string): { inner: (string | number)[]; message: string } {
  const match = /^([A-Za-z_][\w./[\]-]*): (.*)$/s.exec(problem);
  if (match === null) return { inner: [], message: problem };
  const inner = match[1]
    .split(/[.[\]]/)
    .filter((part) => part !== '')
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  return { inner, message: match[2] };
}

export function singular(section: string): string {
  return section.replace(/s$/, '');
}
