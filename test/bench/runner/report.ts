import { cpus, release, type } from 'node:os';
import type { CaseResult, Spread } from './case.ts';

export interface Report {
  readonly machine: string;
  readonly node: string;
  readonly date: string;
  readonly runs: number;
  readonly results: readonly CaseResult[];
}

export function createReport(results: readonly CaseResult[], runs: number): Report {
  const [cpu] = cpus();
  return {
    machine: `${cpu?.model.trim() ?? 'unknown processor'}, ${cpus().length} cores, ${type()} ${release().split('-')[0]}`,
    node: process.version,
    date: new Date().toISOString().slice(0, 10),
    runs,
    results,
  };
}

/** The table for the docs and the terminal. */
export function formatTable(report: Report): string {
  const head = [
    '| case | B | per CPU second (low to high) | wanted | by calibration | p50 µs | p99 µs | allocated B | ready ms | RSS MB |',
    '| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |',
  ];
  const rows = report.results.map((result) => {
    const { name, bytes, rate, target, ratio, p50, p99, allocated, startMs, rssMb } = result;
    const cells = [
      name,
      number(bytes),
      `${thousands(rate.median)} (${thousands(rate.low)} to ${thousands(rate.high)})`,
      target === undefined ? '' : thousands(target),
      ratio.median.toFixed(3),
      p50?.toFixed(1) ?? '',
      p99?.toFixed(1) ?? '',
      number(allocated),
      number(startMs),
      number(rssMb),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [...head, ...rows].join('\n');
}

/** Each case of this run against the same of an earlier one; by ratio to the calibration loop of each. */
export function compareReports(now: Report, before: Report): string {
  const rows = now.results.map(({ name, rate, ratio }) => {
    const old = before.results.find((each) => each.name === name);
    if (!old) return `| ${name} | | ${thousands(rate.median)} | new |`;
    const change = (ratio.median / old.ratio.median - 1) * 100;
    const sure = ratio.low > old.ratio.high || ratio.high < old.ratio.low ? '' : ' (within the spread)';
    const sign = change < 0 ? '' : '+';
    return `| ${name} | ${thousands(old.rate.median)} | ${thousands(rate.median)} | ${sign}${change.toFixed(0)} %${sure} |`;
  });
  return [`| case | ${before.date} | now | change by calibration |`, '| --- | --: | --: | --: |', ...rows].join('\n');
}

/** The page with its table replaced. */
export function updatePage(page: string, report: Report): string {
  return writePart(page, 'bench', `${describeRun(report)}, medians of ${report.runs} runs.\n\n${formatTable(report)}`);
}

/** When, where and with what. */
export function describeRun({ date, machine, node }: Omit<Report, 'results' | 'runs'>): string {
  return `${date}, ${machine}, Node ${node}`;
}

/** The page with what is between the marks of that name replaced. */
export function writePart(page: string, name: string, text: string): string {
  const [start, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`];
  const from = page.indexOf(start);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`the page has no place for it (${start} ... ${end})`);
  return `${page.slice(0, from + start.length)}\n${text}\n${page.slice(to)}`;
}

export function thousands(value: Spread['median']): string {
  return value >= 10_000 ? `${(value / 1000).toFixed(value >= 100_000 ? 0 : 1)} k` : value.toFixed(0);
}

const number = (value: number | undefined): string => value?.toFixed(0) ?? '';
