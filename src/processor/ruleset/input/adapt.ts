import type { AnyValue, Attributes } from '../../../pdata/any-value.ts';
import { toText } from '../../../pdata/any-value.ts';
import type { LogRecord, Resource } from '../../../pdata/logs.ts';
import { textToBytes } from '../bytes.ts';
import type { InputKind } from '../config.ts';
import { formatJournalEntry, isJournalEntry } from './journald.ts';
import { formatSyslog, formatSyslogText, isSyslogRecord } from './syslog.ts';
import { formatWindowsEvent, isWindowsEvent } from './windows-event-log.ts';

/** An event as Wazuh would have received it. Texts are bytes. */
export interface AdaptedInput {
  log: string;
  /** Queue character of the original's datagrams; `1` is an ordinary log line. */
  queue: string;
  location: string;
}

/**
 * Turns a record into the line that rules expect: text bodies as they are, maps by what their source is known to send.
 * What no adapter knows becomes JSON, for the `json` decoder.
 */
export function adaptRecord(record: LogRecord, resource: Resource, kind: InputKind): AdaptedInput {
  const { attributes, body } = record;
  const queue = textAttribute(attributes, 'hids.queue') || '1';
  const location = locationOf(record, resource);
  switch (kind === 'auto' ? detectKind(record) : kind) {
    case 'journald':
      if (body instanceof Map)
        return { log: textToBytes(formatJournalEntry(body)), queue, location: location || 'journald' };
      break;
    case 'syslog':
      return { log: syslogBytes(record), queue, location };
    case 'windows_event_log':
      return { log: textToBytes(formatWindowsEvent(body)), queue: 'f', location: location || 'EventChannel' };
  }
  return { log: bodyBytes(body), queue, location };
}

function detectKind(record: LogRecord): InputKind {
  const { attributes, body } = record;
  if (body instanceof Map) {
    if (isJournalEntry(body)) return 'journald';
    if (isWindowsEvent(body)) return 'windows_event_log';
    return 'json';
  }
  if (isSyslogRecord(attributes)) return 'syslog';
  if (typeof body === 'string' && body.startsWith('<')) return isWindowsEvent(body) ? 'windows_event_log' : 'syslog';
  return 'text';
}

function syslogBytes(record: LogRecord): string {
  if (isSyslogRecord(record.attributes)) return textToBytes(formatSyslog(record));
  return typeof record.body === 'string' ? textToBytes(formatSyslogText(record.body)) : bodyBytes(record.body);
}

function bodyBytes(body: AnyValue): string {
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1');
  return textToBytes(toText(body));
}

function locationOf(record: LogRecord, resource: Resource): string {
  return (
    textAttribute(record.attributes, 'hids.location') ||
    textAttribute(record.attributes, 'log.file.path') ||
    textAttribute(record.attributes, 'log.file.name') ||
    textAttribute(resource.attributes, 'service.name')
  );
}

export function textAttribute(attributes: Attributes, name: string): string {
  const value = attributes.get(name);
  return typeof value === 'string' ? value : '';
}
