import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { describeForeignWriters } from '../config/permissions.ts';
import { decodeSection } from './components.ts';
import type { Config, Factories } from './config.ts';
import { decode } from './decode.ts';
import type { ConfigDiagnostic, Place } from './diagnostics.ts';
import { type ConfigNode, emptyMap, isNull, mergeNodes, placeOf } from './node.ts';
import { parseYaml } from './parse-yaml.ts';
import { checkService } from './pipelines.ts';
import { serviceSchema } from './service.ts';
import { parseSetOption } from './set-option.ts';
import { suggest } from './suggest.ts';

const SECTIONS = ['extensions', 'receivers', 'processors', 'exporters', 'service'];

export interface LoadOptions {
  /** Paths as given with `--config`; later ones win. */
  readonly files: readonly string[];
  /** `a.b.c=value` as given with `--set`; they win over files. */
  readonly sets?: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly factories: Factories;
  /** Types of receivers that run commands: files that configure one must not be writable by others. */
  readonly commandTypes?: readonly string[];
  /** Take such files all the same. */
  readonly allowWritable?: boolean;
}

export interface LoadResult {
  /** Absent when there is an error. */
  readonly config?: Config;
  /** What was written, merged and with the environment's values. */
  readonly merged: ConfigNode;
  /** All findings, in order of their place. */
  readonly diagnostics: readonly ConfigDiagnostic[];
}

/** Reads, merges and checks a configuration; starts nothing and opens nothing but the files. */
export function loadConfig(options: LoadOptions): LoadResult {
  const { factories } = options;
  if (options.files.length === 0 && (options.sets ?? []).length === 0) return nothingNamed();
  const found: ConfigDiagnostic[] = [];
  const report = (diagnostic: ConfigDiagnostic) => found.push(diagnostic);
  const { root, files } = readAll(options, report);
  const failedToRead = found.some((diagnostic) => diagnostic.severity === 'error');
  const extensions = decodeSection('extensions', root, factories.extensions, report);
  const receivers = decodeSection('receivers', root, factories.receivers, report);
  const processors = decodeSection('processors', root, factories.processors, report);
  const exporters = decodeSection('exporters', root, factories.exporters, report);
  checkSections(root, report);
  const runsCommands = [...receivers.ids.keys()].some((id) => options.commandTypes?.includes(id.split('/')[0]));
  if (runsCommands && !options.allowWritable) checkWriters(files, report);

  // After a syntax error nothing is known about what is missing.
  const service = failedToRead ? undefined : decodeService(root, report);
  if (service) {
    const ids = {
      extensions: extensions.ids,
      receivers: receivers.ids,
      processors: processors.ids,
      exporters: exporters.ids,
    };
    checkService(service, root, ids, report);
  }
  const failed = service === undefined || found.some((diagnostic) => diagnostic.severity === 'error');
  const config: Config | undefined = failed
    ? undefined
    : {
        extensions: extensions.components,
        receivers: receivers.components,
        processors: processors.components,
        exporters: exporters.components,
        service,
        baseDir: dirname(resolve(options.files[0] ?? '.')),
      };
  return { config, merged: root, diagnostics: sortByPlace(found, options.files) };
}

function nothingNamed(): LoadResult {
  const message = 'no configuration is named';
  const help = 'say --config FILE';
  return {
    merged: emptyMap({ file: '', line: 1, column: 1 }),
    diagnostics: [{ severity: 'error', code: 'no-config', path: [], message, help }],
  };
}

function readAll(
  options: LoadOptions,
  report: (diagnostic: ConfigDiagnostic) => void,
): { root: ConfigNode; files: string[] } {
  let root: ConfigNode | undefined;
  const files: string[] = [];
  for (const name of options.files) {
    const path = name.replace(/^file:(\/\/)?/, '');
    const place: Place = { file: path, line: 1, column: 1 };
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch (error) {
      const reason =
        (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : String((error as Error).message);
      report({ severity: 'error', code: 'unreadable-file', path: [], place, message: reason });
      continue;
    }
    files.push(path);
    const parsed = parseYaml(text, path, options.env);
    for (const diagnostic of parsed.diagnostics) report(diagnostic);
    if (parsed.root.kind !== 'map' && !isNull(parsed.root)) {
      report({ severity: 'error', code: 'wrong-type', path: [], place, message: 'a configuration is a map' });
      continue;
    }
    root = root ? mergeNodes(root, parsed.root) : parsed.root;
  }
  (options.sets ?? []).forEach((option, index) => {
    const parsed = parseSetOption(option, index, options.env);
    for (const diagnostic of parsed.diagnostics) report(diagnostic);
    if (parsed.root) root = root ? mergeNodes(root, parsed.root) : parsed.root;
  });
  const nothing = emptyMap({ file: options.files[0] ?? '--set', line: 1, column: 1 });
  return { root: root && !isNull(root) ? root : nothing, files };
}

function decodeService(root: ConfigNode, report: (diagnostic: ConfigDiagnostic) => void) {
  const entry = root.kind === 'map' ? root.entries.get('service') : undefined;
  if (entry) return decode(serviceSchema, entry.value, ['service'], entry.place, report);
  const help = 'add service: { pipelines: { logs: { receivers: [...], processors: [...], exporters: [...] } } }';
  report({
    severity: 'error',
    code: 'missing-key',
    path: ['service'],
    place: placeOf(root, []),
    message: 'is required',
    help,
  });
  return undefined;
}

function checkSections(root: ConfigNode, report: (diagnostic: ConfigDiagnostic) => void): void {
  if (root.kind !== 'map') return;
  for (const [key, entry] of root.entries) {
    if (SECTIONS.includes(key)) continue;
    const like = suggest(key, SECTIONS);
    const message = like ? `unknown key; did you mean "${like}"?` : 'unknown key';
    // Files with anchors for other sections keep them under a key that starts with x- or a dot, as elsewhere.
    if (/^(x-|\.)/.test(key)) continue;
    const help = `known here: ${SECTIONS.join(', ')}`;
    report({ severity: 'error', code: 'unknown-key', path: [key], place: entry.place, message, help });
  }
}

function checkWriters(files: readonly string[], report: (diagnostic: ConfigDiagnostic) => void): void {
  for (const file of files) {
    const writers = describeForeignWriters(file);
    if (writers === undefined) continue;
    report({
      severity: 'error',
      code: 'writable-config',
      path: [],
      place: { file, line: 1, column: 1 },
      message: `commands are configured, and ${writers}`,
      help: `chmod go-w it, or say --allow-writable-config`,
    });
  }
}

/** Files in the order given, then `--set` options. */
function sortByPlace(found: readonly ConfigDiagnostic[], files: readonly string[]): ConfigDiagnostic[] {
  const order = (file: string) => {
    const index = files.findIndex((name) => name.endsWith(file));
    return index >= 0 ? index : files.length + Number(/^--set (\d+)$/.exec(file)?.[1] ?? 0);
  };
  const key = ({ place }: ConfigDiagnostic) => [order(place?.file ?? ''), place?.line ?? 0, place?.column ?? 0];
  return found.toSorted((a, b) => {
    const left = key(a);
    const right = key(b);
    return left[0] - right[0] || left[1] - right[1] || left[2] - right[2];
  });
}
