import { type Category, type Decoder, type FieldRef, STATIC_FIELDS, type StaticField } from '../compile/ruleset.ts';
import { DynamicFields, type LazyFields } from './dynamic-fields.ts';
import { lowerAscii } from './lower-ascii.ts';
import type { SearchKey } from './search-key.ts';

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

/**
 * One event on its way through the engine; all texts are bytes (latin1). Rules see what pre-decoding and decoding left
 * here; histories keep a record of it (`PastEvents`), and what is to be stored stays until its batch is.
 * Its texts stay as they are once it is decided: an alert's record is made of them when its batch leaves.
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
  /** Made with the first: most events have none. Past events keep it. */
  dynamics: DynamicFields | undefined = undefined;
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
  /** The digest of what past events have to share with it, as that key makes it; 0: it agrees with none. */
  searchDigest = 0;
  searchKey: SearchKey | undefined = undefined;

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
    return this.openDynamics().names;
  }

  get dynamicValues(): string[] {
    return this.openDynamics().values;
  }

  /** How many there are. */
  get dynamicCount(): number {
    return this.dynamics === undefined ? 0 : this.dynamics.count;
  }

  /** `key` is the name in lower case, where it is known. */
  addDynamic(name: string, value: string, key: string = lowerAscii(name)): void {
    this.openDynamics().add(name, value, key);
  }

  addLazily(fields: LazyFields): void {
    this.openDynamics().addLazily(fields);
  }

  /** The first field of that name; `key` is in lower case. */
  dynamic(key: string): string | undefined {
    return this.dynamics === undefined ? undefined : this.dynamics.get(key);
  }

  private openDynamics(): DynamicFields {
    this.dynamics ??= new DynamicFields();
    return this.dynamics;
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
