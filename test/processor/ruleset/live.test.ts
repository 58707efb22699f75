import { mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { rulesetFactory } from '../../../src/processor/ruleset/factory.ts';
import type { RulesetProcessor } from '../../../src/processor/ruleset/processor.ts';
import { createBatch } from '../../support/batches.ts';
import { CollectingConsumer, TestWorkUnit } from '../../support/consumers.ts';
import { createTestHost, createTestSettings } from '../../support/settings.ts';
import { TestList } from '../../support/shared-list.ts';
import { createTempDir } from '../../support/temp-dir.ts';

const DECODERS =
  '<decoder name="t"><prematch>^addr </prematch><regex offset="after_prematch">^(\\S+)</regex><order>srcip</order></decoder>';
const RULES = `<group name="t,">
  <rule id="1" level="0" noalert="1"><category>syslog</category><description>log</description></rule>
  <rule id="100" level="0"><decoded_as>t</decoded_as><description>address</description></rule>
  <rule id="101" level="7"><if_sid>100</if_sid><list field="srcip">etc/lists/blocked</list><description>blocked</description></rule>
</group>`;
const MORE = (level: number) =>
  `<group name="m,"><rule id="102" level="${level}"><match>^more</match><description>more</description></rule></group>`;

class Bench {
  readonly folder = createTempDir();
  readonly list = new TestList();
  readonly settings = createTestSettings({ id: 'ruleset', baseDir: this.folder });
  readonly host = createTestHost({ lists: { blocked: this.list } });
  readonly next = new CollectingConsumer();
  processor!: RulesetProcessor;

  write(path: string, text: string): void {
    const file = join(this.folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.tmp`, text);
    renameSync(`${file}.tmp`, file);
  }

  async start(lists: Record<string, string>, config: object = {}): Promise<void> {
    this.write('decoders/t.xml', DECODERS);
    this.write('rules/00.xml', RULES);
    const all = { decoders: ['decoders'], rules: ['rules'], lists, health: false, ...config };
    this.processor = rulesetFactory.create(
      this.settings,
      rulesetFactory.schema.parse(all),
      this.next,
    ) as RulesetProcessor;
    onTestFinished(() => this.processor.shutdown());
    await this.processor.start(this.host);
  }

  /** Rules that alert for the logs. */
  async rules(...logs: string[]): Promise<unknown[]> {
    this.next.batches.length = 0;
    const work = new TestWorkUnit();
    await this.processor.consume(createBatch(logs), work);
    await work.commit(this.host.defaultStore);
    return this.next.records.map(({ attributes }) => attributes.get('security_rule.uuid'));
  }

  /** Lets the time of one look pass, and waits until the look is over. */
  async look(): Promise<void> {
    const before = this.settings.clock.pending;
    await this.settings.clock.advance(5000);
    // Files are read by other threads; the next look is planned when this one has ended.
    await expect.poll(() => this.settings.clock.pending, { interval: 1 }).toBe(before);
  }

  messages(level: string): string[] {
    return this.settings.logger.entries.filter((entry) => entry.level === level).map(({ message }) => message);
  }
}

const KEYV = { 'etc/lists/blocked': 'keyv:blocked' };

describe('a list of the store', () => {
  it('that is not there is empty, and gets its entries while it runs', async () => {
    const bench = new Bench();
    await bench.start(KEYV);
    expect(await bench.rules('addr 10.0.0.1')).toEqual([]);
    bench.list.write({ '10.0.0.1': 'red', grün: 'ü' });
    expect(await bench.rules('addr 10.0.0.1')).toEqual([]);
    await bench.look();
    expect(await bench.rules('addr 10.0.0.1', 'addr grün', 'addr 10.0.0.2')).toEqual(['101', '101']);
    expect(bench.host.healthEvents).toEqual([
      {
        name: 'list changed',
        subject: 'etc/lists/blocked',
        fields: { by: 'alice@admin-host' },
        totals: { added: 2, removed: 0 },
      },
    ]);
    bench.list.write({ '10.0.0.2': 'red' }, 'bob@other');
    await bench.look();
    expect(await bench.rules('addr 10.0.0.1', 'addr 10.0.0.2')).toEqual(['101']);
    expect(bench.host.healthEvents[1]).toMatchObject({ fields: { by: 'bob@other' }, totals: { added: 1, removed: 2 } });
    expect(bench.settings.logger.entries.at(-1)).toMatchObject({
      message: 'list changed',
      fields: { keys: ['+10.0.0.2', '-10.0.0.1', '-grün'], at: '1970-01-01T00:00:00.001Z' },
    });
  });

  it('is read only when its version has changed', async () => {
    const bench = new Bench();
    bench.list.write({ '10.0.0.1': '' });
    await bench.start(KEYV);
    for (let times = 0; times < 3; times++) await bench.look();
    expect(bench.list.reads).toBe(1);
    expect(await bench.rules('addr 10.0.0.1')).toEqual(['101']);
  });

  it('that cannot be read keeps what it has, says so once, and recovers', async () => {
    const bench = new Bench();
    bench.list.write({ '10.0.0.1': '' });
    await bench.start(KEYV);
    bench.list.failure = new Error('no connection');
    await bench.look();
    await bench.look();
    expect(bench.messages('error')).toEqual(['the list cannot be read; its last content stays in force']);
    expect(bench.host.statuses.get('ruleset')).toEqual({
      state: 'recoverable_error',
      reason: 'lists of the store cannot be read: blocked',
    });
    expect(await bench.rules('addr 10.0.0.1')).toEqual(['101']);
    bench.list.failure = undefined;
    bench.list.write({});
    await bench.look();
    expect(await bench.rules('addr 10.0.0.1')).toEqual([]);
    expect(bench.host.statuses.get('ruleset')).toEqual({ state: 'ok' });
  });

  it('that cannot be read is an error at the start', async () => {
    const bench = new Bench();
    bench.list.failure = new Error('no connection');
    await expect(bench.start(KEYV)).rejects.toThrow('cannot be loaded');
    expect(JSON.stringify(bench.settings.logger.entries)).toContain('cannot be read from the store: no connection');
  });

  it('comes from the storage that the processor names, and is closed with it', async () => {
    const bench = new Bench();
    const named = new TestList();
    named.write({ '10.0.0.1': '' });
    bench.host.lists.set('keyv_storage/b:blocked', named);
    const host = { ...bench.host, store: () => bench.host.defaultStore };
    Object.assign(bench, { host });
    await bench.start(KEYV, { storage: 'keyv_storage/b' });
    expect(await bench.rules('addr 10.0.0.1')).toEqual(['101']);
    await bench.processor.shutdown();
    expect(named.closed).toBe(true);
  });
});

describe('a list file', () => {
  it('is read again when its content changes, not when it is only touched', async () => {
    const bench = new Bench();
    bench.write('blocked', '10.0.0.1:red\n');
    await bench.start({ 'etc/lists/blocked': 'blocked' });
    expect(await bench.rules('addr 10.0.0.1')).toEqual(['101']);
    utimesSync(join(bench.folder, 'blocked'), 1, 1);
    await bench.look();
    expect(bench.host.healthEvents).toEqual([]);
    bench.write('blocked', '10.0.0.2:red\n');
    await bench.look();
    expect(await bench.rules('addr 10.0.0.1', 'addr 10.0.0.2')).toEqual(['101']);
    expect(bench.host.healthEvents).toEqual([
      { name: 'list changed', subject: 'etc/lists/blocked', fields: {}, totals: { added: 1, removed: 1 } },
    ]);
  });

  it('that is gone keeps what it had, and says so once', async () => {
    const bench = new Bench();
    bench.write('blocked', '10.0.0.1:red\n');
    await bench.start({ 'etc/lists/blocked': 'blocked' }, { watch: false });
    rmSync(join(bench.folder, 'blocked'));
    await bench.look();
    await bench.look();
    expect(await bench.rules('addr 10.0.0.1')).toEqual(['101']);
    expect(bench.messages('error')).toEqual([expect.stringContaining('cannot be read')]);
    bench.write('blocked', '10.0.0.3:red\n');
    await bench.look();
    expect(await bench.rules('addr 10.0.0.1', 'addr 10.0.0.3')).toEqual(['101']);
  });
});

describe('rules', () => {
  it('are read again when a file is changed, added or removed', async () => {
    const bench = new Bench();
    await bench.start(KEYV);
    expect(await bench.rules('more')).toEqual([]);
    bench.write('rules/more.xml', MORE(7));
    await bench.look();
    expect(await bench.rules('more')).toEqual(['102']);
    expect(bench.host.healthEvents).toMatchObject([
      { name: 'ruleset reloaded', subject: 'ruleset', fields: { rules: 4, lists: 1 } },
    ]);
    bench.write('rules/more.xml', MORE(0));
    await bench.look();
    expect(await bench.rules('more')).toEqual([]);
    rmSync(join(bench.folder, 'rules/more.xml'));
    await bench.look();
    expect(bench.host.healthEvents.map(({ fields }) => fields?.rules)).toEqual([4, 4, 3]);
  });

  it('that were changed before the first look are noticed by it', async () => {
    const bench = new Bench();
    bench.write('rules/more.xml', MORE(0));
    await bench.start(KEYV);
    bench.write('rules/more.xml', MORE(7));
    await bench.look();
    expect(await bench.rules('more')).toEqual(['102']);
  });

  it('are left alone while only files beside them change', async () => {
    const bench = new Bench();
    await bench.start(KEYV);
    bench.write('rules/notes.txt', 'x');
    bench.write('rules/.00.xml.swp', 'x');
    utimesSync(join(bench.folder, 'rules/00.xml'), 1, 1);
    await bench.look();
    expect(bench.host.healthEvents).toEqual([]);
    expect(bench.messages('info')).toEqual(['ruleset loaded']);
  });

  it('that are broken are refused once, with the reason, and taken when they are mended', async () => {
    const bench = new Bench();
    bench.list.write({ '10.0.0.1': '' });
    await bench.start(KEYV);
    bench.write('rules/more.xml', '<group name="m,"><rule id="102" level="7"><nonsense/></rule></group>');
    await bench.look();
    await bench.look();
    expect(await bench.rules('addr 10.0.0.1', 'more')).toEqual(['101']);
    expect(bench.host.healthEvents).toMatchObject([
      {
        name: 'reload refused',
        subject: 'ruleset',
        detail: expect.stringMatching(/more\.xml:1:\d+: fatal\[.*nonsense/),
      },
    ]);
    expect(bench.messages('error')).toContain('reload refused; the old rules and lists stay in force');
    bench.write('rules/more.xml', MORE(7));
    await bench.look();
    expect(await bench.rules('addr 10.0.0.1', 'more')).toEqual(['101', '102']);
  });

  it('keep what they counted, and lists of the store what they hold', async () => {
    const bench = new Bench();
    bench.write(
      'rules/count.xml',
      '<group name="c,"><rule id="110" level="1"><match>^hit</match><description>h</description></rule><rule id="111" level="9" frequency="3" timeframe="60"><if_matched_sid>110</if_matched_sid><description>often</description></rule></group>',
    );
    await bench.start(KEYV, { alert_level: 5 });
    expect(await bench.rules('hit', 'hit')).toEqual([]);
    bench.write('rules/more.xml', MORE(7));
    await bench.look();
    bench.list.write({ '10.0.0.1': '' });
    await bench.look();
    expect(await bench.rules('hit', 'more', 'addr 10.0.0.1')).toEqual(['111', '102', '101']);
  });

  it('are not watched with watch: false, but read when asked for', async () => {
    const bench = new Bench();
    await bench.start(KEYV, { watch: false });
    bench.write('rules/more.xml', MORE(7));
    await bench.look();
    expect(await bench.rules('more')).toEqual([]);
    await bench.processor.reload();
    expect(await bench.rules('more')).toEqual(['102']);
    bench.write('rules/more.xml', '<nonsense');
    await expect(bench.processor.reload()).rejects.toThrow(/cannot be loaded.*more\.xml/s);
    expect(await bench.rules('more')).toEqual(['102']);
  });

  it('of a glob are looked for in its folders', async () => {
    const bench = new Bench();
    await bench.start(KEYV, { rules: ['rules/*.xml'] });
    bench.write('rules/more.xml', MORE(7));
    await bench.look();
    expect(await bench.rules('more')).toEqual(['102']);
  });
});

describe('a start', () => {
  const LISTS = { 'etc/lists/blocked': 'blocked' };
  const create = () => {
    const bench = new Bench();
    bench.write('blocked', '10.0.0.1:red\n');
    bench.write('rules/more.xml', MORE(7));
    return bench;
  };
  /** What is told of changes that happen while it does not run. */
  const restart = async (bench: Bench, change: () => void, config: object = {}) => {
    await bench.processor.shutdown();
    bench.host.healthEvents.length = 0;
    change();
    await bench.start(LISTS, config);
    return bench.host.healthEvents;
  };

  it.each([
    ['one thread', {}],
    ['two threads', { workers: 2 }],
  ])('with other rules, decoders or lists than the last one had is told (%s)', async (...[, config]) => {
    const bench = create();
    await bench.start(LISTS, config);
    expect(bench.host.healthEvents).toEqual([]);
    expect(await restart(bench, () => {}, config)).toEqual([]);
    const change = () => {
      bench.write('rules/more.xml', MORE(0));
      bench.write('rules/one-more.xml', MORE(3).replace('102', '103'));
      bench.write('blocked', '10.0.0.2:red\n');
    };
    const file = (name: string) => join(bench.folder, name);
    expect(await restart(bench, change, config)).toEqual([
      {
        name: 'ruleset changed',
        subject: 'ruleset',
        fields: { files: 3 },
        detail: expect.toSatisfy((text: string) => {
          const lines = [
            `changed: ${file('rules/more.xml')}`,
            `new: ${file('rules/one-more.xml')}`,
            `changed: ${file('blocked')}`,
          ];
          return text.split('\n').sort().join() === lines.sort().join();
        }),
      },
    ]);
    expect(await restart(bench, () => rmSync(file('rules/one-more.xml')), config)).toMatchObject([
      { fields: { files: 1 }, detail: `gone: ${file('rules/one-more.xml')}` },
    ]);
  });

  it('with what was changed and told of while it ran is not', async () => {
    const bench = create();
    await bench.start(LISTS);
    bench.write('rules/more.xml', MORE(0));
    await bench.look();
    bench.write('blocked', '10.0.0.2:red\n');
    await bench.look();
    expect(bench.host.healthEvents.map(({ name }) => name)).toEqual(['ruleset reloaded', 'list changed']);
    expect(await restart(bench, () => {})).toEqual([]);
  });

  it('that cannot read or store what was in force goes on', async () => {
    const bench = create();
    const value = Buffer.from('{"none of ours"');
    await bench.host.defaultStore.commit([{ op: 'put', namespace: 'ruleset/content', key: 'files', value }]);
    await bench.start(LISTS);
    expect(await restart(bench, () => bench.write('rules/more.xml', MORE(0)))).toHaveLength(1);
  });
});

it('agent ids are read again with client.keys', async () => {
  const bench = new Bench();
  bench.write('client.keys', '001 web01 any key\n');
  await bench.start(KEYV, { identity: { client_keys: 'client.keys' } });
  const agent = async () => {
    bench.list.write({ '10.0.0.1': '' });
    await bench.look();
    bench.next.batches.length = 0;
    const resource = { attributes: new Map([['host.name', 'web01']]) };
    await bench.processor.consume(createBatch(['addr 10.0.0.1'], { resource }), new TestWorkUnit());
    return bench.next.records[0]?.attributes.get('hids.agent.id');
  };
  expect(await agent()).toBe('001');
  bench.write('client.keys', '007 web01 any key\n');
  expect(await agent()).toBe('007');
});
