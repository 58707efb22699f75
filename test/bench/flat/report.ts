import { writePart } from '../runner/report.ts';
import type { FlatPoint } from './child.ts';
import { nameOf } from './plot.ts';

/** A row for each series: what an event costs with the fewest and with the most. */
export function formatFlat(points: readonly FlatPoint[]): string {
  const rows = Object.entries(Object.groupBy(points, ({ series }) => series)).map(([series, own = []]) => {
    const costs = own.map(({ count, microseconds }) => `${nameOf(count)}: ${microseconds.median.toFixed(1)}`);
    const bytes = own.findLast((point) => point.bytes !== undefined)?.bytes;
    return `| ${series} | ${costs.join(', ')} | ${bytes === undefined ? '' : bytes.toFixed(0)} |`;
  });
  return ['| number of | µs of CPU for an event | B for each |', '| --- | --- | --: |', ...rows].join('\n');
}

/** The page with the table and the plot of these. */
export function updateFlat(page: string, points: readonly FlatPoint[], machine: string): string {
  const plot = '![Microseconds for an event over the number of rules, keys and hosts](performance-flat.svg)';
  return writePart(page, 'flat', `${machine}\n\n${plot}\n\n${formatFlat(points)}`);
}
