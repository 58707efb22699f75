import type { Alert } from '../../pdata/alert.ts';
import type { AnyValue, Attributes } from '../../pdata/any-value.ts';
import { toText } from '../../pdata/any-value.ts';
import type { LogRecord, ScopeLogs } from '../../pdata/logs.ts';
import { printableLine, printableText } from '../../pdata/printable.ts';
import type { DebugConfig } from './config.ts';
import { type Paint, styleOfSeverity } from './style.ts';

const INDENT = '    ';
/** Of a body that is no alert, so that one record cannot flood a terminal at verbosity normal. */
const MAX_HEADLINE = 300;

/** What a person is shown of a record, ended by a newline. */
export function formatRecord(record: LogRecord, group: ScopeLogs, config: DebugConfig, paint: Paint): string {
  const { alert } = record;
  const lines = alert ? [alertHeadline(alert, record.severityNumber, paint)] : [recordHeadline(record, paint)];
  if (config.verbosity !== 'basic') {
    if (alert) lines.push(...alertDetails(alert, config, paint));
    if (config.verbosity === 'detailed') lines.push(...recordDetails(record, group, paint));
  }
  return `${lines.join('\n')}\n`;
}

/** `23:07:51  level 7  rule 533  Listened ports status changed  on web01` */
function alertHeadline(alert: Alert, severityNumber: number, paint: Paint): string {
  const time = paint('dim', formatTime(alert.time));
  const host = paint('dim', `on ${printableLine(alert.agent.name || alert.hostname)}`);
  const { rule } = alert;
  if (!rule) return `${time}  ${paint('dim', 'no rule')}  ${printableLine(firstLine(alert.fullLog))}  ${host}`;
  const level = paint(styleOfSeverity(severityNumber), `level ${String(rule.level).padStart(2)}`);
  const id = paint('bold', `rule ${printableLine(rule.id)}`);
  return `${time}  ${level}  ${id}  ${printableLine(rule.description)}  ${host}`;
}

function recordHeadline(record: LogRecord, paint: Paint): string {
  const nanoseconds = record.timeUnixNano || record.observedTimeUnixNano;
  const time = paint('dim', formatTime(Number(nanoseconds / 1_000_000n)));
  const severity = record.severityText || (record.severityNumber ? `severity ${record.severityNumber}` : 'record');
  const label = paint(styleOfSeverity(record.severityNumber), printableLine(severity));
  const event = record.eventName === '' ? '' : `${paint('bold', printableLine(record.eventName))}  `;
  return `${time}  ${label}  ${event}${printableLine(firstLine(toText(record.body)).slice(0, MAX_HEADLINE))}`;
}

function alertDetails(alert: Alert, config: DebugConfig, paint: Paint): string[] {
  const whole = config.verbosity === 'detailed';
  const lines = [`${INDENT}${paint('dim', 'from')} ${printableLine(alert.location)}`];
  lines.push(...block(alert.fullLog, whole ? Number.POSITIVE_INFINITY : config.log_lines, paint));
  if (alert.delta !== undefined) {
    lines.push(`${INDENT}${paint('dim', 'changed')}`);
    lines.push(...deltaLines(alert.delta, whole ? Number.POSITIVE_INFINITY : config.delta_lines, paint));
  }
  const earlier = alert.delta === undefined && alert.previousOutput.length > 0;
  if (whole ? alert.previousOutput.length > 0 : earlier) {
    const text = alert.previousOutput.join('\n');
    lines.push(`${INDENT}${paint('dim', 'before')}`);
    lines.push(...block(text, whole ? Number.POSITIVE_INFINITY : config.log_lines, paint));
  }
  if (whole) lines.push(...ruleDetails(alert, paint));
  return lines;
}

/** Text below a bar, cut to a number of lines with a note that says how many are left out. */
function block(text: string, limit: number, paint: Paint): string[] {
  return cut(printableText(text).split('\n'), limit, paint).map((line) => `${INDENT}${paint('dim', '|')} ${line}`);
}

/** A unified difference from its first hunk on: the names of its two sides mean nothing here. */
function deltaLines(delta: string, limit: number, paint: Paint): string[] {
  const lines = printableText(delta).trimEnd().split('\n');
  const hunk = lines.findIndex((line) => line.startsWith('@@'));
  const painted = lines.slice(Math.max(0, hunk)).map((line) => {
    if (line.startsWith('@@')) return paint('cyan', line);
    if (line.startsWith('+')) return paint('green', line);
    return line.startsWith('-') ? paint('red', line) : line;
  });
  return cut(painted, limit, paint).map((line) => `${INDENT}  ${line}`);
}

function cut(lines: string[], limit: number, paint: Paint): string[] {
  if (lines.length <= limit) return lines;
  const rest = lines.length - limit;
  return [...lines.slice(0, limit), paint('dim', `... ${rest} more ${rest === 1 ? 'line' : 'lines'}`)];
}

function ruleDetails(alert: Alert, paint: Paint): string[] {
  const rows: [string, string][] = [];
  const { rule } = alert;
  if (rule) {
    rows.push(['groups', rule.groups.join(', ')]);
    if (rule.mitre) rows.push(['mitre', [...rule.mitre.id, ...rule.mitre.tactic, ...rule.mitre.technique].join(', ')]);
    for (const [name, tags] of rule.compliance) rows.push([name, tags.join(', ')]);
    if (rule.firedtimes !== undefined) rows.push(['firedtimes', String(rule.firedtimes)]);
    rows.push(['file', rule.file]);
  }
  rows.push(['agent', `${alert.agent.id} ${alert.agent.name}`]);
  if (alert.decoder) rows.push(['decoder', [alert.decoder.parent, alert.decoder.name].filter(Boolean).join(' > ')]);
  for (const [name, value] of alert.data) rows.push([`data ${name}`, value]);
  rows.push(['uid', alert.uid]);
  return rows.map(([name, value]) => row(name, value, paint));
}

function recordDetails(record: LogRecord, group: ScopeLogs, paint: Paint): string[] {
  const lines = [];
  if (!record.alert) lines.push(...block(toText(record.body), Number.POSITIVE_INFINITY, paint));
  if (record.traceId !== '') lines.push(row('trace', `${record.traceId} ${record.spanId}`, paint));
  lines.push(...attributeRows('resource', group.resource.attributes, paint));
  lines.push(...attributeRows('attribute', record.attributes, paint));
  return lines;
}

function attributeRows(kind: string, attributes: Attributes, paint: Paint): string[] {
  return [...attributes].map(([key, value]: [string, AnyValue]) => row(`${kind} ${key}`, toText(value), paint));
}

function row(name: string, value: string, paint: Paint): string {
  return `${INDENT}${paint('dim', printableLine(name))} ${printableLine(value)}`;
}

function firstLine(text: string): string {
  const end = text.indexOf('\n');
  return end < 0 ? text : text.slice(0, end);
}

/** `2026-11-20 23:07:51`, local time of this process. */
function formatTime(epochMs: number): string {
  const time = new Date(epochMs);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}
