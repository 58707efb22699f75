import type { Category } from '../../compile/ruleset.ts';
import { Event } from '../event.ts';
import { ByteReader, ByteWriter } from './byte-writer.ts';
import { decodeJson } from './store-key.ts';

/** First byte of stored events. Those of older versions, one to a row, are JSON and begin with a brace. */
const VERSION = 1;
/** Never more words than an event has of them; a count beyond is damage. */
const MAX_FIELDS = 1_000_000;

const writer = new ByteWriter();
/** Texts and lists of the events being written that came before, by their numbers. */
const words = new Map<string, number>();
const lists = new Map<readonly string[], number>();

/**
 * What history searches need of past events, in one piece: what is alike in several of them (hosts, files, rules, names
 * of fields) stands there once.
 */
export function encodeEvents(events: readonly Event[]): Uint8Array {
  writer.count(VERSION);
  writer.count(events.length);
  for (const event of events) writeEvent(event);
  words.clear();
  lists.clear();
  return writer.take();
}

function writeEvent(event: Event): void {
  const { fullLog, log, statics, dynamicCount } = event;
  writer.number(event.sequence);
  writer.number(event.timeMs);
  writer.text(fullLog);
  writer.count(log === fullLog ? 0 : 1);
  if (log !== fullLog) writer.text(log);
  writeWord(event.category);
  writeWord(event.location);
  writeWord(event.hostname);
  writeWord(event.agentId);
  writeWord(event.ruleId);
  writer.count(event.matched);
  writeLists(event.lists);
  let slots = 0;
  for (let slot = 0; slot < statics.length; slot++) if (statics[slot] !== undefined) slots |= 1 << slot;
  writer.count(slots >>> 0);
  for (let slot = 0; slot < statics.length; slot++) {
    const value = statics[slot];
    if (value !== undefined) writer.text(value);
  }
  writer.count(dynamicCount);
  if (dynamicCount === 0) return;
  const { dynamicNames, dynamicValues } = event;
  for (let index = 0; index < dynamicNames.length; index++) {
    writeWord(dynamicNames[index]!);
    writer.text(dynamicValues[index] ?? '');
  }
}

/** Its number, from 1, or 0 and the text where it comes for the first time. */
function writeWord(text: string): void {
  const known = words.get(text);
  if (known !== undefined) {
    writer.count(known);
    return;
  }
  words.set(text, words.size + 1);
  writer.count(0);
  writer.text(text);
}

/** Lists are the same object for all events of a rule. */
function writeLists(names: readonly string[]): void {
  const known = lists.get(names);
  if (known !== undefined) {
    writer.count(known);
    return;
  }
  lists.set(names, lists.size + 1);
  writer.count(0);
  writer.count(names.length);
  for (const name of names) writer.text(name);
}

/** The events of one row, each with its number; undefined where the stored bytes are damaged. */
export function decodeEvents(bytes: Uint8Array): Event[] | undefined {
  try {
    const reader = new ByteReader(bytes);
    if (reader.count() !== VERSION) return undefined;
    const texts: string[] = [];
    const known: string[][] = [];
    const events: Event[] = [];
    for (let left = reader.count(); left > 0; left--) events.push(readEvent(reader, texts, known));
    return reader.isAtEnd ? events : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function readEvent(reader: ByteReader, texts: string[], known: string[][]): Event {
  const word = () => readKnown(reader, texts, () => reader.text());
  const sequence = reader.number();
  const timeMs = reader.number();
  const fullLog = reader.text();
  const log = reader.count() === 0 ? fullLog : reader.text();
  const category = word() as Category;
  const event = new Event(timeMs, fullLog, word());
  event.sequence = sequence;
  event.log = log;
  event.category = category;
  event.hostname = word();
  event.agentId = word();
  event.ruleId = word();
  event.matched = reader.count();
  event.lists = readKnown(reader, known, () => Array.from({ length: readSize(reader) }, () => reader.text()));
  const slots = reader.count();
  for (let slot = 0; slot < 32; slot++) if ((slots & (1 << slot)) !== 0) event.statics[slot] = reader.text();
  for (let left = readSize(reader); left > 0; left--) event.addDynamic(word(), reader.text());
  return event;
}

function readSize(reader: ByteReader): number {
  const size = reader.count();
  if (size > MAX_FIELDS) throw new RangeError(`${size} fields`);
  return size;
}

function readKnown<T>(reader: ByteReader, known: T[], read: () => T): T {
  const number = reader.count();
  if (number > known.length) throw new RangeError(`nothing has the number ${number}`);
  if (number > 0) return known[number - 1]!;
  const made = read();
  known.push(made);
  return made;
}

/** An event as older versions stored it. */
interface OldEvent {
  t: number;
  f: string;
  l?: string;
  c: Category;
  p: string;
  h: string;
  a: string;
  s: readonly (readonly [slot: number, value: string])[];
  d: readonly (readonly [name: string, value: string])[];
  m?: number;
  i: readonly string[];
  r: string;
}

/** A row of an older version; its number is its key. Undefined where the stored bytes are damaged. */
export function decodeOldEvent(bytes: Uint8Array): Event | undefined {
  const stored = decodeJson(bytes) as Partial<OldEvent> | undefined;
  if (typeof stored !== 'object' || stored === null) return undefined;
  if (typeof stored.t !== 'number' || typeof stored.f !== 'string' || !Array.isArray(stored.i)) return undefined;
  const event = new Event(stored.t, stored.f, stored.p ?? '');
  event.log = stored.l ?? stored.f;
  event.category = stored.c ?? 'syslog';
  event.hostname = stored.h ?? '';
  event.agentId = stored.a ?? '000';
  for (const [slot, value] of stored.s ?? []) event.statics[slot] = value;
  for (const [name, value] of stored.d ?? []) event.addDynamic(name, value);
  event.matched = stored.m ?? 0;
  event.lists = stored.i;
  event.ruleId = stored.r ?? '';
  return event;
}
