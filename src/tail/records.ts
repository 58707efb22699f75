import { isAscii, isUtf8 } from 'node:buffer';
import { basename } from 'node:path';
import type { Clock } from '../component/clock.ts';
import { HEALTH_LOCATION } from '../component/health-event.ts';
import type { LocalHost } from '../component/host.ts';
import type { AnyValue, Attributes } from '../pdata/any-value.ts';
import { createLogRecord, type LogBatch, type LogRecord, type ScopeLogs } from '../pdata/logs.ts';
import type { RawLine } from './line-reader.ts';
import type { TailFile } from './tail-file.ts';

/** How the bytes of a line become the body of a record. */
export type Encoding = 'utf-8' | 'iso-8859-1' | 'nop';

/**
 * `utf-8`: a string, or the bytes as they are where they are no UTF-8, so that nothing of them is lost;
 * `iso-8859-1`: each byte a character; `nop`: always bytes.
 */
export function decodeLine(line: RawLine, encoding: Encoding): string | Uint8Array {
  const { buffer, start, end } = line;
  if (encoding === 'nop') return copy(buffer, start, end);
  if (line.ascii || encoding === 'iso-8859-1') return buffer.toString('latin1', start, end);
  const bytes = buffer.subarray(start, end);
  if (isAscii(bytes)) return buffer.toString('latin1', start, end);
  return isUtf8(bytes) ? buffer.toString('utf8', start, end) : copy(buffer, start, end);
}

function copy(buffer: Buffer, start: number, end: number): Uint8Array {
  return Uint8Array.prototype.slice.call(buffer, start, end);
}

export interface FileAttributes {
  include_file_name: boolean;
  include_file_path: boolean;
  /** Value of `hids.location` instead of the path. */
  location?: string | undefined;
  attributes: Readonly<Record<string, AnyValue>>;
}

/**
 * Makes the attributes of a file's records, the same map for all of them: consumers that change records get copies (see
 * `createIntake`), and a receiver that adds to those of one makes a copy itself.
 */
export function createAttributes(config: FileAttributes): (file: TailFile) => Attributes {
  const known = new WeakMap<TailFile, Attributes>();
  return (file) => {
    let attributes = known.get(file);
    if (!attributes) {
      attributes = describeFile(file, config);
      known.set(file, attributes);
    }
    return attributes;
  };
}

function describeFile({ path }: TailFile, config: FileAttributes): Attributes {
  const attributes: Attributes = new Map(Object.entries(config.attributes));
  if (config.include_file_name) attributes.set('log.file.name', basename(path));
  if (config.include_file_path) attributes.set('log.file.path', path);
  attributes.set('hids.queue', '1');
  attributes.set('hids.location', config.location ?? path);
  return attributes;
}

/** Location under which Wazuh's log collector reports what happened to a file (rules 591 and 592). */
const LOGCOLLECTOR = 'logcollector';

export function createControlRecord(body: string, location: typeof LOGCOLLECTOR | typeof HEALTH_LOCATION): LogRecord {
  const attributes: Attributes = new Map([
    ['hids.queue', '1'],
    ['hids.location', location],
  ]);
  return createLogRecord({ body, attributes, eventName: location === HEALTH_LOCATION ? 'hids.health' : '' });
}

/** The exact texts that the decoders and rules of both dialects know; the path cannot break out of its quotes' line. */
export function rotationMessage(kind: 'renamed' | 'truncated', path: string): string {
  const safe = path.replace(/[\x00-\x1f\x7f]/g, '?');
  return kind === 'renamed'
    ? `ossec: File rotated (inode changed): '${safe}'.`
    : `ossec: File size reduced (inode remained): '${safe}'.`;
}

/** Collects records until they are handed over; order is kept, also between lines and control messages. */
export class BatchBuilder {
  readonly #resource: readonly (readonly [string, AnyValue])[];
  readonly #clock: Clock;
  #logs: ScopeLogs[] = [];
  #observed: bigint | undefined;
  count = 0;
  bytes = 0;

  constructor(localHost: LocalHost, resource: Readonly<Record<string, AnyValue>>, clock: Clock) {
    const host: [string, AnyValue][] = [['host.name', localHost.name]];
    if (localHost.id !== '') host.push(['host.id', localHost.id]);
    this.#resource = [...host, ...Object.entries(resource)];
    this.#clock = clock;
  }

  /** `size`: bytes of the body. The record's observed time is set here, once for all records of a batch. */
  add(record: LogRecord, size: number, trusted = false): void {
    this.#observed ??= this.#clock.nowUnixNano();
    record.observedTimeUnixNano = this.#observed;
    let group = this.#logs.at(-1);
    if (group?.trusted !== trusted) {
      group = {
        resource: { attributes: new Map(this.#resource) },
        scope: { name: '', version: '', attributes: new Map() },
        schemaUrl: '',
        records: [],
        trusted,
      };
      this.#logs.push(group);
    }
    group.records.push(record);
    this.count += 1;
    this.bytes += size;
  }

  take(): LogBatch {
    const logs = this.#logs;
    this.#logs = [];
    this.#observed = undefined;
    this.count = 0;
    this.bytes = 0;
    return { logs };
  }
}
