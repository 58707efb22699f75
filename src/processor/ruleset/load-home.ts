import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { XMLParser } from 'fast-xml-parser';
import { Expressions } from './compile/expressions.ts';
import { listKey } from './compile/lists.ts';
import type { Diagnostic } from './diagnostics.ts';
import { PatternError } from './matcher/types.ts';

/** What an installation loads. */
export interface InstallationFiles {
  readonly decoders: readonly string[];
  readonly rules: readonly string[];
  readonly lists: readonly { readonly name: string; readonly path: string }[];
  /** Read on the way: the configuration file. */
  readonly files: readonly string[];
  readonly directories: readonly string[];
}

/** Left out by the stock configuration. */
const STOCK_EXCLUDED = '0215-policy_rules.xml';

/**
 * Files of a Wazuh installation (ruleset-engine 2.4): those that the `<ruleset>` blocks of etc/ossec.conf name, else those of the
 * stock configuration with all lists below etc/lists.
 */
export function readWazuhHome(home: string, diagnostics: Diagnostic[]): InstallationFiles {
  const collector = new Collector(home, diagnostics);
  if (!collector.checkHome()) return collector.finish();
  const blocks = collector.readConfiguration('ruleset');
  if (blocks === undefined) {
    for (const kind of ['decoders', 'rules'] as const) {
      for (const directory of [`ruleset/${kind}`, `etc/${kind}`])
        collector.addDirectory(kind, directory, undefined, [STOCK_EXCLUDED]);
    }
    collector.addAllLists('etc/lists');
    return collector.finish();
  }
  for (const kind of ['decoders', 'rules'] as const) {
    const word = kind === 'decoders' ? 'decoder' : 'rule';
    const exclude = entriesOf(blocks, `${word}_exclude`).map((entry) => entry.text);
    for (const { text } of entriesOf(blocks, `${word}_include`)) {
      collector.addFile(kind, text.includes('/') ? text : `ruleset/${kind}/${text}`);
    }
    const directories = entriesOf(blocks, `${word}_dir`);
    for (const entry of directories.length > 0 ? directories : [{ text: `ruleset/${kind}`, attributes: {} }]) {
      collector.addDirectory(kind, entry.text, entry, exclude);
    }
  }
  for (const { text } of entriesOf(blocks, 'list')) {
    const name = listKey(text.includes('/') ? text : `ruleset/rules/${text}`);
    collector.addList(name);
  }
  return collector.finish();
}

/**
 * Files of an OSSEC installation: the `<rules>` block of etc/ossec.conf names them in their order. Without it the order is
 * unknown, which matters there.
 */
export function readOssecHome(home: string, diagnostics: Diagnostic[]): InstallationFiles {
  const collector = new Collector(home, diagnostics);
  if (!collector.checkHome()) return collector.finish();
  const ruleFolder = collector.exists('rules') ? 'rules' : 'etc/rules';
  const blocks = collector.readConfiguration('rules');
  const decoders = blocks === undefined ? [] : entriesOf(blocks, 'decoder');
  const decoderDirectories = blocks === undefined ? [] : entriesOf(blocks, 'decoder_dir');
  if (decoders.length + decoderDirectories.length === 0) {
    collector.addFile('decoders', 'etc/decoder.xml');
    if (collector.exists('etc/local_decoder.xml')) collector.addFile('decoders', 'etc/local_decoder.xml');
  }
  for (const { text } of decoders) collector.addFile('decoders', text);
  for (const entry of decoderDirectories) collector.addDirectory('decoders', entry.text, entry, []);
  if (blocks === undefined) {
    diagnostics.push({
      severity: 'warning',
      code: 'ossec-order-unknown',
      message: `${home} has no etc/ossec.conf with a <rules> block: rule files load in the order of their names`,
      help: 'OSSEC rules depend on the order of their files; name them in "rules" instead.',
    });
    collector.addDirectory('rules', ruleFolder, undefined, []);
    return collector.finish();
  }
  for (const { text } of entriesOf(blocks, 'include')) {
    collector.addFile('rules', text.includes('/') ? text : `${ruleFolder}/${text}`);
  }
  for (const entry of entriesOf(blocks, 'rule_dir')) collector.addDirectory('rules', entry.text, entry, []);
  for (const { text } of entriesOf(blocks, 'list'))
    collector.addList(listKey(text.includes('/') ? text : `${ruleFolder}/${text}`));
  return collector.finish();
}

interface ConfigEntry {
  readonly text: string;
  readonly attributes: Readonly<Record<string, string>>;
}

class Collector {
  readonly #home: string;
  readonly #diagnostics: Diagnostic[];
  readonly #paths = { decoders: new Set<string>(), rules: new Set<string>() };
  readonly #lists: { name: string; path: string }[] = [];
  readonly #files: string[] = [];
  readonly #directories: string[] = [];

  constructor(home: string, diagnostics: Diagnostic[]) {
    this.#home = home;
    this.#diagnostics = diagnostics;
  }

  finish(): InstallationFiles {
    return {
      decoders: [...this.#paths.decoders],
      rules: [...this.#paths.rules],
      lists: this.#lists,
      files: this.#files,
      directories: this.#directories,
    };
  }

  #path(relative: string): string {
    return relative.startsWith('/') ? relative : join(this.#home, relative);
  }

  exists(relative: string): boolean {
    return statSync(this.#path(relative), { throwIfNoEntry: false }) !== undefined;
  }

  checkHome(): boolean {
    if (statSync(this.#home, { throwIfNoEntry: false })?.isDirectory()) return true;
    const help = 'wazuh_home is the folder that holds etc/ and ruleset/, /var/ossec for instance.';
    this.#diagnostics.push({
      severity: 'fatal',
      code: 'home-not-found',
      message: `${this.#home} is no directory`,
      help,
    });
    return false;
  }

  /** The blocks of that name in etc/ossec.conf; undefined where there is no such file or block. */
  readConfiguration(name: string): XmlNode[] | undefined {
    const path = join(this.#home, 'etc/ossec.conf');
    if (!this.exists('etc/ossec.conf')) return undefined;
    this.#files.push(path);
    try {
      const nodes = parseConfiguration(readFileSync(path, 'utf8'));
      const blocks = nodes.filter((node) => node.name === 'ossec_config').flatMap((node) => childrenOf(node, name));
      return blocks.length > 0 ? blocks : undefined;
    } catch (error) {
      const message = `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`;
      this.#diagnostics.push({ severity: 'fatal', code: 'ossec-conf-not-readable', message });
      return undefined;
    }
  }

  addFile(kind: 'decoders' | 'rules', relative: string): void {
    const path = this.#path(relative);
    if (statSync(path, { throwIfNoEntry: false })?.isFile()) {
      this.#paths[kind].add(path);
      return;
    }
    this.#diagnostics.push({
      severity: 'warning',
      code: 'file-not-found',
      message: `${path} does not exist and is left out`,
    });
  }

  /** Not recursive. The pattern is an OS_Regex on `directory/name`; excluded are names and `directory/name`. */
  addDirectory(
    kind: 'decoders' | 'rules',
    relative: string,
    entry: ConfigEntry | undefined,
    exclude: readonly string[],
  ): void {
    const path = this.#path(relative);
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
      this.#diagnostics.push({ severity: 'info', code: 'directory-not-found', message: `${path} does not exist` });
      return;
    }
    this.#directories.push(path);
    const accepts = this.#compilePattern(relative, entry);
    if (accepts === undefined) return;
    for (const name of readdirSync(path).sort()) {
      const shown = `${relative}/${name}`;
      if (exclude.includes(name) || exclude.includes(shown) || !accepts(shown)) continue;
      const file = join(path, name);
      if (statSync(file, { throwIfNoEntry: false })?.isFile()) this.#paths[kind].add(file);
    }
  }

  #compilePattern(relative: string, entry: ConfigEntry | undefined): ((name: string) => boolean) | undefined {
    const attributes = Object.keys(entry?.attributes ?? {});
    const pattern = entry?.attributes.pattern ?? '.xml$';
    const fatal = (message: string) => {
      this.#diagnostics.push({ severity: 'fatal', code: 'ossec-conf-bad-pattern', message: `${relative}: ${message}` });
      return undefined;
    };
    if (attributes.length > 0 && entry?.attributes.pattern === undefined) {
      return fatal(`unknown attribute ${attributes.join(', ')}; only pattern is possible`);
    }
    try {
      const matcher = new Expressions('wazuh').matcher('osregex', pattern);
      return (name) => matcher.test(Buffer.from(name).toString('latin1'));
    } catch (error) {
      if (!(error instanceof PatternError)) throw error;
      return fatal(`pattern "${pattern}": ${error.message}`);
    }
  }

  addList(name: string): void {
    this.#lists.push({ name, path: this.#path(name) });
  }

  addAllLists(relative: string): void {
    const directory = this.#path(relative);
    if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) return;
    this.#directories.push(directory);
    for (const file of listFilesBelow(directory))
      this.#lists.push({ name: `${relative}/${file}`, path: join(directory, file) });
  }
}

/** Paths below a directory, with `/`; databases and hidden files are no lists. */
export function listFilesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.') && !entry.name.endsWith('.cdb'))
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(directory.length + 1)
        .replaceAll('\\', '/'),
    )
    .sort();
}

/** The shape of fast-xml-parser with `preserveOrder`: one key names the element, its value holds the children. */
interface XmlNode {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly text: string;
  readonly children: readonly XmlNode[];
}

/** Several roots, as ossec.conf may have, are no trouble to this parser. */
function parseConfiguration(text: string): XmlNode[] {
  const parser = new XMLParser({
    preserveOrder: true,
    ignoreAttributes: false,
    attributeNamePrefix: '',
    parseTagValue: false,
    parseAttributeValue: false,
    processEntities: false,
  });
  return toNodes(parser.parse(text));
}

function toNodes(value: unknown): XmlNode[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null) return [];
    const record = entry as Record<string, unknown>;
    const name = Object.keys(record).find((key) => key !== ':@' && key !== '#text');
    if (name === undefined) return [];
    const content = record[name];
    const attributes = (record[':@'] ?? {}) as Record<string, string>;
    return [{ name, attributes, text: textOf(content), children: toNodes(content) }];
  });
}

function textOf(content: unknown): string {
  if (!Array.isArray(content)) return '';
  return content
    .map((part: unknown) => {
      const text = typeof part === 'object' && part !== null ? (part as Record<string, unknown>)['#text'] : undefined;
      return typeof text === 'string' ? text : '';
    })
    .join('')
    .trim();
}

function childrenOf(node: XmlNode, name: string): XmlNode[] {
  return node.children.filter((child) => child.name === name);
}

function entriesOf(blocks: readonly XmlNode[], name: string): ConfigEntry[] {
  return blocks.flatMap((block) => childrenOf(block, name));
}
