import type { Extension } from './component.ts';
import type { StateStore } from './state-store.ts';

/** An extension that opens a store in `start` and closes it in `shutdown`; `storage:` settings name it by its id. */
export interface StorageExtension extends Extension {
  /** @throws where the extension is not started */
  openedStore(): StateStore;
}

export function isStorageExtension(extension: Extension): extension is StorageExtension {
  return typeof (extension as Partial<StorageExtension>).openedStore === 'function';
}
