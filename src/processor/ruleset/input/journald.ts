import type { AnyValue, Attributes } from '../../../pdata/any-value.ts';
import { toText } from '../../../pdata/any-value.ts';
import { formatHeaderTime } from './header-time.ts';

/** A journal entry as the Collector's journald receiver sends it: fields of systemd by their own names. */
export function isJournalEntry(body: Attributes): boolean {
  return body.has('MESSAGE') && (body.has('_HOSTNAME') || body.has('__REALTIME_TIMESTAMP') || body.has('_BOOT_ID'));
}

/**
 * `Mon DD HH:MM:SS HOST IDENT[PID]: MESSAGE`, time in UTC, as Wazuh's journald reader writes it (collection.md 1.5).
 * A message that systemd had to send as bytes (an array of numbers) is decoded.
 */
export function formatJournalEntry(entry: Attributes): string {
  const micros = Number(text(entry.get('__REALTIME_TIMESTAMP')) || text(entry.get('_SOURCE_REALTIME_TIMESTAMP')));
  const time = formatHeaderTime(Number.isFinite(micros) ? micros / 1000 : 0);
  const host = text(entry.get('_HOSTNAME')) || 'localhost';
  const identifier = text(entry.get('SYSLOG_IDENTIFIER')) || 'unknown';
  const pid = text(entry.get('SYSLOG_PID')) || text(entry.get('_PID'));
  return `${time} ${host} ${identifier}${pid === '' ? '' : `[${pid}]`}: ${text(entry.get('MESSAGE'))}`;
}

function text(value: AnyValue | undefined): string {
  if (value === undefined || value === null) return '';
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (Array.isArray(value) && value.every((item) => typeof item === 'number' || typeof item === 'bigint')) {
    return Buffer.from(value.map(Number)).toString('utf8');
  }
  return toText(value);
}
