import type { Change, StateStore } from '../component/state-store.ts';
import type { Fingerprint } from './fingerprint.ts';

/** Where reading of one file stands, as the store keeps it. */
export interface Checkpoint {
  /** Device and inode: `DEV:INO`. */
  key: string;
  /** Path under which the file was first found; it is the location of its lines also after a rename. */
  path: string;
  /** First byte that was not handed over, but for `pending`. */
  offset: number;
  fingerprint: Fingerprint;
  /** How often this inode was truncated while it was read: the same bytes at the same place are then another event. */
  generation: number;
  /** The offset lies within a line that was cut; the rest of that line is skipped. */
  skipping: boolean;
  /**
   * Lines before `offset` that were read but not handed over yet (records of open audit events):
   * offsets of their first byte and of the byte behind them, in turn.
   */
  pending: number[];
  /** No path of the patterns led to the file any more, and it was read to its end. */
  left: boolean;
  /** What was read here is read on from a copy, under another key: what lies here now is new. */
  moved?: boolean;
  /** What the receiver itself wants to know after a restart. */
  state: string;
  /** Epoch milliseconds of the last change. */
  time: number;
}

/** Under this key lies the configuration that the checkpoints belong to; keys of files have a colon. */
const PATTERNS_KEY = 'patterns';
/** Begins the keys of states just before a file's content was replaced, which a copy of that content continues. */
const FORMER_PREFIX = 'former/';

export function checkpointNamespace(receiverId: string): string {
  return `tail/${receiverId}`;
}

export function putCheckpoint(receiverId: string, checkpoint: Checkpoint): Change {
  const { key, ...value } = checkpoint;
  return { op: 'put', namespace: checkpointNamespace(receiverId), key, value: Buffer.from(JSON.stringify(value)) };
}

export function deleteCheckpoint(receiverId: string, key: string): Change {
  return { op: 'delete', namespace: checkpointNamespace(receiverId), key };
}

export function putFormer(receiverId: string, former: Checkpoint): Change {
  const value = Buffer.from(JSON.stringify(former));
  return { op: 'put', namespace: checkpointNamespace(receiverId), key: formerKey(former), value };
}

export function deleteFormer(receiverId: string, former: Checkpoint): Change {
  return { op: 'delete', namespace: checkpointNamespace(receiverId), key: formerKey(former) };
}

function formerKey({ key, generation }: Checkpoint): string {
  return `${FORMER_PREFIX}${key}/${generation}`;
}

export function putPatterns(receiverId: string, patterns: string): Change {
  const namespace = checkpointNamespace(receiverId);
  return { op: 'put', namespace, key: PATTERNS_KEY, value: Buffer.from(patterns) };
}

/**
 * All checkpoints of a receiver; `formers`, oldest first, belong to content that was replaced, `damaged` are the keys of
 * those that cannot be read.
 */
export function loadCheckpoints(
  store: StateStore,
  receiverId: string,
): { checkpoints: Checkpoint[]; formers: Checkpoint[]; patterns: string | undefined; damaged: string[] } {
  const checkpoints: Checkpoint[] = [];
  const formers: Checkpoint[] = [];
  const damaged: string[] = [];
  let patterns: string | undefined;
  for (const [key, value] of store.entries(checkpointNamespace(receiverId))) {
    const text = Buffer.from(value).toString('utf8');
    if (key === PATTERNS_KEY) {
      patterns = text;
      continue;
    }
    const isFormer = key.startsWith(FORMER_PREFIX);
    const checkpoint = decode(isFormer ? key.slice(FORMER_PREFIX.length, key.lastIndexOf('/')) : key, text);
    if (checkpoint) (isFormer ? formers : checkpoints).push(checkpoint);
    else damaged.push(key);
  }
  formers.sort((a, b) => a.time - b.time || a.generation - b.generation);
  return { checkpoints, formers, patterns, damaged };
}

function decode(key: string, text: string): Checkpoint | undefined {
  try {
    const value: Omit<Checkpoint, 'key'> = JSON.parse(text);
    const { head, tail } = value.fingerprint;
    const numbers = [value.offset, value.generation, head.size, tail.size, ...value.pending];
    if (!numbers.every((number) => Number.isSafeInteger(number) && number >= 0)) return undefined;
    if (!Number.isFinite(value.time)) return undefined;
    return typeof value.path === 'string' && typeof value.state === 'string' ? { ...value, key } : undefined;
  } catch {
    return undefined;
  }
}
