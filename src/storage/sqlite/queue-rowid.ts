/** Ids a queue can give out: 2^43, enough for ten thousand a second over 27 years. */
const IDS = 2 ** 43;
/** Queues of one store: what is left of the 53 bits that a number holds exactly. */
export const MAX_QUEUES = 2 ** 10 - 1;

/** `queue` from 1 to `MAX_QUEUES`, `id` from 0 to 2^43 - 1; what is outside of that is cut to the nearest. */
export function toRowid(queue: number, id: number): number {
  return queue * IDS + Math.min(Math.max(id, 0), IDS - 1);
}

export function idOfRowid(rowid: number): number {
  return rowid % IDS;
}

export function queueOfRowid(rowid: number): number {
  return Math.floor(rowid / IDS);
}

/** All rowids of a queue with an id greater than `afterId`, both bounds included. */
export function rowidsAfter(queue: number, afterId: number): { first: number; last: number } {
  return { first: toRowid(queue, afterId) + 1, last: toRowid(queue, IDS - 1) };
}
