import { type Category, type Decoder, type FieldRef, STATIC_FIELDS, type StaticField } from '../compile/ruleset.ts';

/** Slot of every static name. */
export const STATIC_SLOT: Readonly<Record<StaticField, number>> = Object.fromEntries(
  STATIC_FIELDS.map((name, slot) => [name, slot]),
) as Record<StaticField, number>;

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
  readonly statics: (string | undefined)[] = [];
  readonly dynamicNames: string[] = [];
  /** ASCII lower case of `dynamicNames`. */
  readonly dynamicKeys: string[] = [];
  readonly dynamicValues: string[] = [];
  /** Length of `log` when rules were first asked: `maxsize` and `check_diff` go by it. */
  size = 0;
  /** Level of the correlation rule that used this event up. */
  matched = 0;
  /** Earlier logs of a history search, newest first, or the two lines of `check_diff`. */
  readonly previous: string[] = [];
  previousLog: string | undefined = undefined;
  /** When the command ran, epoch milliseconds. */
  runTimeMs: number | undefined = undefined;
  /** Command alias that separates `check_diff` slots. */
  alias: string | undefined = undefined;
  /** Rule id the OSSECAlert plug-in found in a forwarded alert. */
  forwardedRule: string | undefined = undefined;
  accumulated = false;
  /** Number in the recent-event list, once there. */
  sequence = 0;
  /** Histories it was put into. */
  lists: readonly string[] = [];
  /** Final rule. */
  ruleId = '';

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

  addDynamic(name: string, value: string): void {
    this.dynamicNames.push(name);
    this.dynamicKeys.push(lowerAscii(name));
    this.dynamicValues.push(value);
  }

  /** The first field of that name; `key` is in lower case. */
  dynamic(key: string): string | undefined {
    const index = this.dynamicKeys.indexOf(key);
    return index < 0 ? undefined : this.dynamicValues[index];
  }

  field(ref: FieldRef): string | undefined {
    return ref.kind === 'static' ? this.statics[ref.slot] : this.dynamic(ref.key);
  }

  /** What `user` conditions test. */
  user(): string | undefined {
    return this.statics[STATIC_SLOT.dstuser] ?? this.statics[STATIC_SLOT.srcuser];
  }
}

const UPPER = /[A-Z]/;

/** ASCII only: bytes above 127 stay, as in the originals. */
export function lowerAscii(text: string): string {
  return UPPER.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text;
}
