import type { Attributes } from '../../../pdata/any-value.ts';
import { toText } from '../../../pdata/any-value.ts';
import type { LogRecord } from '../../../pdata/logs.ts';
import { formatHeaderTime } from './header-time.ts';

/** A record of the Collector's syslog receiver, whose parser leaves the header's parts in attributes. */
export function isSyslogRecord(attributes: Attributes): boolean {
  return attributes.has('priority') && attributes.has('facility') && attributes.has('message');
}

/** The classic header with the parts that the syslog receiver found: `Mon DD HH:MM:SS HOST APP[PID]: MESSAGE`. */
export function formatSyslog(record: LogRecord): string {
  const part = (name: string) => {
    const value = record.attributes.get(name);
    return value === undefined || value === null ? '' : toText(value);
  };
  const nanos = record.timeUnixNano || record.observedTimeUnixNano;
  const time = formatHeaderTime(Number(nanos / 1_000_000n));
  return joinHeader(time, part('hostname'), part('appname'), part('proc_id'), part('message'));
}

const PRIORITY = /^<\d{1,3}>/;
const RFC_5424 =
  /^1 (-|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)) (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) /;

/**
 * Text as it came over the wire. The priority is cut, as the original's remote daemon does; a header of RFC 5424, which
 * the original does not know, becomes the classic one (structured data is dropped, as syslog daemons do).
 */
export function formatSyslogText(line: string): string {
  const priority = PRIORITY.exec(line);
  if (!priority) return line;
  const rest = line.slice(priority[0].length);
  const header = RFC_5424.exec(rest);
  if (!header) return rest;
  const [matched, timestamp, host, app, pid] = header;
  const body = skipStructuredData(rest, matched.length);
  if (body === undefined) return rest;
  const message = rest.slice(body).replace(/^\ufeff/, '');
  const nil = (value: string) => (value === '-' ? '' : value);
  const time = timestamp === '-' ? 0 : Date.parse(timestamp);
  return joinHeader(formatHeaderTime(time), nil(host), nil(app), nil(pid), message);
}

/** Offset of the message behind the structured data, or undefined where that is malformed. */
function skipStructuredData(text: string, start: number): number | undefined {
  let at = start;
  if (text[at] === '-') at++;
  else {
    while (text[at] === '[') {
      let quoted = false;
      for (at++; at < text.length && (quoted || text[at] !== ']'); at++) {
        if (text[at] === '\\' && quoted) at++;
        else if (text[at] === '"') quoted = !quoted;
      }
      if (text[at] !== ']') return undefined;
      at++;
    }
    if (at === start) return undefined;
  }
  if (at === text.length) return at;
  return text[at] === ' ' ? at + 1 : undefined;
}

function joinHeader(time: string, host: string, app: string, pid: string, message: string): string {
  const program = app === '' ? '' : ` ${app}${/^\d+$/.test(pid) ? `[${pid}]` : ''}:`;
  return `${time} ${host || 'localhost'}${program} ${message}`;
}
