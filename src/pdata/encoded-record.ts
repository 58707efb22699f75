import type { Alert } from './alert.ts';
import type { AnyValue, Attributes } from './any-value.ts';
import type { LogRecord } from './logs.ts';

/** What all bytes of one kind have in common. */
export interface RecordDecoder {
  /** The record that the bytes are; called once for each at most. */
  decode(bytes: Uint8Array): LogRecord;
}

/**
 * A record that was encoded by whoever made it, another thread for one: who sends it on takes the bytes as they are. They
 * are a `LogRecord` of OTLP as field 2 of its `ScopeLogs`, with tag and length. All else is read from them when somebody asks.
 */
export class EncodedRecord implements LogRecord {
  readonly timeUnixNano: bigint;
  readonly alert?: Alert;
  private readonly bytes: Uint8Array;
  private readonly decoder: RecordDecoder;
  private whole: LogRecord | undefined = undefined;
  private isTouched = false;

  constructor(bytes: Uint8Array, timeUnixNano: bigint, decoder: RecordDecoder, alert: Alert | undefined) {
    this.bytes = bytes;
    this.timeUnixNano = timeUnixNano;
    this.decoder = decoder;
    if (alert) this.alert = alert;
  }

  /** Undefined once the attributes were handed out, since they may have been changed then. */
  get encoded(): Uint8Array | undefined {
    return this.isTouched ? undefined : this.bytes;
  }

  get attributes(): Attributes {
    this.isTouched = true;
    return this.read().attributes;
  }

  set attributes(attributes: Attributes) {
    this.isTouched = true;
    this.read().attributes = attributes;
  }

  get observedTimeUnixNano(): bigint {
    return this.read().observedTimeUnixNano;
  }
  get severityNumber(): number {
    return this.read().severityNumber;
  }
  get severityText(): string {
    return this.read().severityText;
  }
  get eventName(): string {
    return this.read().eventName;
  }
  get body(): AnyValue {
    return this.read().body;
  }
  get traceId(): string {
    return this.read().traceId;
  }
  get spanId(): string {
    return this.read().spanId;
  }
  get flags(): number {
    return this.read().flags;
  }
  get droppedAttributesCount(): number {
    return this.read().droppedAttributesCount;
  }
  get identity(): string {
    return this.read().identity;
  }

  private read(): LogRecord {
    this.whole ??= this.decoder.decode(this.bytes);
    return this.whole;
  }
}
