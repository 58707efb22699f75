import { type Dialect, type Rule, STATIC_FIELDS, type StaticField } from '../compile/ruleset.ts';
import { type Event, STATIC_SLOT } from './event.ts';
import type { TrippedLimit } from './match.ts';
import type { Baseline } from './walk.ts';

/** Why an event never reached the rules. */
export type DropReason =
  /** A firewall event without one of action, addresses, ports, protocol. */
  | 'firewall-incomplete'
  /** The OSSEC daemon saw the same line among its last three. */
  | 'repeated'
  /** OSSEC never sees lines of fewer than two bytes. */
  | 'too-short'
  /** The location walks up the directory tree. */
  | 'bad-location'
  /** Queue and location ask for a decoder that is not built; `detail` names it. */
  | 'queue-not-built';

/** What a rule's winning did not lead to. */
export type SilencedBy = 'ignore' | 'check_if_ignored' | 'forwarded';

/** What the engine decided about one event. Texts are bytes (latin1). */
export interface Verdict {
  /** Header parts, decoder and fields; see `listFields`. */
  readonly event: Event;
  /** The original rejects the datagram. */
  readonly error: 'format' | undefined;
  readonly dropped: DropReason | undefined;
  /** More about `dropped`. */
  readonly detail: string | undefined;
  /** The result, also at level 0 and when silenced. */
  readonly rule: Rule | undefined;
  /** The description with its fields filled in. */
  readonly description: string;
  readonly firedtimes: number;
  /** The alert goes out (session: would be announced). */
  readonly alert: boolean;
  /** The rule's own log flag and not silenced: what a live engine writes. */
  readonly logged: boolean;
  readonly silenced: SilencedBy | undefined;
  readonly baselines: readonly Baseline[];
  /** Rules whose `check_diff` refused the event for its size. */
  readonly tooLarge: readonly string[];
  /** Rules whose `check_diff` left the event out, since a later run of the command was there before. */
  readonly stale: readonly string[];
  readonly tripped: readonly TrippedLimit[];
}

/** OSSEC has one slot for `data` and `extra_data`, and a short word for the protocol. */
const OSSEC_NAMES: Readonly<Partial<Record<StaticField, string>>> = { data: 'extra_data', protocol: 'proto' };

/** Static fields in the order of `alerts.json`, then dynamic ones as they were decoded; repeated names included. */
export function listFields(event: Event, dialect: Dialect): [name: string, value: string][] {
  return [...listStatics(event.statics, dialect), ...listDynamics(event)];
}

/** Of the fields of an event of OSSEC those that expressions captured: without what plug-ins and the accumulator set. */
export function listCaptures(event: Event): [name: string, value: string][] {
  if (event.decoder?.plugin) return [];
  return [...listStatics(event.decodedStatics ?? event.statics, 'ossec'), ...listDynamics(event)];
}

function listDynamics(event: Event): [name: string, value: string][] {
  return event.dynamics?.names.map((name, index) => [name, event.dynamicValues[index] ?? '']) ?? [];
}

function listStatics(statics: readonly (string | undefined)[], dialect: Dialect): [name: string, value: string][] {
  const fields: [string, string][] = [];
  for (const name of STATIC_FIELDS) {
    const value = statics[STATIC_SLOT[name]];
    if (value !== undefined) fields.push([staticName(name, dialect), value]);
  }
  return fields;
}

/** What a dialect calls a static field. */
export function staticName(name: StaticField, dialect: Dialect): string {
  return dialect === 'ossec' ? (OSSEC_NAMES[name] ?? name) : name;
}
