import type { Extension } from '../component/component.ts';
import { ConfigError } from '../component/errors.ts';
import type { Host } from '../component/host.ts';
import type { StateStore } from '../component/state-store.ts';
import { isStorageExtension } from '../component/storage-extension.ts';
import type { ComponentKind } from './spec.ts';
import type { StatusBoard } from './status.ts';

export interface Stores {
  /** Undefined before it is open. */
  defaultStore(): StateStore | undefined;
  extensions: ReadonlyMap<string, Extension>;
}

/** The host as components of one kind see it: a receiver and an exporter may have the same id. */
export function createHost(kind: ComponentKind, stores: Stores, board: StatusBoard): Host {
  return {
    store(extensionId) {
      if (extensionId !== undefined) return storeOf(stores.extensions, extensionId);
      const store = stores.defaultStore();
      if (!store) throw new Error('the store is not open yet');
      return store;
    },
    extension: (id) => stores.extensions.get(id),
    reportStatus: (componentId, status) => board.report(`${kind}:${componentId}`, status),
  };
}

function storeOf(extensions: ReadonlyMap<string, Extension>, id: string): StateStore {
  const extension = extensions.get(id);
  if (!extension) {
    throw new ConfigError(`storage: there is no extension "${id}", or service.extensions does not list it`);
  }
  if (!isStorageExtension(extension)) throw new ConfigError(`storage: the extension "${id}" holds no store`);
  return extension.openedStore();
}
