import type { Change } from '../component/state-store.ts';

/**
 * Refuses what no store could keep, before anything is written: an error here concerns one `commit` call alone.
 * Contents are checked at run time because a wrong value found later would take other callers' changes with it.
 */
export function checkChanges(changes: readonly Change[]): void {
  for (const change of changes) {
    switch (change.op) {
      case 'put':
        checkText('namespace', change.namespace);
        checkText('key', change.key);
        checkBytes('value', change.value);
        break;
      case 'delete':
        checkText('namespace', change.namespace);
        checkText('key', change.key);
        break;
      case 'enqueue':
        checkText('queue', change.queue);
        checkBytes('payload', change.payload);
        break;
      case 'dequeue':
        checkText('queue', change.queue);
        for (const id of change.ids) {
          if (!Number.isSafeInteger(id)) throw new TypeError(`dequeue: ${String(id)} is no id of a queue item`);
        }
        break;
      default:
        throw new TypeError(`unknown change ${JSON.stringify((change as { op?: unknown }).op)}`);
    }
  }
}

/** Lone surrogates have no UTF-8 form: two different keys would become one on disk. */
function checkText(what: string, text: string): void {
  if (typeof text !== 'string' || !text.isWellFormed()) throw new TypeError(`${what} is no well-formed text`);
}

function checkBytes(what: string, bytes: Uint8Array): void {
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`${what} must be a Uint8Array`);
}
