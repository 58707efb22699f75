import type { Extension } from '../component/component.ts';
import { ConfigError } from '../component/errors.ts';
import type { Host } from '../component/host.ts';
import type { SharedList } from '../component/shared-list.ts';
import type { StateStore } from '../component/state-store.ts';
import { isStorageExtension, type StorageExtension } from '../component/storage-extension.ts';
import type { HealthFeed } from './health-feed.ts';
import type { ComponentKind } from './spec.ts';
import type { StatusBoard } from './status.ts';
import type { StoreBinding } from './store-binding.ts';

export interface Stores {
  /** Undefined before it is open. */
  defaultStore(): StateStore | undefined;
  /** Lists of the default store. */
  openDefaultList(name: string): Promise<SharedList>;
  extensions: ReadonlyMap<string, Extension>;
}

/** What a component is and belongs to. */
export interface HostFor {
  readonly kind: ComponentKind;
  readonly id: string;
  /** Of the pipelines the component is part of; none for extensions. */
  readonly bindings: readonly StoreBinding[];
  readonly feed: HealthFeed;
}

/** The host as one component sees it: a receiver and an exporter may have the same id. */
export function createHost({ kind, id, bindings, feed }: HostFor, stores: Stores, board: StatusBoard): Host {
  return {
    store(extensionId) {
      const store =
        extensionId === undefined ? stores.defaultStore() : storageOf(stores.extensions, extensionId).openedStore();
      if (!store) throw new Error('the store is not open yet');
      for (const binding of bindings) binding.bind(store, `${kind} "${id}"`);
      return store;
    },
    openList: async (name, extensionId) =>
      extensionId === undefined
        ? stores.openDefaultList(name)
        : storageOf(stores.extensions, extensionId).openList(name),
    extension: (extensionId) => stores.extensions.get(extensionId),
    reportStatus: (componentId, status) => board.report(`${kind}:${componentId}`, status),
    reportHealth: (event) => feed.report(event),
    health: () => board.health(),
  };
}

function storageOf(extensions: ReadonlyMap<string, Extension>, id: string): StorageExtension {
  const extension = extensions.get(id);
  if (!extension) {
    throw new ConfigError(`storage: there is no extension "${id}", or service.extensions does not list it`);
  }
  if (!isStorageExtension(extension)) throw new ConfigError(`storage: the extension "${id}" holds no store`);
  return extension;
}
