import { parseArgs } from 'node:util';
import { FAULTS } from './faults.ts';
import { formatReport, writeReport } from './report.ts';
import { DEFAULT_FAULTS, DEFAULT_SIZE, runSeed, type SeedResult } from './seed.ts';

const HELP = `npm run test:chaos -- [options]
  --seeds N      how many seeds (default 3)
  --seed S       the first one; each further one is one more (default: chosen by chance, and printed)
  --jobs N       seeds at a time (default 1)
  --faults N     faults of a run (default ${DEFAULT_FAULTS})
  --steps N      steps of each source in each of the ${DEFAULT_SIZE.phases} phases (default ${DEFAULT_SIZE.steps})
  --only NAME    this fault only; may be repeated
  --entry FILE   the program (default src/cli/main.ts; dist/cli/main.js after a build)
  --report FILE  writes the table of the run between the markers of this file
`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '3' },
    seed: { type: 'string' },
    jobs: { type: 'string', default: '1' },
    faults: { type: 'string', default: String(DEFAULT_FAULTS) },
    steps: { type: 'string', default: String(DEFAULT_SIZE.steps) },
    only: { type: 'string', multiple: true },
    entry: { type: 'string', default: 'src/cli/main.ts' },
    report: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(HELP);
// Senders of a run that was given up may still try.
else process.exit((await main()) ? 0 : 1);

async function main(): Promise<boolean> {
  const first = values.seed === undefined ? Math.floor(Math.random() * 1_000_000) : Number(values.seed);
  const count = Number(values.seeds);
  const only = values.only;
  console.log(`chaos: seeds ${first} to ${first + count - 1}; again with --seed ${first} --seeds ${count}`);
  for (const { name, unavailable } of FAULTS) {
    const reason = unavailable?.();
    if (reason !== undefined) console.log(`skipped: ${name}: ${reason}`);
  }
  const results: SeedResult[] = [];
  let next = first;
  // The seeds that have begun come to their end, and the report is of those that were run.
  process.once('SIGINT', () => {
    next = first + count;
  });
  const work = async () => {
    while (next < first + count) {
      const seed = next++;
      const size = { ...DEFAULT_SIZE, steps: Number(values.steps) };
      const faults = Number(values.faults);
      const result = await runSeed({ seed, entry: values.entry, size, faults, ...(only && { only }) });
      results.push(result);
      print(result);
    }
  };
  await Promise.all(Array.from({ length: Number(values.jobs) }, work));
  results.sort((a, b) => a.seed - b.seed);
  const failed = results.filter(({ violations }) => violations.length > 0);
  console.log(`\n${formatReport(results)}`);
  if (failed.length > 0) console.log(`\nviolated by seeds ${failed.map(({ seed }) => seed).join(', ')}`);
  if (values.report !== undefined) {
    const command = `npm run test:chaos -- ${process.argv.slice(2).join(' ')}`;
    writeReport(values.report, 'chaos', `\n\`${command}\`\n\n${formatReport(results)}`);
  }
  return failed.length === 0;
}

function print({ seed, seconds, violations, disturbed, lines, folder }: SeedResult): void {
  const verdict = violations.length === 0 ? 'holds' : 'VIOLATED';
  console.log(`seed ${seed}: ${verdict}, ${lines} lines, ${disturbed.starts} starts, ${seconds.toFixed(1)} s`);
  if (violations.length === 0) return;
  console.log(violations.map((text) => `  - ${text.replaceAll('\n', '\n    ')}`).join('\n'));
  console.log(`  what was left: ${folder}`);
}
