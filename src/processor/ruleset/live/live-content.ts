import type { Counter } from '@opentelemetry/api';
import type { Timer } from '../../../component/clock.ts';
import { ConfigError } from '../../../component/errors.ts';
import type { Host, Settings } from '../../../component/host.ts';
import { bytesToText } from '../bytes.ts';
import type { Ruleset } from '../compile/ruleset.ts';
import type { RulesetConfig } from '../config.ts';
import { type LoadedContent, loadContent } from '../content.ts';
import { type Diagnostic, formatDiagnostic } from '../diagnostics.ts';
import { ContentMemory } from './content-memory.ts';
import { FileLists } from './file-lists.ts';
import { FileWatch } from './file-watch.ts';
import type { ListChange } from './list-change.ts';
import { StoreLists } from './store-lists.ts';

/** Content that can be put in force. */
export type UsableContent = LoadedContent & { readonly ruleset: Ruleset };

/** Who works with the content besides the processor itself. */
export interface ContentFollower {
  /** Makes ready for a set that is about to come into force; a rejection refuses it. */
  prepare(content: UsableContent): Promise<void>;
  /** The content of these lists is another one. */
  listsChanged(lists: ReadonlySet<string>, ruleset: Ruleset): void;
}

/** Diagnostics that a health event shows. */
const MAX_SHOWN = 20;

/**
 * Rules, decoders and lists as they are now: loaded at the start, followed while they change, read again when asked for.
 * A set that cannot be used is refused, and what is in force stays so. Nothing here waits for a batch or makes one
 * wait: what changes is swapped at once, and a batch is evaluated without a pause in which that could happen.
 */
export class LiveContent {
  readonly #settings: Settings;
  readonly #config: RulesetConfig;
  readonly #host: Host;
  readonly #storeLists: StoreLists;
  readonly #memory: ContentMemory;
  readonly #reloads: Counter;
  readonly #listChanges: Counter;
  readonly #follower: ContentFollower | undefined;
  #use: (content: UsableContent) => void = () => {};
  #content!: UsableContent;
  #fileLists!: FileLists;
  #watch!: FileWatch;
  /** Looks and reloads go one after the other. */
  #tail: Promise<unknown> = Promise.resolve();
  #timer: Timer | undefined;
  #stopped = false;
  #isFailing = false;

  constructor(settings: Settings, config: RulesetConfig, host: Host, follower?: ContentFollower) {
    this.#follower = follower;
    this.#settings = settings;
    this.#config = config;
    this.#host = host;
    const open = (name: string) => host.openList(name, config.storage);
    this.#memory = new ContentMemory(settings, config, host);
    this.#storeLists = new StoreLists(open, settings.logger, settings.id);
    this.#reloads = settings.meter.createCounter('hids_ruleset_reloads', { description: 'reloads, by outcome' });
    this.#listChanges = settings.meter.createCounter('hids_ruleset_list_changes', {
      description: 'times the content of a list was swapped',
    });
  }

  /** @throws ConfigError where the ruleset cannot be used; why is in the log */
  async load(): Promise<UsableContent> {
    const content = await this.#read();
    this.#report(content.diagnostics);
    if (!isUsable(content)) throw new ConfigError(`${this.#settings.id}: the ruleset cannot be loaded (see above)`);
    await this.#follower?.prepare(content);
    this.#accept(content);
    await this.#memory.compare(filesOf(content));
    return content;
  }

  /** Follows changes from now on; `use` is called with every new set. */
  start(use: (content: UsableContent) => void): void {
    this.#use = use;
    this.#schedule();
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#tail;
    await this.#storeLists.close();
  }

  /**
   * Reads everything again, whether or not it looks changed.
   * @throws ConfigError where the new set cannot be used
   */
  reload(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#followLists();
      await this.#watch.changes();
      await this.#reload(true);
    });
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#timer = this.#settings.clock.setTimeout(() => {
      void this.#inTurn(() => this.#look())
        .catch((error: unknown) => {
          this.#settings.logger.error({ component: this.#settings.id, error }, 'cannot look for changes');
        })
        .finally(() => this.#schedule());
    }, this.#config.list_poll_interval * 1000);
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#tail.then(() => (this.#stopped ? undefined : work()));
    this.#tail = turn.catch(() => {});
    return turn;
  }

  async #look(): Promise<void> {
    await this.#followLists();
    if (!this.#config.watch) return;
    const changed = await this.#watch.changes();
    if (changed.length === 0) return;
    this.#settings.logger.debug({ component: this.#settings.id, paths: changed.slice(0, 10) }, 'files have changed');
    // Refused: said already, and tried again when something changes again.
    await this.#reload(false).catch(() => {});
  }

  async #followLists(): Promise<void> {
    const { changes, diagnostics, digests } = await this.#fileLists.poll();
    this.#report(diagnostics);
    if (digests.size > 0) await this.#memory.remember(digests, { all: false });
    const all = [...changes, ...(await this.#storeLists.poll())];
    if (all.length > 0) this.#follower?.listsChanged(new Set(all.map(({ name }) => name)), this.#content.ruleset);
    for (const change of all) this.#tellOfList(change);
    const failing = this.#storeLists.failing();
    if (failing.length > 0) {
      const reason = `lists of the store cannot be read: ${failing.join(', ')}`;
      this.#host.reportStatus(this.#settings.id, { state: 'recoverable_error', reason });
    } else if (this.#isFailing) this.#host.reportStatus(this.#settings.id, { state: 'ok' });
    this.#isFailing = failing.length > 0;
  }

  async #reload(forced: boolean): Promise<void> {
    let content: LoadedContent;
    try {
      content = await this.#read();
    } catch (error) {
      throw this.#refuse(1, error instanceof Error ? error.message : String(error));
    }
    // Only touched, or a file that is none of the ruleset's: what is in force is it.
    if (!forced && isSame(content, this.#content)) return;
    this.#report(content.diagnostics);
    if (!isUsable(content)) {
      this.#watch.add(watchedOf(content), content.digests);
      const errors = content.diagnostics.filter(({ severity }) => severity === 'fatal' || severity === 'error');
      throw this.#refuse(errors.length, errors.slice(0, MAX_SHOWN).map(formatDiagnostic).join('\n'));
    }
    try {
      await this.#follower?.prepare(content);
    } catch (error) {
      throw this.#refuse(1, error instanceof Error ? error.message : String(error));
    }
    if (this.#stopped) return;
    this.#accept(content);
    this.#use(content);
    this.#tellOfReload(content.ruleset);
    await this.#memory.remember(filesOf(content), { all: true });
  }

  #read(): Promise<LoadedContent> {
    const { baseDir, refuseWritable = false } = this.#settings;
    const resolveList = (name: string, store: string) => this.#storeLists.resolve(name, store);
    return loadContent(this.#config, baseDir, {
      resolveList,
      refuseWritable,
      keepSource: this.#follower !== undefined,
    });
  }

  #accept(content: UsableContent): void {
    this.#content = content;
    this.#fileLists = new FileLists(content.listFiles, content.digests, this.#config.dialect);
    this.#watch = new FileWatch(watchedOf(content), content.digests);
  }

  #refuse(errors: number, detail: string): ConfigError {
    const { id } = this.#settings;
    this.#reloads.add(1, { processor: id, outcome: 'refused' });
    this.#settings.logger.error({ component: id, errors }, 'reload refused; the old rules and lists stay in force');
    this.#host.reportHealth({ name: 'reload refused', subject: id, fields: { errors }, detail });
    return new ConfigError(`${id}: the new ruleset cannot be loaded: ${detail}`);
  }

  #tellOfReload({ rules, decoders, lists, fingerprint }: Ruleset): void {
    const { id } = this.#settings;
    const counts = { rules: rules.size, decoders: decoders.ids.size, lists: lists.size, fingerprint };
    this.#reloads.add(1, { processor: id, outcome: 'done' });
    this.#settings.logger.info({ component: id, ...counts }, 'ruleset reloaded');
    this.#host.reportHealth({ name: 'ruleset reloaded', subject: id, fields: counts });
  }

  #tellOfList({ name, by, at, added, removed, keys }: ListChange): void {
    const { id, logger } = this.#settings;
    this.#listChanges.add(1, { processor: id, list: name });
    const when = at === undefined ? undefined : new Date(at).toISOString();
    logger.info(
      { component: id, list: name, by, at: when, added, removed, keys: keys.map(bytesToText) },
      'list changed',
    );
    this.#host.reportHealth({ name: 'list changed', subject: name, fields: { by }, totals: { added, removed } });
  }

  #report(diagnostics: readonly Diagnostic[]): void {
    const { id, logger } = this.#settings;
    for (const diagnostic of diagnostics) {
      const fields = { component: id, code: diagnostic.code };
      const text = formatDiagnostic(diagnostic);
      if (diagnostic.severity === 'fatal' || diagnostic.severity === 'error') logger.error(fields, text);
      else if (diagnostic.severity === 'warning') logger.warn(fields, text);
      else logger.debug(fields, text);
    }
  }
}

function isUsable(content: LoadedContent): content is UsableContent {
  return content.ruleset !== undefined;
}

function isSame(one: LoadedContent, other: UsableContent): boolean {
  const agents = (content: LoadedContent) => JSON.stringify([...content.agentIds]);
  return one.ruleset?.fingerprint === other.ruleset.fingerprint && agents(one) === agents(other);
}

function filesOf({ files, digests }: LoadedContent): Map<string, string> {
  return new Map(files.flatMap((path) => (digests.has(path) ? [[path, digests.get(path) as string]] : [])));
}

/** What decides about the ruleset; lists have their own watch. */
function watchedOf({ files, directories, listFiles }: LoadedContent): Set<string> {
  const watched = new Set([...files, ...directories]);
  for (const { path } of listFiles) watched.delete(path);
  return watched;
}
