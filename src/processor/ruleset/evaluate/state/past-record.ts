import type { Category } from '../../compile/ruleset.ts';
import { Event, NO_TEXTS, STATIC_SLOT } from '../event.ts';
import { type ByteArena, type Chunk, RECORD_HEAD, wordOf } from './byte-arena.ts';
import type { FieldOrder, FieldOrders } from './field-orders.ts';

/** How a text of a past event compares with another. */
export const Agreement = { missing: 0, same: 1, other: 2 } as const;
export type Agreement = (typeof Agreement)[keyof typeof Agreement];

/** Texts that are no static fields, behind the slots of those. */
export const TEXT_LOCATION = Object.keys(STATIC_SLOT).length;
export const TEXT_HOSTNAME = TEXT_LOCATION + 1;
export const TEXT_AGENT = TEXT_LOCATION + 2;

// Words of a record, then one for each static field (its length and slot) and dynamic one (its length), then the texts in
// that order.
const FULL_LENGTH = RECORD_HEAD;
/** Where the log begins in the full log; -1: it is no part of it and stands behind it. */
const LOG_START = RECORD_HEAD + 1;
const LOG_LENGTH = RECORD_HEAD + 2;
const LOCATION_LENGTH = RECORD_HEAD + 3;
const HOSTNAME_LENGTH = RECORD_HEAD + 4;
const AGENT_LENGTH = RECORD_HEAD + 5;
const CATEGORY = RECORD_HEAD + 6;
const STATICS = RECORD_HEAD + 7;
/** The order of the names of its dynamic fields; 0: it has none, or they are kept as they are. */
const FIELD_ORDER = RECORD_HEAD + 8;
const FIELDS = RECORD_HEAD + 9;
const FIRST_STATIC = RECORD_HEAD + 10;
/** A length and a slot in one word. */
const SLOT_BITS = 5;
const SLOTS = 1 << SLOT_BITS;

/** The texts of an event as a record of that owner; with the order of its dynamic fields those as well. */
export function writeRecord(arena: ByteArena, owner: number, event: Event, order: FieldOrder | undefined): number {
  const { fullLog, log, location, hostname, agentId, statics } = event;
  const logStart = startOf(fullLog, log);
  let size = fullLog.length + location.length + hostname.length + agentId.length;
  if (logStart < 0) size += log.length;
  let count = 0;
  for (const value of statics) {
    if (value === undefined) continue;
    size += value.length;
    count++;
  }
  const values = order === undefined ? NO_TEXTS : event.dynamicValues;
  for (const value of values) size += value.length;
  const head = FIRST_STATIC + count + values.length;
  const address = arena.allocate(head + ((size + 3) >> 2), owner);
  const { words, bytes } = arena.chunkOf(address);
  const at = wordOf(address);
  words[at + FULL_LENGTH] = fullLog.length;
  words[at + LOG_START] = logStart;
  words[at + LOG_LENGTH] = log.length;
  words[at + LOCATION_LENGTH] = location.length;
  words[at + HOSTNAME_LENGTH] = hostname.length;
  words[at + AGENT_LENGTH] = agentId.length;
  words[at + CATEGORY] = CATEGORY_NUMBERS[event.category];
  words[at + STATICS] = count;
  words[at + FIELD_ORDER] = order === undefined ? 0 : order.number;
  words[at + FIELDS] = values.length;
  let start = writeText(bytes, (at + head) * 4, fullLog);
  if (logStart < 0) start = writeText(bytes, start, log);
  start = writeText(bytes, start, location);
  start = writeText(bytes, start, hostname);
  start = writeText(bytes, start, agentId);
  let word = at + FIRST_STATIC;
  for (let slot = 0; slot < statics.length; slot++) {
    const value = statics[slot];
    if (value === undefined) continue;
    words[word++] = value.length * SLOTS + slot;
    start = writeText(bytes, start, value);
  }
  for (const value of values) {
    words[word++] = value.length;
    start = writeText(bytes, start, value);
  }
  return address;
}

/** What `writeRecord` wrote, as an event. */
export function readRecord(chunk: Chunk, at: number, timeMs: number, orders: FieldOrders): Event {
  const { words, bytes } = chunk;
  let start = behindLogs(words, at);
  const next = (length: number): string => {
    start += length;
    return bytes.latin1Slice(start - length, start);
  };
  const event = new Event(timeMs, fullLogOf(chunk, at), next(words[at + LOCATION_LENGTH]!));
  const isWhole = words[at + LOG_START] === 0 && words[at + LOG_LENGTH] === words[at + FULL_LENGTH];
  if (!isWhole) event.log = logOf(chunk, at);
  event.hostname = next(words[at + HOSTNAME_LENGTH]!);
  event.agentId = next(words[at + AGENT_LENGTH]!);
  event.category = categoryOf(chunk, at);
  let word = at + FIRST_STATIC;
  for (const end = word + words[at + STATICS]!; word < end; word++) {
    event.statics[words[word]! & (SLOTS - 1)] = next(words[word]! >>> SLOT_BITS);
  }
  const { names, keys } = orders.at(words[at + FIELD_ORDER]!);
  for (const [place, name] of names.entries()) event.addDynamic(name, next(words[word++]!), keys[place]!);
  return event;
}

/** How one of its texts (a static slot, `TEXT_...`) compares with another. */
export function compareText({ words, bytes }: Chunk, at: number, text: number, other: string): Agreement {
  let start = behindLogs(words, at);
  let length = words[at + LOCATION_LENGTH]!;
  if (text === TEXT_LOCATION) return agreementOf(bytes, start, length, other);
  start += length;
  length = words[at + HOSTNAME_LENGTH]!;
  if (text === TEXT_HOSTNAME) return agreementOf(bytes, start, length, other);
  start += length;
  length = words[at + AGENT_LENGTH]!;
  if (text === TEXT_AGENT) return agreementOf(bytes, start, length, other);
  start += length;
  let word = at + FIRST_STATIC;
  for (const end = word + words[at + STATICS]!; word < end; word++) {
    length = words[word]! >>> SLOT_BITS;
    if ((words[word]! & (SLOTS - 1)) === text) return agreementOf(bytes, start, length, other);
    start += length;
  }
  return Agreement.missing;
}

/** How the first of its dynamic fields of that name in lower case compares with a text. */
export function compareValue(
  { words, bytes }: Chunk,
  at: number,
  orders: FieldOrders,
  key: string,
  other: string,
): Agreement {
  const place = orders.at(words[at + FIELD_ORDER]!).keys.indexOf(key);
  if (place < 0) return Agreement.missing;
  let start = behindLogs(words, at);
  start += words[at + LOCATION_LENGTH]! + words[at + HOSTNAME_LENGTH]! + words[at + AGENT_LENGTH]!;
  let word = at + FIRST_STATIC;
  for (const end = word + words[at + STATICS]!; word < end; word++) start += words[word]! >>> SLOT_BITS;
  for (const end = word + place; word < end; word++) start += words[word]!;
  return agreementOf(bytes, start, words[word]!, other);
}

export function fieldCountOf({ words }: Chunk, at: number): number {
  return words[at + FIELDS]!;
}

/** Bytes of the whole record. */
export function sizeOf({ words }: Chunk, at: number): number {
  return words[at + 1]! * 4;
}

export function categoryOf({ words }: Chunk, at: number): Category {
  return CATEGORIES[words[at + CATEGORY]!]!;
}

export function fullLogOf({ words, bytes }: Chunk, at: number): string {
  const start = textsOf(words, at);
  return bytes.latin1Slice(start, start + words[at + FULL_LENGTH]!);
}

export function logOf({ words, bytes }: Chunk, at: number): string {
  const isOwn = words[at + LOG_START]! < 0;
  const start = textsOf(words, at) + words[at + (isOwn ? FULL_LENGTH : LOG_START)]!;
  return bytes.latin1Slice(start, start + words[at + LOG_LENGTH]!);
}

const CATEGORY_NUMBERS: Readonly<Record<Category, number>> = {
  syslog: 0,
  ids: 1,
  firewall: 2,
  'web-log': 3,
  squid: 4,
  windows: 5,
  'host-information': 6,
  ossec: 7,
  'ossec-alert': 8,
};
const CATEGORIES = Object.keys(CATEGORY_NUMBERS) as readonly Category[];

/** Where the log is a part of the full one, nearly always its end; else -1. */
function startOf(fullLog: string, log: string): number {
  return fullLog.endsWith(log) ? fullLog.length - log.length : -1;
}

/** Where the texts of a record begin in the bytes of its chunk. */
function textsOf(words: Int32Array, at: number): number {
  return (at + FIRST_STATIC + words[at + STATICS]! + words[at + FIELDS]!) * 4;
}

/** Where the texts behind the logs begin. */
function behindLogs(words: Int32Array, at: number): number {
  const start = textsOf(words, at) + words[at + FULL_LENGTH]!;
  return words[at + LOG_START]! < 0 ? start + words[at + LOG_LENGTH]! : start;
}

/** Shorter ones are written faster one by one. */
const MIN_NATIVE = 12;

/** Returns where the text ends. */
function writeText(bytes: Chunk['bytes'], start: number, text: string): number {
  const { length } = text;
  if (length >= MIN_NATIVE) bytes.latin1Write(text, start, length);
  else for (let at = 0; at < length; at++) bytes[start + at] = text.charCodeAt(at);
  return start + length;
}

function agreementOf(bytes: Uint8Array, start: number, length: number, other: string): Agreement {
  if (other.length !== length) return Agreement.other;
  for (let at = 0; at < length; at++) if (bytes[start + at] !== other.charCodeAt(at)) return Agreement.other;
  return Agreement.same;
}
