import type { Alert } from '../../pdata/alert.ts';
import { printableLine, printableText } from '../../pdata/printable.ts';
import { partFields } from './alert-data.ts';
import { formatTextTime } from './alert-time.ts';

export interface TextOptions {
  /** Whose text: OSSEC prints no dynamic fields and signs its notices with its own name. */
  dialect: 'wazuh' | 'ossec';
  /** Show control characters of untrusted text, and keep it from forging the marks at which records begin and end. */
  escape: boolean;
}

/** Lines at which readers of these files begin or end a record. */
const MARK = /^(?=\*\* Alert | *--END OF NOTIFICATION)/gm;

/** A record of alerts.log, from `** Alert` to the empty line that ends it. `offset` is where it starts in the file. */
export function formatAlertsLog(alert: Alert, offset: number, options: TextOptions): string {
  const rule = alert.rule!;
  const line = lineOf(options);
  const head = `** Alert ${Math.floor(alert.time / 1000)}.${offset}:${rule.mail ? ' mail ' : ''} - ${line(rule.groupText)}`;
  const lines = [head, `${formatTextTime(alert.time)} ${line(sourceOf(alert))}`];
  lines.push(`Rule: ${line(rule.id)} (level ${rule.level}) -> '${line(rule.description)}'`);
  lines.push(...addresses(alert, ['Src IP', 'Src Port', 'Dst IP', 'Dst Port', 'User'], line));
  lines.push(...logLines(alert, options));
  return `${lines.join('\n')}\n\n`;
}

/** The body of the mail for one alert, lines ended by LF. Unlike the original it holds the log whole. */
export function formatNotification(alert: Alert, options: TextOptions): string {
  const rule = alert.rule!;
  const line = lineOf(options);
  const lines = [
    '',
    options.dialect === 'ossec' ? 'OSSEC HIDS Notification.' : 'Wazuh Notification.',
    formatTextTime(alert.time),
    '',
    `Received From: ${line(sourceOf(alert))}`,
    `Rule: ${line(rule.id)} fired (level ${rule.level}) -> "${line(rule.description)}"`,
    ...addresses(alert, ['Src IP', 'Dst IP', 'User'], line),
    'Portion of the log(s):',
    '',
    ...logLines(alert, options),
  ];
  return `${lines.join('\n')}\n\n\n\n --END OF NOTIFICATION\n\n\n`;
}

/** Host and location as the notices name them; an agent's location names its host itself. */
function sourceOf(alert: Alert): string {
  return alert.location.startsWith('(') ? alert.location : `${alert.hostname}->${alert.location}`;
}

const FIELD_OF: Record<string, string> = {
  'Src IP': 'srcip',
  'Src Port': 'srcport',
  'Dst IP': 'dstip',
  'Dst Port': 'dstport',
  User: 'dstuser',
};

function addresses(alert: Alert, titles: readonly string[], line: (text: string) => string): string[] {
  const values = new Map(partFields(alert).statics);
  return titles.flatMap((title) => {
    const value = values.get(FIELD_OF[title]);
    return value === undefined ? [] : [`${title}: ${line(value)}`];
  });
}

function logLines(alert: Alert, options: TextOptions): string[] {
  const text = textOf(options);
  const lines = [text(alert.fullLog)];
  const decoder = alert.decoder?.name;
  if (options.dialect === 'wazuh' && decoder !== undefined && !decoder.startsWith('syscheck_')) {
    for (const [name, value] of partFields(alert).dynamics) lines.push(text(`${name}: ${value}`));
  }
  for (const previous of alert.previousOutput) lines.push(text(previous));
  return lines;
}

function lineOf(options: TextOptions): (text: string) => string {
  return options.escape ? printableLine : (text) => text;
}

function textOf(options: TextOptions): (text: string) => string {
  return options.escape ? (text) => printableText(text).replace(MARK, '\\') : (text) => text;
}
