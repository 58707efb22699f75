import type { AnyValue, Attributes } from './any-value.ts';
import { cloneAttributes, cloneValue } from './clone.ts';
import type { LogRecord } from './logs.ts';

/** Attributes that many records begin with. One object for all of these; nobody changes it. */
export interface SharedAttributes {
  readonly entries: ReadonlyMap<string, AnyValue>;
}

/** What can be listed, each name once: a map, or something that makes them while it lists them. */
export interface ListedAttributes {
  forEach(visit: (value: AnyValue, name: string) => void): void;
}

/** All attributes of a record: the shared ones, then its own. No name is in both. */
export interface SplitAttributes {
  readonly shared: SharedAttributes;
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

/** A record in two parts that is complete as it is. */
export class SplitRecord extends PartedRecord {
  readonly timeUnixNano: bigint;
  readonly observedTimeUnixNano: bigint;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly eventName: string;
  readonly body: AnyValue;
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: number;
  readonly droppedAttributesCount: number;
  readonly identity: string;
  readonly alert?: NonNullable<LogRecord['alert']>;
  private readonly made: SplitAttributes;

  constructor(fields: Omit<LogRecord, 'attributes'>, split: SplitAttributes) {
    super();
    this.timeUnixNano = fields.timeUnixNano;
    this.observedTimeUnixNano = fields.observedTimeUnixNano;
    this.severityNumber = fields.severityNumber;
    this.severityText = fields.severityText;
    this.eventName = fields.eventName;
    this.body = fields.body;
    this.traceId = fields.traceId;
    this.spanId = fields.spanId;
    this.flags = fields.flags;
    this.droppedAttributesCount = fields.droppedAttributesCount;
    this.identity = fields.identity;
    if (fields.alert) this.alert = fields.alert;
    this.made = split;
  }

  protected parts(): SplitAttributes {
    return this.made;
  }
}

export function joinAttributes({ shared, own }: SplitAttributes): Attributes {
  const attributes = cloneAttributes(shared.entries);
  own.forEach((value, name) => {
    attributes.set(name, cloneValue(value));
  });
  return attributes;
}
