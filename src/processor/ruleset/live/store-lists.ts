import type { Logger } from '../../../component/host.ts';
import type { SharedList } from '../../../component/shared-list.ts';
import { textToBytes } from '../bytes.ts';
import { MemoryList } from '../compile/memory-list.ts';
import { compareEntries, type ListChange } from './list-change.ts';

interface StoreList {
  readonly store: string;
  readonly shared: SharedList;
  /** By the names that rules use; one stored list may stand for several. */
  readonly lists: Map<string, MemoryList>;
  /** As bytes, as the engine looks them up. */
  entries: ReadonlyMap<string, string>;
  version: string;
  isFailing: boolean;
}

/**
 * Lists of the store, held in memory and followed by their version. They stay the same objects over reloads of the
 * ruleset. A list that cannot be read keeps what it has; that is said once, and once more when it is over.
 */
export class StoreLists {
  readonly #open: (store: string) => Promise<SharedList>;
  readonly #logger: Logger;
  readonly #component: string;
  readonly #known = new Map<string, StoreList>();

  constructor(open: (store: string) => Promise<SharedList>, logger: Logger, component: string) {
    this.#open = open;
    this.#logger = logger;
    this.#component = component;
  }

  /**
   * The list that rules know as `name`, with what the store holds.
   * @throws where it cannot be read
   */
  async resolve(name: string, store: string): Promise<MemoryList> {
    const known = this.#known.get(store) ?? (await this.#read(store));
    const list = known.lists.get(name) ?? new MemoryList(name, known.entries);
    known.lists.set(name, list);
    return list;
  }

  /** Looks whether the store holds other versions, and takes them over. */
  async poll(): Promise<ListChange[]> {
    // Side by side: a server that does not answer must not delay the lists of another one.
    const changes = await Promise.all([...this.#known.values()].map((known) => this.#follow(known)));
    return changes.flat();
  }

  async close(): Promise<void> {
    const known = [...this.#known.values()];
    this.#known.clear();
    await Promise.allSettled(known.map(({ shared }) => shared.close()));
  }

  async #read(store: string): Promise<StoreList> {
    const shared = await this.#open(store);
    try {
      const version = await shared.version();
      const entries = toBytes(await shared.read());
      const known = { store, shared, lists: new Map(), entries, version, isFailing: false };
      this.#known.set(store, known);
      return known;
    } catch (error) {
      await shared.close().catch(() => {});
      throw error;
    }
  }

  async #follow(known: StoreList): Promise<ListChange[]> {
    const { shared, store } = known;
    const fields = { component: this.#component, list: `keyv:${store}` };
    try {
      const edit = await shared.lastEdit();
      const version = edit?.version ?? '';
      let changes: ListChange[] = [];
      if (version !== known.version) {
        const entries = toBytes(await shared.read());
        const before = known.entries;
        known.version = version;
        known.entries = entries;
        for (const list of known.lists.values()) list.replace(entries);
        const difference = await compareEntries(before, entries);
        const isSame = difference.added + difference.removed === 0;
        const who = edit && { by: edit.by, at: edit.at };
        if (!isSame) changes = [...known.lists.keys()].map((name) => ({ name, ...who, ...difference }));
      }
      if (known.isFailing) this.#logger.info(fields, 'the list can be read again');
      known.isFailing = false;
      return changes;
    } catch (error) {
      if (!known.isFailing) {
        this.#logger.error({ ...fields, error }, 'the list cannot be read; its last content stays in force');
      }
      known.isFailing = true;
      return [];
    }
  }

  /** Stores whose lists cannot be read now. */
  failing(): string[] {
    return [...this.#known.values()].filter(({ isFailing }) => isFailing).map(({ store }) => store);
  }
}

function toBytes(entries: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...entries].map(([key, value]) => [textToBytes(key), textToBytes(value)]));
}
