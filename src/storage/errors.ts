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
