import { parseComponentId } from './component-id.ts';
import { singular } from './components.ts';
import type { ConfigDiagnostic } from './diagnostics.ts';
import { type ConfigNode, type MapEntry, placeOf } from './node.ts';
import type { ServiceConfig } from './service.ts';
import { suggest } from './suggest.ts';

const SECTIONS = ['receivers', 'processors', 'exporters'] as const;
type Section = (typeof SECTIONS)[number] | 'extensions';

/** Checks that what the service names is there, once, and that what is there is used. */
export function checkService(
  service: ServiceConfig,
  root: ConfigNode,
  defined: Readonly<Record<Section, ReadonlyMap<string, MapEntry>>>,
  report: (diagnostic: ConfigDiagnostic) => void,
): void {
  const used: Record<Section, Set<string>> = {
    receivers: new Set(),
    processors: new Set(),
    exporters: new Set(),
    extensions: new Set(),
  };
  const error = (code: string, path: (string | number)[], message: string, help?: string) =>
    report({ severity: 'error', code, path, message, place: placeOf(root, path), help });

  const checkList = (section: Section, ids: readonly string[], path: (string | number)[]) => {
    ids.forEach((id, index) => {
      const place = [...path, index];
      if (ids.indexOf(id) !== index) error('duplicate-reference', place, `"${id}" is listed twice`);
      used[section].add(id);
      if (defined[section].has(id)) return;
      const like = suggest(id, defined[section].keys());
      const hint = like ? `; did you mean "${like}"?` : '';
      const help = like ? undefined : `add \`${id}:\` under \`${section}:\``;
      error('unknown-reference', place, `there is no ${singular(section)} "${id}" in this configuration${hint}`, help);
    });
  };

  checkList('extensions', service.extensions, ['service', 'extensions']);
  for (const [id, pipeline] of Object.entries(service.pipelines)) {
    const path = ['service', 'pipelines', id];
    if (parseComponentId(id)?.type !== 'logs') {
      error('pipeline-signal', path, 'only logs flow here; a pipeline is called logs or logs/name');
    }
    for (const section of SECTIONS) checkList(section, pipeline[section], [...path, section]);
  }
  if (Object.keys(service.pipelines).length === 0) {
    error(
      'no-pipeline',
      ['service', 'pipelines'],
      'there is no pipeline',
      'add logs: { receivers: [...], exporters: [...] }',
    );
  }
  const started = service.extensions.length > 0 ? service.extensions : [...defined.extensions.keys()];
  for (const section of SECTIONS) {
    for (const [id, entry] of defined[section]) {
      if (!used[section].has(id)) continue;
      for (const { path, name } of extensionNames(entry.value, [section, id])) {
        if (started.includes(name)) continue;
        const like = suggest(name, started);
        const hint = like ? `; did you mean "${like}"?` : '';
        error('unknown-reference', path, `there is no extension "${name}" that is started${hint}`);
      }
    }
  }
  for (const section of [...SECTIONS, 'extensions'] as const) {
    for (const [id, entry] of defined[section]) {
      if (used[section].has(id)) continue;
      // Without a list, every extension that is defined is started.
      if (section === 'extensions' && service.extensions.length === 0) continue;
      const where = section === 'extensions' ? 'service.extensions does not list it' : 'no pipeline uses it';
      report({
        severity: 'warning',
        code: 'unused-component',
        path: [section, id],
        place: entry.place,
        message: `will not be started: ${where}`,
      });
    }
  }
}

/** Keys whose value is the id of an extension, wherever they stand. */
const NAMES_EXTENSION = new Set(['authenticator', 'storage']);
/** Maps whose keys are whatever the user puts there. */
const FREE_MAPS = new Set(['headers', 'env', 'lists', 'attributes']);

function* extensionNames(
  node: ConfigNode,
  path: (string | number)[],
): Generator<{ path: (string | number)[]; name: string }> {
  if (node.kind !== 'map') return;
  for (const [key, { value }] of node.entries) {
    if (FREE_MAPS.has(key)) continue;
    const at = [...path, key];
    if (!NAMES_EXTENSION.has(key)) yield* extensionNames(value, at);
    else if (value.kind === 'scalar' && typeof value.value === 'string') yield { path: at, name: value.value };
  }
}
