import { describe, expect, it } from 'vitest';
import type { StateStore } from '../../../src/component/state-store.ts';
import type { AnyValue } from '../../../src/pdata/any-value.ts';
import type { LogRecord, ScopeLogs } from '../../../src/pdata/logs.ts';
import { rulesetFactory } from '../../../src/processor/ruleset/factory.ts';
import type { RulesetProcessor } from '../../../src/processor/ruleset/processor.ts';
import { RuleTelemetry } from '../../../src/processor/ruleset/rule-telemetry.ts';
import { MemoryStateStore } from '../../../src/storage/memory-store.ts';
import { describeComponentContract } from '../../contract/component.ts';
import { createBatch } from '../../support/batches.ts';
import { CollectingConsumer, TestWorkUnit } from '../../support/consumers.ts';
import { createTestHost, createTestSettings, type TestSettings } from '../../support/settings.ts';

const ruleset = (config: object) => rulesetFactory.schema.parse(config);

describeComponentContract('ruleset processor', (settings) => ({
  component: rulesetFactory.create(settings, ruleset({}), new CollectingConsumer()),
}));

interface Bench {
  processor: RulesetProcessor;
  next: CollectingConsumer;
  store: StateStore;
  settings: TestSettings;
  /** Sends one batch and commits it. */
  send(bodies: readonly (string | Partial<LogRecord>)[], group?: Partial<ScopeLogs>): Promise<void>;
  rules(): (AnyValue | undefined)[];
}

async function start(
  config: object = {},
  store: StateStore = new MemoryStateStore(),
  pipeline?: string,
): Promise<Bench> {
  const settings = createTestSettings({ id: 'ruleset', ...(pipeline !== undefined && { pipeline }) });
  const next = new CollectingConsumer();
  const processor = rulesetFactory.create(settings, ruleset(config), next) as RulesetProcessor;
  await processor.start(createTestHost({ store }));
  return {
    processor,
    next,
    store,
    settings,
    async send(bodies, group) {
      const work = new TestWorkUnit();
      await processor.consume(createBatch(bodies, group), work);
      await work.commit(store);
    },
    rules: () => next.records.map(({ attributes }) => attributes.get('security_rule.uuid')),
  };
}

/** Cannot be read while it is broken. */
class FailingStore extends MemoryStateStore {
  broken = false;

  override get(namespace: string, key: string): Uint8Array | undefined {
    if (this.broken) throw new Error('damaged');
    return super.get(namespace, key);
  }
}

const INVALID = 'Dec 10 01:02:02 box sshd[1]: Invalid user bob from 203.0.113.9 port 51514';
const ports = (text: string) => ({
  body: `ossec: output: 'netstat listening ports':\n${text}`,
  attributes: new Map<string, AnyValue>([
    ['hids.location', 'netstat listening ports'],
    ['hids.command.alias', 'netstat listening ports'],
  ]),
});
const TRUSTED = { trusted: true };
const host = (name: string): Partial<ScopeLogs> => ({
  resource: { attributes: new Map([['host.name', name]]) },
});

describe('what leaves', () => {
  it.each([
    ['alerts', [['5710']]],
    ['all', [[undefined, undefined], ['5710']]],
    ['annotated', [['5710', undefined]]],
  ] as const)('with emit: %s', async (emit, expected) => {
    const { send, next } = await start({ emit });
    await send([INVALID, 'nothing to see']);
    const groups = next.batches.flatMap((batch) => batch.logs);
    expect(groups.map(({ records }) => records.map((record) => record.attributes.get('security_rule.uuid')))).toEqual(
      expected,
    );
  });

  it('is nothing for records of our own scope', async () => {
    const { send, next, settings } = await start();
    await send([INVALID], { scope: { name: 'otel-hids', version: '', attributes: new Map() } });
    expect(next.batches).toEqual([]);
    expect(await settings.metrics.value('hids_ruleset_own_records')).toBe(1);
  });

  it('is nothing for records without a host, where these are refused', async () => {
    const { send, rules, settings } = await start({ identity: { on_missing: 'reject' } });
    await send([INVALID]);
    await send([INVALID], host('web01'));
    expect(rules()).toEqual(['5710']);
    expect(await settings.metrics.value('hids_ruleset_identity_missing')).toBe(1);
  });
});

describe('numbers by rule', () => {
  it('count events by the rule that won, and the time they took, for each pipeline', async () => {
    const { send, settings, processor } = await start({}, new MemoryStateStore(), 'logs');
    await send([INVALID, 'nothing to see', INVALID]);
    const value = (name: string, rule: string) =>
      settings.metrics.value(name, { rule, processor: 'ruleset', pipeline: 'logs' });
    expect(await value('hids_rule_matches', '5710')).toBe(2);
    expect(await value('hids_rule_matches', 'none')).toBe(1);
    expect(await value('hids_rule_evaluation_time', '5710')).toBeGreaterThan(0);
    await processor.shutdown();
  });

  it('are bounded', async () => {
    const settings = createTestSettings();
    const rules = new RuleTelemetry(settings);
    for (let index = 0; index < 25_000; index++) rules.count(`${index}`, 1);
    expect(rules.size).toBe(20_001);
    rules.close();
  });
});

describe('control messages', () => {
  it.each(['ossec: Manager started.', "otel-hids: command failed: subject='x' exit=127"])(
    'count from trusted sources only: %s',
    async (body) => {
      const { send, rules } = await start();
      await send([body]);
      expect(rules()).toEqual([]);
      await send([body], TRUSTED);
      expect(rules()).toHaveLength(1);
    },
  );
});

describe('memory', () => {
  describe('of command runs', () => {
    const run = (text: string, second: number, alias = 'netstat listening ports') => {
      const record = ports(text);
      record.attributes.set('hids.command.run', second * 1000);
      record.attributes.set('hids.command.alias', alias);
      return { ...record, timeUnixNano: BigInt(second) * 1_000_000_000n };
    };

    it('leaves out one that comes late, and says so once', async () => {
      const { send, rules, next, settings } = await start();
      await send([run('tcp 22', 100), run('tcp 22', 300)], TRUSTED);
      await send([run('tcp 2021', 200), run('tcp 2022', 200)], TRUSTED);
      expect(rules()).toEqual(['199022']);
      expect(next.records[0].body).toContain("subject='netstat listening ports' run=200000 stored=300000");
      expect(await settings.metrics.value('hids_ruleset_stale_runs')).toBe(2);
      await send([run('tcp 2021', 300)], TRUSTED);
      expect(rules()).toEqual(['199022', '533']);
    });

    it('asks host and alias, and trusts nobody else', async () => {
      const { send, rules } = await start();
      await send([run('tcp 22', 300)], TRUSTED);
      await send([run('tcp 22', 200)], { ...TRUSTED, ...host('web01') });
      await send([run('tcp 22', 200, 'other')], TRUSTED);
      await send([run('tcp 22', 100)]);
      expect(rules()).toEqual([]);
    });

    it('takes what a receiver tells of an old run', async () => {
      const { send, rules } = await start();
      const told = {
        ...run('', 200),
        body: "otel-hids: command failed: subject='x' exit=127",
        eventName: 'hids.health',
      };
      await send([run('tcp 22', 300), told], TRUSTED);
      expect(rules()).toEqual(['199010']);
    });

    it('is kept with the state, and goes back with it', async () => {
      const first = await start();
      await first.send([run('tcp 22', 300)], TRUSTED);
      const failed = new TestWorkUnit();
      await first.processor.consume(createBatch([run('tcp 22', 500)], TRUSTED), failed);
      failed.rollback();
      await first.send([run('tcp 22', 400)], TRUSTED);
      expect(first.rules()).toEqual([]);
      const second = await start({}, first.store);
      await second.send([run('tcp 22', 300)], TRUSTED);
      expect(second.rules()).toEqual(['199022']);
    });

    it('does not count in strict', async () => {
      const { send, rules } = await start({ compat: 'strict' });
      await send([run('tcp 22', 300), run('tcp 2021', 200)], TRUSTED);
      expect(rules()).toEqual(['533']);
    });
  });

  it('is that of one pipeline', async () => {
    const store = new MemoryStateStore();
    for (const [pipeline, expected] of [
      ['logs', []],
      ['logs/other', []],
      ['logs', ['533']],
    ] as const) {
      const { send, rules } = await start({}, store, pipeline);
      await send([ports(expected.length === 0 ? 'tcp 22' : 'tcp 80')], TRUSTED);
      expect(rules()).toEqual(expected);
    }
  });

  it('of a changed output survives a restart, and tells the first look', async () => {
    const first = await start({ alert_level: 2 });
    await first.send([ports('tcp 22')], TRUSTED);
    expect(first.rules()).toEqual(['199030']);
    await first.processor.shutdown();
    const second = await start({}, first.store);
    await second.send([ports('tcp 22')], TRUSTED);
    expect(second.rules()).toEqual([]);
    await second.send([ports('tcp 22\ntcp 80')], TRUSTED);
    expect(second.rules()).toEqual(['533']);
    expect(second.next.records[0].body).toContain('+tcp 80');
  });

  it('goes back to what is stored when a batch fails, and then counts it once', async () => {
    const { processor, next, send, rules, store } = await start();
    await send([ports('tcp 22')], TRUSTED);
    next.fail = () => {
      throw new Error('the backend is gone');
    };
    const work = new TestWorkUnit();
    const batch = createBatch([ports('tcp 22\ntcp 80')], TRUSTED);
    await expect(processor.consume(batch, work)).rejects.toThrow('the backend is gone');
    work.rollback();
    next.fail = undefined;
    const again = new TestWorkUnit();
    await processor.consume(batch, again);
    await again.commit(store);
    expect(rules()).toEqual(['533']);
    expect(next.records[0].attributes.get('hids.rule.firedtimes')).toBe(1);
  });

  it('forgets what a batch began when the store fails in the middle of it, as soon as the store can be read', async () => {
    const store = new FailingStore();
    await (await start({}, store)).send([ports('tcp 22')], TRUSTED);
    const { processor, next, rules } = await start({}, store);
    const batch = createBatch([{ body: INVALID }, ports('tcp 22')], TRUSTED);
    store.broken = true;
    const failed = new TestWorkUnit();
    await expect(processor.consume(batch, failed)).rejects.toThrow('damaged');
    failed.rollback();
    await expect(processor.consume(batch, new TestWorkUnit())).rejects.toThrow('goes back');
    store.broken = false;
    const again = new TestWorkUnit();
    await processor.consume(batch, again);
    await again.commit(store);
    expect(rules()).toEqual(['5710']);
    expect(next.records[0].attributes.get('hids.rule.firedtimes')).toBe(1);
  });

  it('refuses batches while an earlier one is open and a later one has failed', async () => {
    const { processor, next, store } = await start();
    const open = new TestWorkUnit();
    await processor.consume(createBatch([INVALID]), open);
    next.fail = () => {
      throw new Error('gone');
    };
    const failing = new TestWorkUnit();
    await expect(processor.consume(createBatch([INVALID]), failing)).rejects.toThrow('gone');
    failing.rollback();
    next.fail = undefined;
    await expect(processor.consume(createBatch([INVALID]), new TestWorkUnit())).rejects.toThrow('goes back');
    await open.commit(store);
    const again = new TestWorkUnit();
    await processor.consume(createBatch([INVALID]), again);
    await again.commit(store);
    expect(next.records.map((record) => record.attributes.get('hids.rule.firedtimes'))).toEqual([1, 2]);
  });
});

describe('hosts', () => {
  it('have windows of their own, and names that prove nothing about agents', async () => {
    const { send, rules, next } = await start();
    const failures = Array.from(
      { length: 4 },
      () => 'Dec 10 01:02:02 box sshd[1]: Failed password for a from 10.0.0.5 port 1 ssh2',
    );
    await send(failures, host('web01'));
    await send(failures, host('web02'));
    expect(rules()).not.toContain('5720');
    await send(failures, host('web01'));
    expect(rules()).toContain('5720');
    await send([{ body: INVALID, attributes: new Map([['hids.location', '[001] (forged) any->/x']]) }]);
    expect(next.records.at(-1)?.alert).toMatchObject({ agent: { id: '000' }, location: ' [001] (forged) any->/x' });
  });

  it('get their agent ids from the configuration', async () => {
    const { send, next } = await start({ identity: { agents: { web01: '007' } } });
    await send([INVALID], host('web01'));
    expect(next.records[0].alert?.agent).toEqual({ id: '007', name: 'web01' });
    expect(next.records[0].alert?.location).toBe('(web01) any->');
  });
});

describe('start', () => {
  it('fails with every diagnostic logged when the ruleset cannot be loaded', async () => {
    const settings = createTestSettings();
    const processor = rulesetFactory.create(
      settings,
      ruleset({ rules: ['/nowhere/at/all.xml'] }),
      new CollectingConsumer(),
    );
    await expect(processor.start(createTestHost())).rejects.toThrow('cannot be loaded');
    expect(settings.logger.entries.map(({ message }) => message).join('\n')).toContain('file-not-found');
  });
});
