import { closeSync, globSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { compileRuleset, type ListSource, type RulesetSource } from './compile/compile.ts';
import { listKey, readListBytes, readListBytesInTurns } from './compile/lists.ts';
import { type ListEntries, MemoryList } from './compile/memory-list.ts';
import type { Compat, Dialect, LookupList, Ruleset, RulesetSettings } from './compile/ruleset.ts';
import type { Diagnostic } from './diagnostics.ts';
import { digestBytes, digestNames } from './digest.ts';
import { type InstallationFiles, listFilesBelow, readOssecHome, readWazuhHome } from './load-home.ts';
import type { SourceFile } from './parse/ast.ts';

/** Where a ruleset comes from; keys are spelt as in the configuration. */
export interface RulesetOptions {
  /** Folder of an installation: its ruleset/, etc/ and the `<ruleset>` block of etc/ossec.conf. */
  wazuh_home?: string | undefined;
  /** Files, directories and globs. */
  decoders?: readonly string[];
  rules?: readonly string[];
  /** Base names left out of `wazuh_home`, directories and globs, never a file that is named itself. */
  exclude?: readonly string[];
  /** By the name that rules use: a file, a directory (every file in it, by `NAME/path`), or `keyv:NAME`. */
  lists?: Readonly<Record<string, string>>;
  dialect?: Dialect;
  compat?: Compat;
  alert_level?: number | undefined;
  /** Loaded behind everything else, in the order given. */
  addons?: { readonly decoders: readonly string[]; readonly rules: readonly string[] };
  settings?: Partial<RulesetSettings>;
  /** Keep what was read, so that another thread can compile the same. */
  keepSource?: boolean;
  /** Relative paths start here (default: the working directory). */
  baseDir?: string;
  /** Supplies `keyv:NAME` lists; undefined where there is none of that name, a rejection where it cannot be read. */
  resolveList?: (name: string, store: string) => LookupList | undefined | Promise<LookupList | undefined>;
}

export interface LoadedRuleset {
  /** What the ruleset was compiled from; kept where `keepSource` asks for it. */
  readonly source?: RulesetSource;
  /** Undefined after a fatal diagnostic. */
  readonly ruleset: Ruleset | undefined;
  readonly diagnostics: Diagnostic[];
  /** Every file that was read, for watching. */
  readonly files: readonly string[];
  /** Directories that were listed: a new file in one of them belongs to the ruleset. */
  readonly directories: readonly string[];
  /** By path: of the bytes of files and the names in directories as they were read; see `digest.ts`. */
  readonly digests: ReadonlyMap<string, string>;
  /** Lists that were read from files: {@link reloadList} swaps their content without a new ruleset. */
  readonly listFiles: readonly ListFile[];
}

export interface ListFile {
  readonly name: string;
  readonly path: string;
  readonly list: MemoryList;
  /** What the list holds, as bytes. */
  entries: ListEntries;
}

/** Bytes of one file. Stock files have up to 300 KB; a string cannot hold more than half a gigabyte. */
const MAX_FILE_SIZE = 256 * 1024 * 1024;
/** Bytes of one list: some 50 million keys. They stay in memory, see `PackedList`. */
const MAX_LIST_SIZE = 1024 * 1024 * 1024;

/** What a ruleset is made of, before it is compiled. */
export interface ReadRuleset {
  readonly source: RulesetSource;
  readonly diagnostics: Diagnostic[];
  readonly files: readonly string[];
  readonly directories: readonly string[];
  readonly digests: ReadonlyMap<string, string>;
  readonly listFiles: readonly ListFile[];
}

/** Reads the files of a ruleset in load order, for who wants to look at them as they were written. */
export async function readRuleset(options: RulesetOptions): Promise<ReadRuleset> {
  return new Loader(options).read();
}

/** Reads and compiles a ruleset. What is wrong is a diagnostic; throws only over errors of this program. */
export async function loadRuleset(options: RulesetOptions): Promise<LoadedRuleset> {
  return new Loader(options).load();
}

/** Reads a list file again; the list keeps its old content, and `digest` is undefined, where that fails. */
export async function reloadList(
  file: ListFile,
  dialect: Dialect,
): Promise<{ diagnostics: Diagnostic[]; digest: string | undefined }> {
  const diagnostics: Diagnostic[] = [];
  const bytes = readListFile(file.path, diagnostics, 'error');
  if (bytes === undefined) return { diagnostics, digest: undefined };
  const read = await readListBytesInTurns(file.path, bytes, dialect);
  file.entries = read.entries;
  file.list.replace(read.entries);
  return { diagnostics: read.diagnostics, digest: digestBytes(bytes) };
}

class Loader {
  readonly #options: RulesetOptions;
  readonly #dialect: Dialect;
  readonly #baseDir: string;
  readonly #exclude: ReadonlySet<string>;
  readonly #diagnostics: Diagnostic[] = [];
  readonly #files = new Set<string>();
  readonly #directories = new Set<string>();
  readonly #digests = new Map<string, string>();
  readonly #listFiles: ListFile[] = [];

  constructor(options: RulesetOptions) {
    this.#options = options;
    this.#dialect = options.dialect ?? 'wazuh';
    this.#baseDir = options.baseDir ?? process.cwd();
    this.#exclude = new Set(options.exclude);
  }

  async load(): Promise<LoadedRuleset> {
    const { source, diagnostics: found, ...read } = await this.read();
    const result = compileWithAddons(source);
    const ofAddons = new Set(source.addons);
    // What an add-on lacks where nothing else was found is no news.
    const isNews = ({ span }: Diagnostic) => !found.some(isFatal) || !ofAddons.has(span?.file ?? '');
    const diagnostics = [...found, ...result.diagnostics.filter(isNews)];
    return {
      ruleset: diagnostics.some(isFatal) ? undefined : result.ruleset,
      diagnostics,
      ...read,
      ...(this.#options.keepSource && { source }),
    };
  }

  async read(): Promise<ReadRuleset> {
    const { addons, compat = 'default', alert_level: alertLevel, settings } = this.#options;
    const home = this.#readHome();
    const decoders = [...home.decoders, ...this.#collect(this.#options.decoders ?? [])];
    const rules = [...home.rules, ...this.#collect(this.#options.rules ?? [])];
    const addonDecoders = this.#collect(addons?.decoders ?? []);
    const addonRules = this.#collect(addons?.rules ?? []);
    const source = {
      dialect: this.#dialect,
      compat,
      decoders: this.#readFiles([...this.#order(decoders), ...addonDecoders]),
      rules: this.#readFiles([...this.#order(rules), ...addonRules]),
      lists: [...(await this.#resolveLists()), ...this.#readLists(home)],
      settings: { ...settings, ...(alertLevel === undefined ? {} : { alertLevel }) },
      addons: [...addonDecoders, ...addonRules],
    };
    if (source.rules.length === 0) {
      const help = 'Give wazuh_home or rules; without both the starter content is used.';
      this.#diagnostics.push({ severity: 'fatal', code: 'no-rules', message: 'there is no rule file', help });
    }
    return {
      source,
      diagnostics: this.#diagnostics,
      files: [...this.#files],
      directories: [...this.#directories],
      digests: this.#digests,
      listFiles: this.#listFiles,
    };
  }

  #readHome(): InstallationFiles {
    const { wazuh_home: home } = this.#options;
    if (home === undefined) return { decoders: [], rules: [], lists: [], files: [], directories: [] };
    const read = this.#dialect === 'ossec' ? readOssecHome : readWazuhHome;
    const found = read(resolve(this.#baseDir, home), this.#diagnostics);
    for (const file of found.files) {
      this.#files.add(file);
      // Read by now, and complained about where that failed.
      if (kindOf(file) === 'file') this.#digests.set(file, digestBytes(readFileSync(file)));
    }
    for (const directory of found.directories) this.#addDirectory(directory);
    const keep = (path: string) => !this.#exclude.has(basename(path));
    return { ...found, decoders: found.decoders.filter(keep), rules: found.rules.filter(keep) };
  }

  /** Files of a list of files, directories and globs, in the order given; names within one of them are sorted. */
  #collect(patterns: readonly string[]): string[] {
    return patterns.flatMap((pattern) => {
      const path = resolve(this.#baseDir, pattern);
      const kind = kindOf(path);
      if (kind === 'file') return [path];
      if (kind === 'directory') return this.#listDirectory(path);
      const matches = isGlob(pattern) ? this.#glob(pattern) : [];
      if (matches.length === 0) {
        this.#diagnostics.push({
          severity: 'fatal',
          code: 'file-not-found',
          message: isGlob(pattern) ? `no file matches ${path}` : `${path} does not exist`,
          help: 'Check the path; relative ones start at the configuration file.',
        });
      }
      return matches;
    });
  }

  #listDirectory(path: string): string[] {
    this.#addDirectory(path);
    const names = readdirSync(path).filter((name) => name.endsWith('.xml') && !this.#exclude.has(name));
    return names
      .sort(compareBytes)
      .map((name) => join(path, name))
      .filter((file) => kindOf(file) === 'file');
  }

  #addDirectory(path: string): void {
    if (kindOf(path) !== 'directory') return;
    this.#directories.add(path);
    this.#digests.set(path, digestNames(readdirSync(path)));
  }

  #glob(pattern: string): string[] {
    // Where a new match would turn up, unless it is in a directory that has none yet.
    this.#addDirectory(resolve(this.#baseDir, /^([^*?[\]{}]*)(?:\/|$)/.exec(pattern)?.[1] ?? ''));
    const matches = globSync(pattern, { cwd: this.#baseDir }).map((match) => resolve(this.#baseDir, match));
    for (const match of matches) this.#addDirectory(dirname(match));
    return matches.sort(compareBytes).filter((path) => kindOf(path) === 'file' && !this.#exclude.has(basename(path)));
  }

  /** Wazuh sorts by base name over all directories; OSSEC takes the order given. */
  #order(paths: readonly string[]): string[] {
    const unique = [...new Set(paths)];
    return this.#dialect === 'ossec' ? unique : unique.sort((a, b) => compareBytes(basename(a), basename(b)));
  }

  #readBytes(path: string, severity: Diagnostic['severity']): string | undefined {
    const content = readBytes(path, this.#diagnostics, severity);
    if (content !== undefined) this.#digests.set(path, digestBytes(content));
    return content;
  }

  #readFiles(paths: readonly string[]): SourceFile[] {
    return paths.flatMap((path) => {
      this.#files.add(path);
      const content = this.#readBytes(path, 'fatal');
      return content === undefined ? [] : [{ path, name: basename(path), content }];
    });
  }

  #readLists(home: InstallationFiles): ListSource[] {
    const stored = Object.entries(this.#options.lists ?? {})
      .filter(([, value]) => value.startsWith('keyv:'))
      .map(([name]) => listKey(name));
    const given = Object.entries(this.#options.lists ?? {})
      .filter(([, value]) => !value.startsWith('keyv:'))
      .flatMap(([name, value]) => this.#expandList(name, resolve(this.#baseDir, value)));
    // What the user names himself stands before what the installation brings: the first of one name counts.
    return [
      ...given.map((entry) => ({ ...entry, severity: 'fatal' as const })),
      ...home.lists.map((entry) => ({ ...entry, severity: 'warning' as const })),
    ]
      .filter(({ name }) => !stored.includes(listKey(name)))
      .filter((entry, index, all) => all.findIndex((other) => listKey(other.name) === listKey(entry.name)) === index)
      .flatMap(({ name, path, severity }) => {
        this.#files.add(path);
        const bytes = readListFile(path, this.#diagnostics, severity);
        if (bytes === undefined) return [];
        this.#digests.set(path, digestBytes(bytes));
        const read = readListBytes(path, bytes, this.#dialect);
        this.#diagnostics.push(...read.diagnostics);
        const list = new MemoryList(listKey(name), read.entries);
        this.#listFiles.push({ name: listKey(name), path, list, entries: read.entries });
        return [{ name, list }];
      });
  }

  #expandList(name: string, given: string): { name: string; path: string }[] {
    // As the originals: the text is read, also where the compiled database is named.
    const path = given.endsWith('.cdb') && kindOf(given.slice(0, -4)) === 'file' ? given.slice(0, -4) : given;
    if (kindOf(path) !== 'directory') return [{ name, path }];
    const files = listFilesBelow(path).map((file) => ({ name: `${name}/${file}`, path: join(path, file) }));
    for (const directory of [path, ...files.map((file) => dirname(file.path))]) this.#addDirectory(directory);
    return files;
  }

  async #resolveLists(): Promise<ListSource[]> {
    const sources: ListSource[] = [];
    for (const [name, value] of Object.entries(this.#options.lists ?? {})) {
      if (!value.startsWith('keyv:')) continue;
      const store = value.slice('keyv:'.length);
      try {
        const list = await this.#options.resolveList?.(name, store);
        if (list !== undefined) {
          sources.push({ name, list });
          continue;
        }
        this.#diagnostics.push({
          severity: 'fatal',
          code: 'list-not-in-store',
          message: `list ${name} is to come from the store as "${store}", which there is none for`,
          help: 'Configure a storage extension, and name it under storage.',
        });
      } catch (error) {
        this.#diagnostics.push({
          severity: 'fatal',
          code: 'list-store-not-readable',
          message: `list ${name} cannot be read from the store: ${error instanceof Error ? error.message : error}`,
        });
      }
    }
    return sources;
  }
}

/**
 * Add-ons hang below the root rule of their category, which a ruleset may lack: then it is loaded without them, which is
 * told once (of the original's two answers one would be a warning for each rule, the other to refuse it all).
 */
/** Compiles; add-ons that do not fit the rest are left out with a warning. */
export function compileWithAddons(source: RulesetSource): ReturnType<typeof compileRuleset> {
  const addons = new Set(source.addons);
  const result = compileRuleset(source);
  const rootless = result.diagnostics.find(
    ({ code, span }) => code === 'rule-without-root' && addons.has(span?.file ?? ''),
  );
  if (rootless?.span === undefined) return result;
  const without = compileRuleset({ ...source, rules: source.rules.filter(({ path }) => !addons.has(path)) });
  const diagnostic: Diagnostic = {
    severity: 'warning',
    code: 'addon-without-root',
    message: `the rules of the health add-on are left out: ${rootless.message.replace(/: the rule is dropped.*/, '')}`,
    help: 'Load the template rules 1 to 7, too; or say health: false.',
    span: rootless.span,
  };
  return { ...without, diagnostics: [...without.diagnostics, diagnostic] };
}

function readBytes(path: string, diagnostics: Diagnostic[], severity: Diagnostic['severity']): string | undefined {
  return readWith(path, MAX_FILE_SIZE, diagnostics, severity, () => readFileSync(path, 'latin1'));
}

/** Into memory that worker threads can look things up in, too. */
function readListFile(
  path: string,
  diagnostics: Diagnostic[],
  severity: Diagnostic['severity'],
): Uint8Array | undefined {
  return readWith(path, MAX_LIST_SIZE, diagnostics, severity, (size) => {
    const bytes = new Uint8Array(new SharedArrayBuffer(size));
    const file = openSync(path, 'r');
    try {
      let length = 0;
      while (length < size) {
        const read = readSync(file, bytes, length, size - length, null);
        if (read === 0) break;
        length += read;
      }
      return bytes.subarray(0, length);
    } finally {
      closeSync(file);
    }
  });
}

function readWith<T>(
  path: string,
  maxBytes: number,
  diagnostics: Diagnostic[],
  severity: Diagnostic['severity'],
  read: (size: number) => T,
): T | undefined {
  try {
    const { size } = statSync(path);
    if (size > maxBytes) {
      const message = `${path} has ${size} bytes, more than ${maxBytes}`;
      diagnostics.push({ severity: 'fatal', code: 'file-too-large', message });
      return undefined;
    }
    return read(size);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    diagnostics.push({ severity, code: 'file-not-readable', message: `${path} cannot be read: ${reason}` });
    return undefined;
  }
}

function isFatal({ severity }: Diagnostic): boolean {
  return severity === 'fatal';
}

function kindOf(path: string): 'file' | 'directory' | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  return stats.isDirectory() ? 'directory' : 'file';
}

function isGlob(pattern: string): boolean {
  return /[*?[\]{}]/.test(pattern);
}

function compareBytes(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}
