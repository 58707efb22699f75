import { afterAll, expect, it } from 'vitest';
import { startPostgres, startRedis } from '../support/store-servers.ts';
import { runStoreSeed } from './chaos.ts';

/** SEED is the first seed, SEEDS their number. */
const FIRST = Number(process.env.SEED ?? 3);
const SEEDS = Array.from({ length: Number(process.env.SEEDS ?? 2) }, (_, index) => FIRST + index);
const FAULTS = 6;

const redis = await startRedis();
const postgres = await startPostgres();
afterAll(async () => {
  await redis?.stop();
  await postgres?.stop();
});

const servers = [
  { name: 'redis', server: redis },
  // The same protocol by Valkey's own client.
  { name: 'valkey', server: redis && { ...redis, uri: redis.uri.replace('redis:', 'valkey:') } },
  { name: 'postgres', server: postgres },
];

for (const { name, server } of servers) {
  if (!server) {
    it.skip(`needs a server for ${name}, which is not installed`);
    continue;
  }
  it.each(SEEDS)(
    `with its state in ${name} the program loses nothing and counts nothing twice (seed %i)`,
    async (seed) => {
      const { violations, disturbed, lines } = await runStoreSeed(seed, server, FAULTS);
      expect(violations).toEqual([]);
      expect(disturbed.alerts.size).toBeGreaterThan(lines);
    },
  );
}
