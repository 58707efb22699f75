import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { AnyValue } from '../../../src/pdata/any-value.ts';
import { createLogRecord, type LogBatch, type ScopeLogs } from '../../../src/pdata/logs.ts';
import { rulesetFactory } from '../../../src/processor/ruleset/factory.ts';
import { MemoryStateStore } from '../../../src/storage/memory-store.ts';
import { TestWorkUnit } from '../../support/consumers.ts';
import { createRandom, type Random } from '../../support/random.ts';
import { createTestHost, createTestSettings } from '../../support/settings.ts';
import { createTempDir } from '../../support/temp-dir.ts';

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

/** Heap that is alive. */
function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

async function start(config: object = {}) {
  const store = new MemoryStateStore();
  const memory = { history: SMALL, snapshots: SMALL, snapshot_cache: '64KiB', first_seen: SMALL, accumulator: SMALL };
  const settings = createTestSettings({ id: 'ruleset' });
  const host = createTestHost({ store });
  const counted = { alerts: 0 };
  const processor = rulesetFactory.create(settings, rulesetFactory.schema.parse({ memory, starter: true, ...config }), {
    mutatesData: false,
    consume: async ({ logs }) => {
      for (const { records } of logs) counted.alerts += records.length;
    },
  });
  await processor.start(host);
  onTestFinished(() => processor.shutdown());
  const consume = async (logs: LogBatch) => {
    const work = new TestWorkUnit();
    await processor.consume(logs, work);
    await work.commit(store);
    host.healthEvents.length = 0;
  };
  return { store, settings, counted, consume };
}

describe('what the processor keeps', () => {
  it('does not grow with the number of names, nor what it stores', {
    timeout: 300_000,
  }, async () => {
    const { store, settings, counted, consume } = await start();
    const random = createRandom(5);
    let serial = 0;
    const feed = async (events: number) => {
      for (let done = 0; done < events; done += BATCH) {
        await consume(batch(random, serial++));
      }
      return heapUsed();
    };
    const stored = () =>
      ['diff', 'diff-owner', 'fts', 'history', 'accumulator'].map(
        (kind) => [...store.entries(`ruleset/${kind}`)].length,
      );
    const filled = await feed(20_000);
    const before = stored();
    const later = await feed(60_000);
    expect(counted.alerts).toBeGreaterThan(1000);
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
  });

  const LONG = 500_000;
  const long = (serial: number) => `${serial}-${'x'.repeat(LONG)}`;
  const line = (serial: number) =>
    `Dec 10 01:02:02 h${serial} sshd[1]: Failed password for user${serial}-of-many from 198.18.0.7 port 1 ssh2`;
  type Made = { body: string; resource?: Record<string, string>; attributes?: Record<string, AnyValue> };

  it.each<[string, (serial: number) => Made]>([
    ['a host name', (n) => ({ body: line(n), resource: { 'host.name': long(n) } })],
    ['a host id', (n) => ({ body: line(n), resource: { 'host.name': `h${n}`, 'host.id': long(n) } })],
    ['a host name that is no ASCII', (n) => ({ body: line(n), resource: { 'host.name': `ü${long(n)}` } })],
    ['a location', (n) => ({ body: line(n), attributes: { 'log.file.path': long(n) } })],
    [
      'an alias',
      (n) => ({ body: "ossec: output: 'netstat listening ports':\nx", attributes: { 'hids.command.alias': long(n) } }),
    ],
    ['a line', (n) => ({ body: `${line(n)} ${long(n)}` })],
    ['a user', (n) => ({ body: line(n).replace('-of-many', long(n)) })],
    ['a header', (n) => ({ body: line(n).replace(`h${n}`, long(n)) })],
    ['a program', (n) => ({ body: line(n).replace('sshd', `sshd-${long(n)}`) })],
    ['a member of JSON', (n) => ({ body: JSON.stringify({ program: `program-of-${n}-numbers`, rest: long(n) }) })],
    [
      'an alert of another server',
      (n) => ({
        body: `ossec: Alert Level: 3; Rule: 100111 - text; Location: somewhere-${n}; srcip: 198.18.100.100;  ${line(n)} ${long(n)}`,
      }),
    ],
    [
      'an IDS event',
      (n) => ({
        body: `[**] [1:${n}:5] A name of an attack ${n} [**] {TCP} 198.18.100.100:1 -> 198.18.100.101:2 ${long(n)}`,
      }),
    ],
  ])('does not hold on to what %s was part of', { timeout: 300_000 }, async (...[, make]) => {
    const folder = createTempDir();
    const decoders =
      '<decoder name="snort"><type>ids</type><prematch>^[**] </prematch><regex offset="after_prematch">^[(\\S+)] (\\.+) [**] {\\w+} (\\S+):\\d+ -> (\\S+):</regex><order>id, extra_data, srcip, dstip</order><fts>name, id, srcip, dstip</fts></decoder>';
    const rules = `<group name="m,">
  <rule id="100110" level="3"><category>syslog</category><match>.</match><if_fts /><description>any</description></rule>
  <rule id="100111" level="3" frequency="2" timeframe="6000"><if_matched_sid>5716</if_matched_sid><same_user /><description>again</description></rule>
  <rule id="100112" level="3"><category>ids</category><if_fts /><description>ids</description></rule>
</group>`;
    writeFileSync(join(folder, 'd.xml'), decoders);
    writeFileSync(join(folder, 'r.xml'), rules);
    const { consume } = await start({ decoders: [join(folder, 'd.xml')], rules: [join(folder, 'r.xml')] });
    const feed = async (from: number, to: number) => {
      for (let serial = from; serial < to; serial++) {
        const { body, resource = { 'host.name': 'one' }, attributes = {} } = make(serial);
        const records = [
          createLogRecord({ body, identity: `m:${serial}`, attributes: new Map(Object.entries(attributes)) }),
        ];
        const scope = { name: 'test', version: '', attributes: new Map() };
        const from = { attributes: new Map<string, AnyValue>(Object.entries(resource)) };
        await consume({ logs: [{ resource: from, scope, schemaUrl: '', trusted: true, records }] });
      }
      return heapUsed();
    };
    const before = await feed(0, 20);
    // Of forty more not even eight are there.
    expect((await feed(20, 60)) - before).toBeLessThan(8 * LONG);
  });
});
