import type { Host, Settings } from '../../component/host.ts';
import type { SharedList } from '../../component/shared-list.ts';
import type { StateStore } from '../../component/state-store.ts';
import type { StorageExtension } from '../../component/storage-extension.ts';
import { openList, openStore } from '../../storage/open.ts';
import type { KeyvStorageConfig } from './config.ts';

/** Holds the store that a URI names, for all components or for those whose `storage:` names it. */
export class KeyvStorageExtension implements StorageExtension {
  readonly #settings: Settings;
  readonly #config: KeyvStorageConfig;
  #opening: Promise<StateStore> | undefined;
  #store: StateStore | undefined;

  constructor(settings: Settings, config: KeyvStorageConfig) {
    this.#settings = settings;
    this.#config = config;
  }

  async start(host: Host): Promise<void> {
    const { uri, namespace, lease } = this.#config;
    const { logger, meter, clock } = this.#settings;
    this.#opening = openStore(uri, {
      logger,
      meter,
      clock,
      namespace,
      leaseMs: lease,
      reportHealth: (event) => host.reportHealth(event),
    });
    this.#store = await this.#opening;
  }

  async shutdown(): Promise<void> {
    const store = await this.#opening?.catch(() => undefined);
    await store?.close();
  }

  openedStore(): StateStore {
    if (!this.#store) throw new Error(`the extension "${this.#settings.id}" is not started`);
    return this.#store;
  }

  openList(name: string): Promise<SharedList> {
    return openList(this.#config.uri, name, this.#settings.clock);
  }
}
