import { type Category, type Decoder, type FieldRef, STATIC_FIELDS, type StaticField } from '../compile/ruleset.ts';
import type { HistoryRow } from './state/history-rows.ts';

/** Slot of every static name. */
export const STATIC_SLOT: Readonly<Record<StaticField, number>> = Object.fromEntries(
  STATIC_FIELDS.map((name, slot) => [name, slot]),
) as Record<StaticField, number>;

/** A literal, which is shared until something is written into it. */
function emptyStatics(): (string | undefined)[] {
  // biome-ignore format: one for each of STATIC_FIELDS
  return [
    undefined, undefined, undefined, undefined, undefined, undefined, undefined, undefined,
    undefined, undefined, undefined, undefined, undefined, undefined, undefined, undefined,
  ];
}

export const NO_TEXTS: readonly string[] = [];

/** Dynamic fields that are only made when somebody lists them. */
export interface LazyFields {
  readonly count: number;
  /** The first field of that name; `key` is in lower case. Null where it cannot tell: then all have to be made. */
  get(key: string): string | undefined | null;
  list(into: (name: string, value: string) => void): void;
}

/**
 * One event on its way through the engine; all texts are bytes (latin1). Rules see what pre-decoding and decoding left
 * here, and histories keep it while a correlation may still need it.
 */
export class Event {
  /** Receive time, epoch milliseconds and seconds: the only clock rules see. */
  readonly timeMs: number;
  readonly time: number;
  /** The whole message. */
  fullLog: string;
  /** The text after the header: what decoders, `match` and `regex` see. */
  log: string;
  location: string;
  /** `000` for the engine's own host. */
  agentId = '000';
  /** Never empty-handed: agent name, header host or the engine's own host. */
  hostname = '';
  /** False where `hostname` is the engine's own for want of another. */
  hostnameKnown = false;
  programName: string | undefined = undefined;
  timestamp: string | undefined = undefined;
  /** The deciding XML decoder; undefined for events of internal decoders and undecoded ones. */
  decoder: Decoder | undefined = undefined;
  decoderName: string | undefined = undefined;
  decoderParent: string | undefined = undefined;
  decoderId = 0;
  category: Category = 'syslog';
  /** By slot. */
  readonly statics: (string | undefined)[] = emptyStatics();
  // Made with the first field: most events have none, and histories keep events by the ten thousands.
  private names: string[] | undefined = undefined;
  /** ASCII lower case of `names`. */
  private keys: string[] | undefined = undefined;
  private values: string[] | undefined = undefined;
  /** Fields behind those, not made yet. */
  private lazy: LazyFields | undefined = undefined;
  /** Length of `log` when rules were first asked: `maxsize` and `check_diff` go by it. */
  size = 0;
  /** Level of the correlation rule that used this event up. */
  matched = 0;
  /** Earlier logs of a history search, newest first, or the two lines of `check_diff`. */
  previous: readonly string[] = NO_TEXTS;
  previousLog: string | undefined = undefined;
  /** When the command ran, epoch milliseconds. */
  runTimeMs: number | undefined = undefined;
  /** Command alias that separates `check_diff` slots. */
  alias: string | undefined = undefined;
  /** Rule id the OSSECAlert plug-in found in a forwarded alert. */
  forwardedRule: string | undefined = undefined;
  accumulated = false;
  /** The static fields as they were before the accumulator filled them up, where it did. */
  decodedStatics: readonly (string | undefined)[] | undefined = undefined;
  /** Number in the recent-event list, once there. */
  sequence = 0;
  /** Histories it was put into. */
  lists: readonly string[] = NO_TEXTS;
  /** Final rule. */
  ruleId = '';
  /** A history forgot it: searches pass it by. */
  gone = false;
  /** Where the store holds it, and as the how manieth of that row. */
  row: HistoryRow | undefined = undefined;
  place = 0;
  /** Bytes that a history accounts for it. */
  cost = 0;
  /** What past events have to share with it, as the index of that signature knows it; undefined: it agrees with none. */
  searchKey: string | undefined = undefined;
  searchKeySignature: string | undefined = undefined;

  constructor(timeMs: number, fullLog: string, location: string) {
    this.timeMs = timeMs;
    this.time = Math.floor(timeMs / 1000);
    this.fullLog = fullLog;
    this.log = fullLog;
    this.location = location;
  }

  static(name: StaticField): string | undefined {
    return this.statics[STATIC_SLOT[name]];
  }

  setStatic(name: StaticField, value: string): void {
    this.statics[STATIC_SLOT[name]] = value;
  }

  get dynamicNames(): string[] {
    if (this.lazy) this.settle();
    this.names ??= [];
    return this.names;
  }

  get dynamicValues(): string[] {
    if (this.lazy) this.settle();
    this.values ??= [];
    return this.values;
  }

  /** How many there are. */
  get dynamicCount(): number {
    return (this.names?.length ?? 0) + (this.lazy?.count ?? 0);
  }

  /** `key` is the name in lower case, where it is known. */
  addDynamic(name: string, value: string, key: string = lowerAscii(name)): void {
    if (this.lazy) this.settle();
    this.names ??= [];
    this.keys ??= [];
    this.values ??= [];
    this.names.push(name);
    this.keys.push(key);
    this.values.push(value);
  }

  addLazily(fields: LazyFields): void {
    if (this.lazy) this.settle();
    this.lazy = fields;
  }

  /** The first field of that name; `key` is in lower case. */
  dynamic(key: string): string | undefined {
    const index = this.keys === undefined ? -1 : this.keys.indexOf(key);
    if (index >= 0) return this.values![index];
    if (!this.lazy) return undefined;
    const value = this.lazy.get(key);
    if (value !== null) return value;
    this.settle();
    return this.dynamic(key);
  }

  private settle(): void {
    const fields = this.lazy;
    this.lazy = undefined;
    fields?.list((name, value) => this.addDynamic(name, value));
  }

  field(ref: FieldRef): string | undefined {
    return ref.kind === 'static' ? this.statics[ref.slot] : this.dynamic(ref.key);
  }

  /** What `user` conditions test. */
  user(): string | undefined {
    return this.statics[STATIC_SLOT.dstuser] ?? this.statics[STATIC_SLOT.srcuser];
  }
}

/**
 * Whose memory an event takes: its agent's, or for events of the own host that of the host its header names. Whoever may
 * write any header there can pass for any number of hosts; agents are told apart by what their senders may speak for.
 */
export function memoryHost(event: Event): string {
  return event.agentId === '000' ? event.hostname.slice(0, MAX_HOST_NAME) : event.agentId;
}

/** Longer names are none; memory is kept by name. */
const MAX_HOST_NAME = 256;

const UPPER = /[A-Z]/;

/** ASCII only: bytes above 127 stay, as in the originals. */
export function lowerAscii(text: string): string {
  return UPPER.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text;
}
