/** A commit after `close`. */
export class StoreClosedError extends Error {
  override name = 'StoreClosedError';

  constructor() {
    super('the store is closed');
  }
}

/** Another process owns the store; the message says which store and, where known, which process. */
export class StoreLockedError extends Error {
  override name = 'StoreLockedError';
}

/** The store could not write now (full disk, lost connection); nothing of the commit is stored, a later one may succeed. */
export class StoreWriteError extends Error {
  override name = 'StoreWriteError';
}

/** What is stored cannot be read as a store of ours any more. */
export class StoreCorruptError extends Error {
  override name = 'StoreCorruptError';
}
