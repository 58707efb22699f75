import { readFileSync, writeFileSync } from 'node:fs';
import { FAULTS } from './faults.ts';
import type { SeedResult } from './seed.ts';

/** The run as tables for people. */
export function formatReport(results: readonly SeedResult[]): string {
  const sum = (value: (result: SeedResult) => number) => results.reduce((total, result) => total + value(result), 0);
  const most = (value: (result: SeedResult) => number) => Math.max(0, ...results.map(value));
  const failed = results.filter(({ violations }) => violations.length > 0);
  const seeds = results.map(({ seed }) => seed);
  const rows: [string, string][] = [
    ['seeds', `${Math.min(...seeds)} to ${Math.max(...seeds)} (${seeds.length})`],
    ['seeds that hold', `${results.length - failed.length} of ${results.length}`],
    ['events given', number(sum(({ lines, changes }) => lines + changes))],
    ['alerts that arrived', number(sum(({ disturbed }) => disturbed.alerts.size))],
    ['copies among them, known by their uid', number(sum(({ disturbed }) => disturbed.copies))],
    ['requests that senders had to send again', number(sum(({ disturbed }) => disturbed.resent))],
    ['... because of HTTP 429 or 503', number(sum(({ disturbed }) => answered(disturbed.answers, /^HTTP/)))],
    ['... because of gRPC UNAVAILABLE', number(sum(({ disturbed }) => answered(disturbed.answers, /^UNAVAILABLE/)))],
    ['alerts in dead-letter files, delivered by `replay`', number(sum(({ disturbed }) => disturbed.deadLetters))],
    ['file rotations', number(sum(({ disturbed }) => disturbed.rotations))],
    ['starts of the program', number(sum(({ disturbed }) => disturbed.starts))],
    ['slowest start until ready', `${most(({ disturbed }) => disturbed.slowestStartMs)} ms`],
    ['slowest end after SIGTERM', `${most(({ disturbed }) => disturbed.slowestEndMs)} ms`],
    ['stores damaged on purpose', number(results.length)],
    [
      'of these so that they were moved aside',
      number(results.filter(({ disturbed }) => disturbed.quarantined > 0).length),
    ],
  ];
  const faults = FAULTS.map(({ name }): [string, string] => [
    name,
    number(sum(({ disturbed }) => disturbed.faults.get(name) ?? 0)),
  ]);
  return `${table(['of the run', ''], rows)}\n\n${table(['fault', 'times'], faults)}`;
}

/** Puts generated text between the lines `<!-- NAME: ... -->` and `<!-- end of NAME -->` of a Markdown file. */
export function writeReport(path: string, name: string, report: string): void {
  const text = readFileSync(path, 'utf8');
  const begin = text.indexOf('-->', text.indexOf(`<!-- ${name}: `)) + 3;
  const end = text.indexOf(`<!-- end of ${name} -->`);
  if (begin < 3 || end < begin) throw new Error(`${path} has no place for what ${name} reports`);
  writeFileSync(path, `${text.slice(0, begin)}\n${report}\n${text.slice(end)}`);
}

function answered(answers: ReadonlyMap<string, number>, which: RegExp): number {
  return [...answers].reduce((total, [answer, count]) => total + (which.test(answer) ? count : 0), 0);
}

/** The first column is text, the others are numbers. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [
    `| ${head.join(' | ')} |`,
    `| --- |${' ---: |'.repeat(head.length - 1)}`,
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ].join('\n');
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}
