import type { Category } from '../../compile/ruleset.ts';
import type { DynamicFields } from '../dynamic-fields.ts';
import { Event, NO_TEXTS, STATIC_SLOT } from '../event.ts';
import { ByteArena, type Chunk, RECORD_HEAD, wordOf } from './byte-arena.ts';
import { type FieldOrder, FieldOrders } from './field-names.ts';
import { growFloats } from './growing.ts';

/** How a text of a past event compares with another. */
export const Agreement = { missing: 0, same: 1, other: 2 } as const;
export type Agreement = (typeof Agreement)[keyof typeof Agreement];

/** Texts that are no static fields, behind the slots of those. */
export const TEXT_LOCATION = Object.keys(STATIC_SLOT).length;
export const TEXT_HOSTNAME = TEXT_LOCATION + 1;
export const TEXT_AGENT = TEXT_LOCATION + 2;

/** Where an event came from: its final rule, and the lists it was put into. */
export interface Origin {
  readonly ruleId: string;
  readonly lists: readonly string[];
}

const NOWHERE: Origin = { ruleId: '', lists: [] };
const NO_RECORD = -1;

// What is known of an event besides its record, side by side.
const ROW = 6;
/** Epoch seconds. */
const TIME = 0;
const MILLISECONDS = 1;
const SEQUENCE = 2;
const COST = 3;
const MATCHED = 4;
const ADDRESS = 5;

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
const SLOTS = 32;

/**
 * Past events by number, the next free one for each new event. They are kept as bytes and numbers instead of objects: tens of
 * thousands that live for minutes each are what a garbage collector is slowest with.
 */
export class PastEvents {
  private readonly arena = new ByteArena((owner, address) => {
    this.table[owner * ROW + ADDRESS] = address;
  });
  private readonly free: number[] = [];
  private count = 0;
  private table = new Float64Array(0);
  private origins: Origin[] = [];
  private readonly orders = new FieldOrders();
  /** Dynamic fields that are no part of the record, since they are not made yet. */
  private dynamics: (DynamicFields | undefined)[] = [];

  add(event: Event, sequence: number, origin: Origin): number {
    const past = this.open(event.time, sequence, origin);
    this.table[past * ROW + MILLISECONDS] = event.timeMs;
    this.table[past * ROW + MATCHED] = event.matched;
    const { dynamics } = event;
    const order = !dynamics || dynamics.isLazy ? undefined : this.orders.find(dynamics.names, dynamics.keys);
    if (dynamics && !order) this.dynamics[past] = dynamics;
    this.table[past * ROW + ADDRESS] = this.write(past, event, order);
    return past;
  }

  /** Only the time of an event that no list holds. */
  addTime(time: number, sequence: number): number {
    const past = this.open(time, sequence, NOWHERE);
    this.table[past * ROW + ADDRESS] = NO_RECORD;
    return past;
  }

  /** Leaves nothing but its time. */
  hollow(past: number): void {
    this.drop(past);
    this.table[past * ROW + ADDRESS] = NO_RECORD;
    this.origins[past] = NOWHERE;
  }

  remove(past: number): void {
    this.drop(past);
    this.free.push(past);
  }

  clear(): void {
    this.arena.clear();
    this.orders.clear();
    this.free.length = 0;
    this.count = 0;
    this.dynamics = [];
    this.origins = [];
  }

  /** Epoch seconds. */
  time(past: number): number {
    return this.table[past * ROW + TIME]!;
  }

  /** Its number in the order they came, which never comes again. */
  sequence(past: number): number {
    return this.table[past * ROW + SEQUENCE]!;
  }

  /** Bytes, as accounted. */
  cost(past: number): number {
    return this.table[past * ROW + COST]!;
  }

  setCost(past: number, bytes: number): void {
    this.table[past * ROW + COST] = bytes;
  }

  /** Level of the correlation rule that used the event up. */
  matched(past: number): number {
    return this.table[past * ROW + MATCHED]!;
  }

  mark(past: number, level: number): void {
    this.table[past * ROW + MATCHED] = level;
  }

  /** False where only its time is left. */
  isWhole(past: number): boolean {
    return this.table[past * ROW + ADDRESS] !== NO_RECORD;
  }

  origin(past: number): Origin {
    return this.origins[past]!;
  }

  setOrigin(past: number, origin: Origin): void {
    this.origins[past] = origin;
  }

  /** How one of its texts (a static slot, `TEXT_...`) compares with another. */
  compare(past: number, text: number, other: string): Agreement {
    const address = this.table[past * ROW + ADDRESS]!;
    const { words, bytes } = this.arena.chunkOf(address);
    const at = wordOf(address);
    const statics = words[at + STATICS]!;
    let start = textsOf(words, at) + words[at + FULL_LENGTH]!;
    if (words[at + LOG_START]! < 0) start += words[at + LOG_LENGTH]!;
    let length = words[at + LOCATION_LENGTH]!;
    if (text === TEXT_LOCATION) return agreementOf(bytes, start, length, other);
    start += length;
    length = words[at + HOSTNAME_LENGTH]!;
    if (text === TEXT_HOSTNAME) return agreementOf(bytes, start, length, other);
    start += length;
    length = words[at + AGENT_LENGTH]!;
    if (text === TEXT_AGENT) return agreementOf(bytes, start, length, other);
    start += length;
    for (let word = at + FIRST_STATIC, end = word + statics; word < end; word++) {
      length = words[word]! >>> 5;
      if ((words[word]! & (SLOTS - 1)) === text) return agreementOf(bytes, start, length, other);
      start += length;
    }
    return Agreement.missing;
  }

  /** How a dynamic field compares with a text; `key` is its name in lower case. */
  compareField(past: number, key: string, other: string): Agreement {
    const dynamics = this.dynamics[past];
    if (dynamics) {
      const value = dynamics.get(key);
      if (value === undefined) return Agreement.missing;
      return value === other ? Agreement.same : Agreement.other;
    }
    const address = this.table[past * ROW + ADDRESS]!;
    const { words, bytes } = this.arena.chunkOf(address);
    const at = wordOf(address);
    const place = this.orders.at(words[at + FIELD_ORDER]!).keys.indexOf(key);
    if (place < 0) return Agreement.missing;
    let start = textsOf(words, at) + words[at + FULL_LENGTH]!;
    if (words[at + LOG_START]! < 0) start += words[at + LOG_LENGTH]!;
    start += words[at + LOCATION_LENGTH]! + words[at + HOSTNAME_LENGTH]! + words[at + AGENT_LENGTH]!;
    let word = at + FIRST_STATIC;
    for (const end = word + words[at + STATICS]!; word < end; word++) start += words[word]! >>> 5;
    for (const end = word + place; word < end; word++) start += words[word]!;
    return agreementOf(bytes, start, words[word]!, other);
  }

  dynamicCount(past: number): number {
    const dynamics = this.dynamics[past];
    if (dynamics) return dynamics.count;
    const address = this.table[past * ROW + ADDRESS]!;
    return this.arena.chunkOf(address).words[wordOf(address) + FIELDS]!;
  }

  /** How many dynamic fields it keeps beside its record. */
  looseFields(past: number): number {
    return this.dynamics[past]?.count ?? 0;
  }

  /** Bytes of its texts and of what stands beside them. */
  size(past: number): number {
    const address = this.table[past * ROW + ADDRESS]!;
    return this.arena.chunkOf(address).words[wordOf(address) + 1]! * 4;
  }

  category(past: number): Category {
    const address = this.table[past * ROW + ADDRESS]!;
    return CATEGORIES[this.arena.chunkOf(address).words[wordOf(address) + CATEGORY]!]!;
  }

  fullLog(past: number): string {
    const address = this.table[past * ROW + ADDRESS]!;
    const { words, bytes } = this.arena.chunkOf(address);
    const at = wordOf(address);
    const start = textsOf(words, at);
    return bytes.latin1Slice(start, start + words[at + FULL_LENGTH]!);
  }

  log(past: number): string {
    const address = this.table[past * ROW + ADDRESS]!;
    const { words, bytes } = this.arena.chunkOf(address);
    const at = wordOf(address);
    const texts = textsOf(words, at);
    const own = words[at + LOG_START]! < 0;
    const start = texts + words[at + (own ? FULL_LENGTH : LOG_START)]!;
    return bytes.latin1Slice(start, start + words[at + LOG_LENGTH]!);
  }

  /** All of it, as an event of its own; fields are shared. */
  read(past: number): Event {
    const address = this.table[past * ROW + ADDRESS]!;
    const { words, bytes } = this.arena.chunkOf(address);
    const at = wordOf(address);
    const statics = words[at + STATICS]!;
    let start = textsOf(words, at) + words[at + FULL_LENGTH]!;
    if (words[at + LOG_START]! < 0) start += words[at + LOG_LENGTH]!;
    const next = (length: number): string => {
      start += length;
      return bytes.latin1Slice(start - length, start);
    };
    const event = new Event(
      this.table[past * ROW + MILLISECONDS]!,
      this.fullLog(past),
      next(words[at + LOCATION_LENGTH]!),
    );
    const whole = words[at + LOG_START] === 0 && words[at + LOG_LENGTH] === words[at + FULL_LENGTH];
    event.log = whole ? event.fullLog : this.log(past);
    event.hostname = next(words[at + HOSTNAME_LENGTH]!);
    event.agentId = next(words[at + AGENT_LENGTH]!);
    event.category = CATEGORIES[words[at + CATEGORY]!]!;
    for (let word = at + FIRST_STATIC, end = word + statics; word < end; word++) {
      event.statics[words[word]! & (SLOTS - 1)] = next(words[word]! >>> 5);
    }
    const order = this.orders.at(words[at + FIELD_ORDER]!);
    for (const [place, name] of order.names.entries()) {
      event.addDynamic(name, next(words[at + FIRST_STATIC + statics + place]!), order.keys[place]!);
    }
    if (this.dynamics[past]) event.dynamics = this.dynamics[past];
    event.matched = this.table[past * ROW + MATCHED]!;
    event.sequence = this.table[past * ROW + SEQUENCE]!;
    event.ruleId = this.origins[past]!.ruleId;
    event.lists = this.origins[past]!.lists;
    return event;
  }

  private open(time: number, sequence: number, origin: Origin): number {
    const past = this.free.pop() ?? this.count++;
    if (this.count * ROW > this.table.length) this.grow();
    this.table[past * ROW + TIME] = time;
    this.table[past * ROW + MILLISECONDS] = time * 1000;
    this.table[past * ROW + SEQUENCE] = sequence;
    this.table[past * ROW + MATCHED] = 0;
    this.table[past * ROW + COST] = 0;
    this.origins[past] = origin;
    this.dynamics[past] = undefined;
    return past;
  }

  private drop(past: number): void {
    const address = this.table[past * ROW + ADDRESS]!;
    if (address !== NO_RECORD) this.arena.free(address);
    this.dynamics[past] = undefined;
  }

  private write(past: number, event: Event, order: FieldOrder | undefined): number {
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
    const address = this.arena.allocate(head + ((size + 3) >> 2), past);
    const { words, bytes } = this.arena.chunkOf(address);
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

  private grow(): void {
    this.table = growFloats(this.table, Math.max(64 * ROW, this.table.length * 2));
  }
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
