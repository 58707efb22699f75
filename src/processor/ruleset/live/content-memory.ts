import { fileURLToPath } from 'node:url';
import type { Host, Settings } from '../../../component/host.ts';
import type { RulesetConfig } from '../config.ts';
import { StateView, stateScope } from '../state-view.ts';

const NAMESPACE = 'content';
const KEY = 'files';
/** Names that an event shows. */
const MAX_SHOWN = 20;
/** What comes with this program may lie elsewhere the next time. */
const OWN = fileURLToPath(new URL('../../../../config/ruleset/', import.meta.url));

/**
 * What was last in force, by file: remembered in the store, so that a start with other rules, decoders or lists is an event
 * that rules see, as a reload is. Lists of the store are left out: whoever changes them is remembered there.
 */
export class ContentMemory {
  readonly #settings: Settings;
  readonly #host: Host;
  readonly #store: StateView;
  #digests = new Map<string, string>();

  constructor(settings: Settings, config: Pick<RulesetConfig, 'storage'>, host: Host) {
    this.#settings = settings;
    this.#host = host;
    this.#store = new StateView(host.store(config.storage), stateScope(settings));
  }

  /** At a start: tells what is not as it was. The digests are those of all files that were read. */
  async compare(digests: ReadonlyMap<string, string>): Promise<void> {
    const now = named(digests);
    const before = this.#read();
    this.#digests = now;
    const changes = before === undefined ? [] : differences(before, now);
    if (changes.length > 0) this.#tell(changes);
    if (before === undefined || changes.length > 0) await this.#write();
  }

  /** While running, where each change is told by itself: all of the files, or those that changed. */
  async remember(digests: ReadonlyMap<string, string>, { all }: { all: boolean }): Promise<void> {
    this.#digests = new Map([...(all ? [] : this.#digests), ...named(digests)]);
    await this.#write();
  }

  #tell(changes: readonly string[]): void {
    const { id, logger } = this.#settings;
    const shown = changes.slice(0, MAX_SHOWN);
    logger.warn(
      { component: id, files: changes.length, changes: shown },
      'decoders, rules or lists are not as they last were',
    );
    const detail = [...shown, ...(changes.length > MAX_SHOWN ? ['...'] : [])].join('\n');
    this.#host.reportHealth({ name: 'ruleset changed', subject: id, fields: { files: changes.length }, detail });
  }

  #read(): Map<string, string> | undefined {
    try {
      const value = this.#store.get(NAMESPACE, KEY);
      return value && new Map(JSON.parse(Buffer.from(value).toString()) as [string, string][]);
    } catch {
      return undefined;
    }
  }

  async #write(): Promise<void> {
    const value = Buffer.from(JSON.stringify([...this.#digests]));
    await this.#store.commit([{ op: 'put', namespace: NAMESPACE, key: KEY, value }]).catch((error: unknown) => {
      // It is told once more at the next start.
      const fields = { component: this.#settings.id, error: String(error) };
      this.#settings.logger.warn(fields, 'which rules are in force cannot be stored');
    });
  }
}

function named(digests: ReadonlyMap<string, string>): Map<string, string> {
  const short = (path: string) => (path.startsWith(OWN) ? `otel-hids:${path.slice(OWN.length)}` : path);
  return new Map([...digests].map(([path, digest]) => [short(path), digest.slice(0, 32)]));
}

function differences(before: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): string[] {
  const changes: string[] = [];
  for (const [path, digest] of now) {
    const known = before.get(path);
    if (known === undefined) changes.push(`new: ${path}`);
    else if (known !== digest) changes.push(`changed: ${path}`);
  }
  for (const path of before.keys()) if (!now.has(path)) changes.push(`gone: ${path}`);
  return changes;
}
