import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';

const BEGIN = '<!-- load: generated, npm run load -- --report docs/reliability.md -->';
const END = '<!-- end of load -->';
/** How far the memory at the end may be from that after the first part. */
export const TOLERANCE = 0.1;

export interface LoadResult {
  readonly events: number;
  readonly hosts: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly ruleset: string;
  /** Bytes after each part. */
  readonly rss: readonly number[];
  /** Events of a part. */
  readonly part: number;
  readonly peak: number;
  readonly alerts: number;
  readonly resent: number;
  readonly storeBytes: number;
  /** Bytes as accounted, by kind of memory. */
  readonly kept: ReadonlyMap<string, number>;
  /** By kind of memory. */
  readonly evicted: ReadonlyMap<string, number>;
}

/** The memory at the end as a multiple of that after the first part. */
export function growth({ rss }: LoadResult): number {
  return rss.at(-1)! / rss[0]!;
}

export function formatLoad(result: LoadResult): string {
  const { events, hosts, seconds, cpuSeconds, ruleset, rss, part, peak, alerts, resent, storeBytes, kept, evicted } =
    result;
  const rows: [string, string][] = [
    ['events, in requests of 1,000', number(events)],
    ['hosts', number(hosts)],
    ['ruleset', ruleset],
    ['time', `${number(Math.round(seconds))} s, ${number(Math.round(cpuSeconds))} CPU seconds`],
    ['events per CPU second', number(Math.round(events / cpuSeconds))],
    ['alerts delivered', number(alerts)],
    ['requests sent again (429, or the connection broke)', number(resent)],
    [`RSS after each ${number(part)} events, MB`, rss.map(mb).join(', ')],
    ['RSS at the end, against the first', `${Math.round(growth(result) * 1000) / 10} %`],
    ['highest RSS, MB', mb(peak)],
    ['store on disk at the end, MB', mb(storeBytes)],
    ['kept at the end, MB as accounted', [...kept].map(([kind, bytes]) => `${kind} ${mb(bytes)}`).join(', ')],
    ...[...evicted].map(([kind, count]): [string, string] => [`forgotten for want of room: ${kind}`, number(count)]),
    ['machine', `${cpus().length} cores, ${cpus()[0]?.model.trim() ?? '?'}; Node ${process.versions.node}`],
  ];
  return ['| of the run |  |', '| --- | ---: |', ...rows.map(([name, value]) => `| ${name} | ${value} |`)].join('\n');
}

/** Puts the table between the markers of a Markdown file. */
export function writeLoad(path: string, result: LoadResult): void {
  const text = readFileSync(path, 'utf8');
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`${path} has no lines "${BEGIN}" and "${END}"`);
  writeFileSync(path, `${text.slice(0, begin + BEGIN.length)}\n${formatLoad(result)}\n${text.slice(end)}`);
}

const mb = (bytes: number): string => String(Math.round(bytes / 1e6));
const number = (value: number): string => value.toLocaleString('en-US');
