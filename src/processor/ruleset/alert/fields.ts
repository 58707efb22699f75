import type { AnyValue } from '../../../pdata/any-value.ts';
import { bytesToText } from '../bytes.ts';
import { type Dialect, STATIC_FIELDS } from '../compile/ruleset.ts';
import type { Event } from '../evaluate/event.ts';
import { ownCopy } from '../evaluate/state/own-copy.ts';
import { staticName } from '../evaluate/verdict.ts';
import { SEMANTIC_FIELDS, semanticPlace, semanticValue } from './semantic-fields.ts';

type Visit = (value: AnyValue, name: string) => void;

interface FieldNames {
  /** As decoders name it; bytes. */
  readonly name: string;
  readonly attribute: string;
  /** In the table of semantic names, or -1. */
  readonly place: number;
}

/** Names come from decoders and, in JSON, from senders: both what is remembered and how long it may be has a bound. */
const MAX_KNOWN = 4096;
const MAX_KNOWN_NAME = 128;
const known = new Map<string, FieldNames>();

const describeStatics = (dialect: Dialect): readonly FieldNames[] =>
  STATIC_FIELDS.map((field) => describeField(staticName(field, dialect)));

const STATICS: Readonly<Record<Dialect, readonly FieldNames[]>> = {
  wazuh: describeStatics('wazuh'),
  ossec: describeStatics('ossec'),
};

/** Names of one event; up to so many are compared one by one. */
const FEW = 8;
const names: string[] = [];
let manyNames: Set<string> | undefined;

/** What one event says under semantic names, by place in the table. */
const found: (string | undefined)[] = SEMANTIC_FIELDS.map(() => undefined);
let highest = -1;
/** Attributes with a value by now. */
const taken = new Set<string>();

/**
 * The decoded fields of an event as attributes, under their own and their semantic names, each once: what
 * `alertAttributes` makes of them. All that is needed on the way is kept for the next event, so that next to nothing is
 * allocated.
 */
export function visitFields(event: Event, dialect: Dialect, visit: Visit): void {
  const { statics, dynamicCount } = event;
  const table = STATICS[dialect];
  manyNames = dynamicCount > FEW ? new Set() : undefined;
  for (let slot = 0; slot < table.length; slot++) {
    const value = statics[slot];
    if (value !== undefined) visitField(table[slot]!, value, visit);
  }
  if (dynamicCount > 0) {
    const { dynamicNames, dynamicValues } = event;
    for (let index = 0; index < dynamicNames.length; index++) {
      visitField(namesOf(dynamicNames[index]!), dynamicValues[index] ?? '', visit);
    }
  }
  names.length = 0;
  manyNames = undefined;
  if (highest >= 0) visitSemantic(visit);
}

function visitField({ name, attribute, place }: FieldNames, bytes: string, visit: Visit): void {
  // Of a repeated name the first counts.
  if (isRepeated(name)) return;
  const value = bytesToText(bytes);
  if (place >= 0) {
    found[place] = value;
    if (place > highest) highest = place;
  }
  visit(value, attribute);
}

function isRepeated(name: string): boolean {
  if (manyNames) {
    if (manyNames.has(name)) return true;
    manyNames.add(name);
    return false;
  }
  for (let index = 0; index < names.length; index++) if (names[index] === name) return true;
  names.push(name);
  return false;
}

/** In the order of the table: of several fields with one attribute the first that says something counts. */
function visitSemantic(visit: Visit): void {
  for (let place = 0; place <= highest; place++) {
    const text = found[place];
    if (text === undefined) continue;
    found[place] = undefined;
    const { attribute } = SEMANTIC_FIELDS[place]!;
    if (taken.has(attribute)) continue;
    const value = semanticValue(place, text);
    if (value === undefined) continue;
    taken.add(attribute);
    visit(value, attribute);
  }
  taken.clear();
  highest = -1;
}

const SEMANTIC_ATTRIBUTES = new Set(SEMANTIC_FIELDS.map(({ attribute }) => attribute)).size;

/** As many attributes as an event's fields are at most. */
export function countAttributes({ statics, dynamicCount }: Event): number {
  let fields = dynamicCount;
  for (let slot = 0; slot < statics.length; slot++) if (statics[slot] !== undefined) fields++;
  return fields + Math.min(fields, SEMANTIC_ATTRIBUTES);
}

/** Bytes that a field's attributes take besides its names and values. */
const AROUND = 96;

/**
 * More bytes than the attributes of an event's fields can take, names included; infinite where a value has more than
 * `longest` characters.
 */
export function boundFields(event: Event, longest: number): number {
  const { statics, dynamicCount } = event;
  let bytes = 0;
  for (let slot = 0; slot < statics.length; slot++) {
    const value = statics[slot];
    if (value !== undefined) bytes += AROUND + boundOf(value, longest);
  }
  if (dynamicCount === 0) return bytes;
  const { dynamicNames, dynamicValues } = event;
  for (let index = 0; index < dynamicNames.length; index++) {
    bytes += AROUND + dynamicNames[index]!.length * 3 + boundOf(dynamicValues[index] ?? '', longest);
  }
  return bytes;
}

/** A byte becomes three where it is no UTF-8; the value stands under two names. */
function boundOf(value: string, longest: number): number {
  return value.length <= longest ? value.length * 6 : Number.POSITIVE_INFINITY;
}

function namesOf(name: string): FieldNames {
  const described = known.get(name);
  if (described) return described;
  const made = describeField(name);
  if (name.length > MAX_KNOWN_NAME) return made;
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(ownCopy(name), made);
  return made;
}

function describeField(name: string): FieldNames {
  const text = bytesToText(name);
  return { name: ownCopy(name), attribute: `hids.data.${text}`, place: semanticPlace(text) };
}
