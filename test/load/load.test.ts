import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createTempDir } from '../support/temp-dir.ts';
import { growth, type LoadResult, writeLoad } from './report.ts';
import { runLoad } from './run.ts';

it.skipIf(process.platform !== 'linux')(
  'a small load runs to its end, and its report is written',
  { timeout: 120_000 },
  async () => {
    const seen: number[] = [];
    const result = await runLoad({ events: 4000, hosts: 3000, part: 2000, onPart: (done) => seen.push(done) });
    expect(seen).toEqual([2000, 4000]);
    expect(result.events).toBe(4000);
    expect(result.alerts).toBeGreaterThan(100);
    expect(result.rss.every((bytes) => bytes > 5e7)).toBe(true);
    expect(result.kept.get('history')).toBeGreaterThan(0);
    const path = join(createTempDir(), 'page.md');
    const [begin, end] = [
      '<!-- load: generated, npm run load -- --report docs/reliability.md -->',
      '<!-- end of load -->',
    ];
    writeFileSync(path, `before\n${begin}\nold\n${end}\nafter\n`);
    writeLoad(path, result);
    const text = readFileSync(path, 'utf8');
    expect(text).toMatch(/^before\n<!-- load[^\n]*\n\| of the run/);
    expect(text).toContain('| events, in requests of 1,000 | 4,000 |');
    expect(text).not.toContain('old');
  },
);

it('memory at the end is compared with that after the first part', () => {
  expect(growth({ rss: [100, 300, 110] } as unknown as LoadResult)).toBeCloseTo(1.1);
});
