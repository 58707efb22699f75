import type { Category } from '../../compile/ruleset.ts';
import type { DynamicFields } from '../dynamic-fields.ts';
import type { Event } from '../event.ts';
import { ByteArena, wordOf } from './byte-arena.ts';
import { FieldOrders } from './field-orders.ts';
import { growFloats } from './growing.ts';
import {
  Agreement,
  categoryOf,
  compareText,
  compareValue,
  fieldCountOf,
  fullLogOf,
  logOf,
  readRecord,
  sizeOf,
  writeRecord,
} from './past-record.ts';

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
    this.table[past * ROW + ADDRESS] = writeRecord(this.arena, past, event, order);
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
    return compareText(this.arena.chunkOf(address), wordOf(address), text, other);
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
    return compareValue(this.arena.chunkOf(address), wordOf(address), this.orders, key, other);
  }

  dynamicCount(past: number): number {
    const dynamics = this.dynamics[past];
    if (dynamics) return dynamics.count;
    const address = this.table[past * ROW + ADDRESS]!;
    return fieldCountOf(this.arena.chunkOf(address), wordOf(address));
  }

  /** How many dynamic fields it keeps beside its record. */
  looseFields(past: number): number {
    return this.dynamics[past]?.count ?? 0;
  }

  /** Bytes of its texts and of what stands beside them. */
  size(past: number): number {
    const address = this.table[past * ROW + ADDRESS]!;
    return sizeOf(this.arena.chunkOf(address), wordOf(address));
  }

  category(past: number): Category {
    const address = this.table[past * ROW + ADDRESS]!;
    return categoryOf(this.arena.chunkOf(address), wordOf(address));
  }

  fullLog(past: number): string {
    const address = this.table[past * ROW + ADDRESS]!;
    return fullLogOf(this.arena.chunkOf(address), wordOf(address));
  }

  log(past: number): string {
    const address = this.table[past * ROW + ADDRESS]!;
    return logOf(this.arena.chunkOf(address), wordOf(address));
  }

  /** All of it, as an event of its own; fields are shared. */
  read(past: number): Event {
    const address = this.table[past * ROW + ADDRESS]!;
    const timeMs = this.table[past * ROW + MILLISECONDS]!;
    const event = readRecord(this.arena.chunkOf(address), wordOf(address), timeMs, this.orders);
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

  private grow(): void {
    this.table = growFloats(this.table, Math.max(64 * ROW, this.table.length * 2));
  }
}
