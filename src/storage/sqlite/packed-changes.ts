import type { Change } from '../../component/state-store.ts';

/** A change whose bytes lie in a shared buffer, `length` bytes from `at`. */
type PackedChange =
  | { op: 'put'; namespace: string; key: string; at: number; length: number }
  | { op: 'delete'; namespace: string; key: string }
  | { op: 'enqueue'; queue: string; at: number; length: number }
  | { op: 'dequeue'; queue: string; ids: readonly number[] };

/** One commit on its way to the writing thread; `data` can be transferred. */
export interface PackedCommit {
  changes: PackedChange[];
  data: ArrayBuffer;
}

/**
 * Copies all bytes of a commit into one buffer: the caller may go on using its own, and the writing thread gets these
 * alone. (Posting the arrays themselves would copy the whole memory block that each of them is a part of.)
 */
export function packCommit(changes: readonly Change[]): PackedCommit {
  const data = new Uint8Array(sizeOf(changes));
  let at = 0;
  const place = (bytes: Uint8Array) => {
    const placed = { at, length: bytes.byteLength };
    data.set(bytes, at);
    at += bytes.byteLength;
    return placed;
  };
  const packed = changes.map((change): PackedChange => {
    if (change.op === 'put') {
      return { op: 'put', namespace: change.namespace, key: change.key, ...place(change.value) };
    }
    if (change.op === 'enqueue') return { op: 'enqueue', queue: change.queue, ...place(change.payload) };
    if (change.op === 'delete') return { op: 'delete', namespace: change.namespace, key: change.key };
    return { op: 'dequeue', queue: change.queue, ids: [...change.ids] };
  });
  return { changes: packed, data: data.buffer };
}

export function unpackCommit({ changes, data }: PackedCommit): Change[] {
  return changes.map((change): Change => {
    if (change.op === 'put') {
      const value = new Uint8Array(data, change.at, change.length);
      return { op: 'put', namespace: change.namespace, key: change.key, value };
    }
    if (change.op === 'enqueue') {
      return { op: 'enqueue', queue: change.queue, payload: new Uint8Array(data, change.at, change.length) };
    }
    return change;
  });
}

function sizeOf(changes: readonly Change[]): number {
  let size = 0;
  for (const change of changes) {
    if (change.op === 'put') size += change.value.byteLength;
    else if (change.op === 'enqueue') size += change.payload.byteLength;
  }
  return size;
}
