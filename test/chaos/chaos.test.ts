import { describe, expect, it } from 'vitest';
import { FAULTS } from './faults.ts';
import { runSeed } from './seed.ts';

/** A short run of fixed seeds; `npm run test:chaos -- --seeds N --seed S` makes longer ones. */
const SEEDS = [1, 2, 3];
const SIZE = { phases: 2, steps: 10, changes: 1 };

for (const { name, unavailable } of FAULTS) {
  const reason = unavailable?.();
  if (reason !== undefined) console.log(`chaos: skipped: ${name}: ${reason}`);
}

describe('the whole program under faults', () => {
  it.concurrent.each(SEEDS)('seed %i: loses nothing and counts nothing twice', { timeout: 120_000 }, async (seed) => {
    const { violations, disturbed, lines } = await runSeed({ seed, entry: 'src/cli/main.ts', size: SIZE, faults: 5 });
    expect(violations).toEqual([]);
    expect(disturbed.alerts.size).toBeGreaterThan(lines);
  });
});
