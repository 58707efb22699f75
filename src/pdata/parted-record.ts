import type { AnyValue, Attributes } from './any-value.ts';
import { cloneAttributes, cloneValue } from './clone.ts';
import type { LogRecord } from './logs.ts';

/** Attributes that many records have. One object for all of these; nobody changes what it says. */
export class SharedAttributes {
  readonly entries: ReadonlyMap<string, AnyValue>;
  /** What an encoder made of them, kept for the next record. */
  encoded: Uint8Array | undefined = undefined;

  constructor(entries: ReadonlyMap<string, AnyValue>) {
    this.entries = entries;
  }
}

/** What can be listed, each name once: a map, or something that makes them while it lists them. */
export interface ListedAttributes {
  forEach(visit: (value: AnyValue, name: string) => void): void;
}

/** All attributes of a record: the shared ones, then its own. No name is in several of them. */
export interface SplitAttributes {
  readonly shared: SharedAttributes;
  /** Those that it shares with its neighbours. */
  readonly near?: SharedAttributes | undefined;
  readonly own: ListedAttributes;
}

/**
 * A record most of whose attributes are the same as those of others: the map of all of them is only made when somebody
 * asks for it. Who can do with the two parts, as an encoder that keeps the bytes of the shared one, asks for `split`.
 * Its fields may be made when they are asked for, too: who wants a copy asks `cloneRecord`, not for `{ ...record }`.
 */
export abstract class PartedRecord implements LogRecord {
  abstract readonly timeUnixNano: bigint;
  abstract readonly observedTimeUnixNano: bigint;
  abstract readonly severityNumber: number;
  abstract readonly severityText: string;
  abstract readonly eventName: string;
  abstract readonly body: AnyValue;
  abstract readonly traceId: string;
  abstract readonly spanId: string;
  abstract readonly flags: number;
  abstract readonly droppedAttributesCount: number;
  abstract readonly identity: string;
  abstract readonly alert?: NonNullable<LogRecord['alert']>;
  private whole: Attributes | undefined = undefined;

  protected abstract parts(): SplitAttributes;

  /** The parts; undefined once the map was handed out, since it may have been changed then. */
  get split(): SplitAttributes | undefined {
    return this.whole === undefined ? this.parts() : undefined;
  }

  get attributes(): Attributes {
    this.whole ??= joinAttributes(this.parts());
    return this.whole;
  }

  set attributes(attributes: Attributes) {
    this.whole = attributes;
  }
}

function joinAttributes({ shared, near, own }: SplitAttributes): Attributes {
  const attributes = cloneAttributes(shared.entries);
  if (near) for (const [name, value] of near.entries) attributes.set(name, cloneValue(value));
  own.forEach((value, name) => {
    attributes.set(name, cloneValue(value));
  });
  return attributes;
}
