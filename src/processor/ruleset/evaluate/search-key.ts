import { randomInt } from 'node:crypto';
import type { Correlation, CorrelationKey, Dialect } from '../compile/ruleset.ts';
import { type Event, STATIC_SLOT } from './event.ts';
import type { PastEvents } from './state/past-events.ts';
import { Agreement, TEXT_AGENT, TEXT_HOSTNAME, TEXT_LOCATION } from './state/past-record.ts';

/**
 * What past events must share with an event: agent and values. Rules that ask for the same share one, by `searchKeys`.
 */
export class SearchKey {
  /** Texts of an event, as `PastEvents.compare` numbers them. */
  private readonly texts: readonly number[];
  private readonly fields: readonly string[];

  constructor({ globalFrequency, same, sameFields }: Correlation, dialect: Dialect) {
    const ossec = dialect === 'ossec';
    const texts = same.map((key) => textOf(key, ossec));
    this.texts = globalFrequency || ossec ? texts : [TEXT_AGENT, ...texts];
    this.fields = ossec ? [] : sameFields;
  }

  /** A digest of its values, never 0; 0 where it lacks one, so that nothing agrees. */
  digest(event: Event): number {
    if (event.searchKey === this) return event.searchDigest;
    event.searchKey = this;
    event.searchDigest = this.makeDigest(event);
    return event.searchDigest;
  }

  /** Whether a past event has the same values; the event lacks none. */
  agrees(event: Event, events: PastEvents, past: number): boolean {
    for (const text of this.texts)
      if (events.compare(past, text, valueIn(event, text)!) !== Agreement.same) return false;
    for (const field of this.fields) {
      if (events.compareField(past, field, event.dynamic(field)!) !== Agreement.same) return false;
    }
    return true;
  }

  private makeDigest(event: Event): number {
    let digest = SEED;
    for (const text of this.texts) {
      const value = valueIn(event, text);
      if (value === undefined) return 0;
      digest = mix(digest, value);
    }
    for (const field of this.fields) {
      const value = event.dynamic(field);
      if (value === undefined) return 0;
      digest = mix(digest, value);
    }
    return digest === 0 ? 1 : digest;
  }
}

/** Gives rules that ask for the same one key. */
export function searchKeys(dialect: Dialect): (correlation: Correlation) => SearchKey {
  const keys = new Map<string, SearchKey>();
  return (correlation) => {
    const { globalFrequency, same, sameFields } = correlation;
    const text = JSON.stringify([globalFrequency, same, sameFields]);
    let key = keys.get(text);
    if (!key) {
      key = new SearchKey(correlation, dialect);
      keys.set(text, key);
    }
    return key;
  };
}

/** The text that a `same_...` or `different_...` compares. */
export function textOf(key: CorrelationKey, ossec: boolean): number {
  if (key === 'location') return ossec ? TEXT_HOSTNAME : TEXT_LOCATION;
  return STATIC_SLOT[key === 'user' ? 'dstuser' : key];
}

function valueIn(event: Event, text: number): string | undefined {
  switch (text) {
    case TEXT_AGENT:
      return event.agentId;
    case TEXT_HOSTNAME:
      return event.hostname;
    case TEXT_LOCATION:
      return event.location;
    default:
      return event.statics[text];
  }
}

/** Another one in each process: or senders could choose values that share a digest. */
const SEED = randomInt(2 ** 32) | 0;
const PRIME = 0x01000193;

/** The length behind a text keeps values apart. */
function mix(digest: number, text: string): number {
  const { length } = text;
  for (let at = 0; at < length; at++) {
    digest = Math.imul(digest ^ text.charCodeAt(at), PRIME);
    digest ^= digest >>> 15;
  }
  return Math.imul(digest ^ length, PRIME);
}
