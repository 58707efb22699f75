/**
 * `npm run bench -- [--only TEXT] [--runs N] [--seconds S] [--json FILE] [--compare FILE] [--docs] [--flat]`
 *
 * Measures every case in a process of its own and prints a table. `--only` takes cases whose name contains the text
 * (repeatable), `--compare` shows the change against the JSON of an earlier run, `--docs` writes the table into
 * docs/performance.md. `--flat` measures instead how the cost of an event depends on the number of rules, list keys, windows
 * and hosts, for the second table and the plot of that page.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ALL_CASES } from './cases.ts';
import { runFlat } from './flat/run.ts';
import type { CaseResult } from './runner/case.ts';
import { compareReports, createReport, formatTable, type Report, updatePage } from './runner/report.ts';

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    runs: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '1' },
    json: { type: 'string' },
    compare: { type: 'string' },
    docs: { type: 'boolean', default: false },
    flat: { type: 'boolean', default: false },
  },
});
if (options.flat) {
  runFlat({ only: options.only, json: options.json, docs: options.docs });
  process.exit();
}
const CHILD = fileURLToPath(new URL('./runner/child.ts', import.meta.url));
const PAGE = fileURLToPath(new URL('../../docs/performance.md', import.meta.url));

const results: CaseResult[] = [];
for (const { name } of ALL_CASES) {
  if (options.only && !options.only.some((text) => name.includes(text))) continue;
  const args = [CHILD, name, options.runs, options.seconds];
  const { stdout, status } = spawnSync(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const text = stdout.toString();
  if (status !== 0) process.exitCode = 1;
  else if (text === '') process.stderr.write(`${name}: skipped, its data are not there\n`);
  else {
    const result = JSON.parse(text) as CaseResult;
    results.push(result);
    process.stderr.write(`${name}: ${Math.round(result.rate.median)} ${result.unit} per CPU second\n`);
  }
}
const report = createReport(results, Number(options.runs));
process.stdout.write(`${formatTable(report)}\n`);
if (options.compare !== undefined) {
  const before = JSON.parse(readFileSync(options.compare, 'utf8')) as Report;
  process.stdout.write(`\n${compareReports(report, before)}\n`);
}
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, null, 1)}\n`);
if (options.docs) writeFileSync(PAGE, updatePage(readFileSync(PAGE, 'utf8'), report));
