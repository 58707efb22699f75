import type { Cost, Profile } from './profiler.ts';

/** Lines of each table. */
const SHOWN = 20;

/** The most expensive rules and decoders, for people. */
export function formatProfile({ events, microseconds, decoders, rules }: Profile): string {
  if (events === 0) return 'no events\n';
  const head = `${events} events, ${(microseconds / events).toFixed(1)} µs each`;
  return `${head}\n\n${formatCosts('decoder', decoders, microseconds)}\n${formatCosts('rule', rules, microseconds)}`;
}

function formatCosts(title: string, costs: readonly Cost[], total: number): string {
  const shown = costs.slice(0, SHOWN);
  const width = Math.max(title.length, ...shown.map(({ name }) => name.length));
  const lines = shown.map(({ name, place, checks, matches, microseconds }) => {
    const numbers = [
      `${((100 * microseconds) / total).toFixed(1)} %`.padStart(7),
      (microseconds / 1000).toFixed(2).padStart(10),
      String(checks).padStart(9),
      String(matches).padStart(9),
      (microseconds / checks).toFixed(2).padStart(9),
    ];
    return `${name.padEnd(width)} ${numbers.join(' ')}  ${place}\n`;
  });
  const head = `${title.padEnd(width)}    time         ms    checks   matches  µs/check  file\n`;
  const rest = costs.length - shown.length;
  return head + lines.join('') + (rest > 0 ? `and ${rest} more\n` : '');
}
