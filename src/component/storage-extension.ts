import type { Extension } from './component.ts';
import type { SharedList } from './shared-list.ts';
import type { StateStore } from './state-store.ts';

/** An extension that opens a store in `start` and closes it in `shutdown`; `storage:` settings name it by its id. */
export interface StorageExtension extends Extension {
  /** @throws where the extension is not started */
  openedStore(): StateStore;
  /** A list that lies beside the state, for all processes that use this server; needs no ownership of the store. */
  openList(name: string): Promise<SharedList>;
}

export function isStorageExtension(extension: Extension): extension is StorageExtension {
  return typeof (extension as Partial<StorageExtension>).openedStore === 'function';
}
