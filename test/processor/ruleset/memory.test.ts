import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import type { AnyValue } from '../../../src/pdata/any-value.ts';
import { createLogRecord, type LogBatch, type ScopeLogs } from '../../../src/pdata/logs.ts';
import { rulesetFactory } from '../../../src/processor/ruleset/factory.ts';
import { MemoryStateStore } from '../../../src/storage/memory-store.ts';
import { TestWorkUnit } from '../../support/consumers.ts';
import { createRandom, type Random } from '../../support/random.ts';
import { createTestHost, createTestSettings } from '../../support/settings.ts';

/** Of all kinds of memory, so small that the first events fill them. */
const SMALL = { entries: 400, bytes: '256KiB', host_entries: 100, host_bytes: '64KiB' };
const BATCH = 500;

/** Never the same names twice: hosts, programs, users, addresses, members of objects, commands. */
function batch(random: Random, serial: number): LogBatch {
  const name = (kind: string) => `${kind}-${random.int(0, 1e9).toString(36)}`;
  const lines = [
    () =>
      `Dec 10 01:02:02 ${name('h')} sshd[1]: Failed password for ${name('user')} from 198.18.${random.int(0, 255)}.7 port 1 ssh2`,
    () => `Dec 10 01:02:02 ${name('h')} ${name('prog')}[${random.int(1, 9e4)}]: ${name('text')} failed`,
    () =>
      `Dec 10 01:02:02 ${name('h')} su: pam_unix(su:session): session opened for user ${name('user')} by root(uid=0)`,
    () => JSON.stringify({ [name('key')]: name('value'), program: name('prog'), user: { name: name('user') } }),
    () => `ossec: output: 'netstat listening ports':\n${name('out')}\n${'x'.repeat(random.int(0, 300))}`,
    () => name('word').repeat(random.int(1, 40)),
  ];
  const groups = Array.from({ length: 10 }, (_, group): ScopeLogs => {
    const host = random.int(0, 9) === 0 ? 'loud' : name('host');
    return {
      resource: { attributes: new Map<string, AnyValue>([['host.name', host]]) },
      scope: { name: 'test', version: '', attributes: new Map() },
      schemaUrl: '',
      trusted: group % 2 === 0,
      records: Array.from({ length: BATCH / 10 }, (_, index) =>
        createLogRecord({
          body: random.pick(lines)(),
          identity: `m:${serial}:${group}:${index}`,
          attributes: new Map<string, AnyValue>([
            ['log.file.path', `/var/log/${name('file')}`],
            ['hids.command.alias', name('alias')],
            ['hids.command.run', serial * BATCH + index + 1],
          ]),
        }),
      ),
    };
  });
  return { logs: groups };
}

it('what the processor keeps does not grow with the number of names, nor what it stores', {
  timeout: 300_000,
}, async () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const store = new MemoryStateStore();
  const memory = { history: SMALL, snapshots: SMALL, snapshot_cache: '64KiB', first_seen: SMALL, accumulator: SMALL };
  const config = rulesetFactory.schema.parse({ memory, starter: true });
  let alerts = 0;
  const settings = createTestSettings({ id: 'ruleset' });
  const host = createTestHost({ store });
  const processor = rulesetFactory.create(settings, config, {
    mutatesData: false,
    consume: async ({ logs }) => {
      for (const { records } of logs) alerts += records.length;
    },
  });
  await processor.start(host);
  const random = createRandom(5);
  let serial = 0;
  const feed = async (events: number) => {
    for (let done = 0; done < events; done += BATCH) {
      const work = new TestWorkUnit();
      await processor.consume(batch(random, serial++), work);
      await work.commit(store);
      host.healthEvents.length = 0;
    }
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  const stored = () =>
    ['diff', 'diff-owner', 'fts', 'history', 'accumulator'].map((kind) => [...store.entries(`ruleset/${kind}`)].length);
  const filled = await feed(20_000);
  const before = stored();
  const later = await feed(60_000);
  expect(alerts).toBeGreaterThan(1000);
  // 60,000 events that each left a name behind would take more.
  expect(later - filled).toBeLessThan(8e6);
  expect(before[0]).toBeGreaterThan(50);
  const { metrics } = settings;
  for (const kind of ['history', 'diff']) {
    expect(await metrics.value('hids_ruleset_state_entries', { kind, processor: 'ruleset' })).toBeGreaterThan(50);
    expect(await metrics.value('hids_ruleset_state_bytes', { kind, processor: 'ruleset' })).toBeLessThanOrEqual(
      2 ** 18,
    );
  }
  for (const count of stored()) expect(count).toBeLessThanOrEqual(SMALL.entries + 1);
  await processor.shutdown();
});
