import type { AnyValue, Attributes } from './any-value.ts';
import { cloneAttributes } from './clone.ts';
import type { LogRecord } from './logs.ts';

/** Attributes that many records begin with. One object for all of these; nobody changes it. */
export interface SharedAttributes {
  readonly entries: ReadonlyMap<string, AnyValue>;
}

/** All attributes of a record: the shared ones, then its own. No name is in both. */
export interface SplitAttributes {
  readonly shared: SharedAttributes;
  readonly own: Attributes;
}

/**
 * A record most of whose attributes are the same as those of others: the map of all of them is only made when somebody
 * asks for it. Who can do with the two parts, as an encoder that keeps the bytes of the shared one, asks for `split`.
 * A copy by `{ ...record }` has to name `attributes`, as it would for any record that it is going to change.
 */
export class SplitRecord implements LogRecord {
  timeUnixNano: bigint;
  observedTimeUnixNano: bigint;
  severityNumber: number;
  severityText: string;
  eventName: string;
  body: AnyValue;
  traceId: string;
  spanId: string;
  flags: number;
  droppedAttributesCount: number;
  identity: string;
  alert?: NonNullable<LogRecord['alert']>;
  #split: SplitAttributes | undefined;
  #attributes: Attributes | undefined = undefined;

  constructor(fields: Omit<LogRecord, 'attributes'>, split: SplitAttributes) {
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
    this.#split = split;
  }

  /** The parts; undefined once the map was handed out, since it may have been changed then. */
  get split(): SplitAttributes | undefined {
    return this.#split;
  }

  get attributes(): Attributes {
    if (this.#split) this.attributes = joinAttributes(this.#split);
    return this.#attributes!;
  }

  set attributes(attributes: Attributes) {
    this.#attributes = attributes;
    this.#split = undefined;
  }
}

export function joinAttributes({ shared, own }: SplitAttributes): Attributes {
  const attributes = cloneAttributes(shared.entries);
  for (const [name, value] of own) attributes.set(name, value);
  return attributes;
}
