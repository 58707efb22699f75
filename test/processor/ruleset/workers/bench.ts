import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { afterAll } from 'vitest';
import type { Processor } from '../../../../src/component/component.ts';
import type { StateStore } from '../../../../src/component/state-store.ts';
import type { LogRecord, ScopeLogs } from '../../../../src/pdata/logs.ts';
import { rulesetFactory } from '../../../../src/processor/ruleset/factory.ts';
import { MemoryStateStore } from '../../../../src/storage/memory-store.ts';
import { createBatch } from '../../../support/batches.ts';
import { CollectingConsumer, TestWorkUnit } from '../../../support/consumers.ts';
import type { FakeClock } from '../../../support/fake-clock.ts';
import { createTestHost, createTestSettings, type TestHost, type TestSettings } from '../../../support/settings.ts';

const DECODERS = `
<decoder name="app"><program_name>^app</program_name></decoder>
<decoder name="app-fields">
  <parent>app</parent>
  <prematch>user</prematch>
  <regex>user (\\w+) from (\\S+)</regex>
  <order>dstuser, srcip</order>
  <fts>name, user</fts>
</decoder>
<decoder name="acc"><program_name>^acc</program_name></decoder>
<decoder name="acc-fields">
  <parent>acc</parent>
  <regex>id (\\w+) user (\\S*) from (\\S*)</regex>
  <order>id, dstuser, srcip</order>
  <accumulate />
</decoder>`;

/** `level` of the plain rule, so that a test can change the set. */
export const rules = (level = 3): string => `
<group name="app,">
  <rule id="100100" level="${level}"><decoded_as>app</decoded_as><description>app of $(dstuser)</description></rule>
  <rule id="100101" level="5"><if_sid>100100</if_sid><match>failed</match><description>failed</description><group>failure,</group></rule>
  <rule id="100102" level="10" frequency="4" timeframe="120">
    <if_matched_sid>100101</if_matched_sid><same_source_ip /><description>many of $(srcip)</description></rule>
  <rule id="100103" level="7" ignore="60"><if_sid>100100</if_sid><match>quiet</match><description>quiet</description></rule>
  <rule id="100104" level="6"><if_sid>100100</if_sid><match>login</match><if_fts /><description>first login</description></rule>
  <rule id="100105" level="7"><if_sid>100100</if_sid><match>output</match><check_diff /><description>changed</description></rule>
  <rule id="100106" level="12" frequency="6" timeframe="120"><if_matched_group>failure</if_matched_group><description>group</description></rule>
  <rule id="100107" level="8"><if_sid>100100</if_sid><list field="user" lookup="match_key">etc/lists/bad</list><description>listed</description></rule>
  <rule id="100108" level="4"><decoded_as>acc</decoded_as><srcip>10.0.0.0/8</srcip><user>\\w</user><description>whole</description></rule>
</group>`;

export interface Content {
  readonly directory: string;
  readonly config: object;
  writeRules(text: string): void;
  writeList(text: string): void;
}

/** A ruleset of our own on disk, on top of the starter one. */
export function createContent(): Content {
  const directory = mkdtempSync(join(tmpdir(), 'workers-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  const write = (name: string) => (text: string) => writeFileSync(join(directory, name), text);
  write('decoders.xml')(DECODERS);
  write('9000-rules.xml')(rules());
  write('bad')('mallory:\n');
  return {
    directory,
    config: {
      starter: true,
      decoders: [join(directory, 'decoders.xml')],
      rules: [join(directory, '9000-rules.xml')],
      lists: { 'etc/lists/bad': join(directory, 'bad') },
    },
    writeRules: write('9000-rules.xml'),
    writeList: write('bad'),
  };
}

/** Lines of one host, in its resource. */
export interface HostLines {
  readonly host: string;
  readonly lines: readonly (string | Partial<LogRecord>)[];
  readonly trusted?: boolean;
}

export interface Running {
  readonly processor: Processor & { reload(): Promise<void> };
  readonly next: CollectingConsumer;
  readonly store: StateStore;
  readonly settings: TestSettings;
  readonly host: TestHost;
  readonly clock: FakeClock;
  /** Threads that were started since. */
  readonly threads: readonly Worker[];
  /** Evaluates one batch and commits it. */
  send(...groups: readonly HostLines[]): Promise<void>;
  stop(): Promise<void>;
}

export const toGroup = ({ host, lines, trusted = false }: HostLines, batch: number): ScopeLogs => {
  const bodies = lines.map((line, index) => ({
    identity: `${host}:${batch}:${index}`,
    ...(typeof line === 'string' ? { body: line } : line),
  }));
  return createBatch(bodies, { trusted, resource: { attributes: new Map([['host.name', host]]) } }).logs[0]!;
};

export async function start(
  config: object,
  workers: number,
  { store = new MemoryStateStore() }: { store?: StateStore } = {},
): Promise<Running> {
  const settings = createTestSettings({ id: 'ruleset' });
  const next = new CollectingConsumer();
  const threads: Worker[] = [];
  const note = (worker: Worker) => threads.push(worker);
  process.on('worker', note);
  const made = rulesetFactory.create(settings, rulesetFactory.schema.parse({ ...config, workers }), next);
  const processor = made as Running['processor'];
  const host = createTestHost({ store });
  // So that a start that fails leaves no listener behind.
  const leave = () => process.off('worker', note);
  await processor.start(host).catch((error: unknown) => {
    leave();
    throw error;
  });
  let batch = 0;
  return {
    processor,
    next,
    store,
    settings,
    host,
    clock: settings.clock,
    threads,
    async send(...groups) {
      const number = batch++;
      const work = new TestWorkUnit();
      try {
        await processor.consume({ logs: groups.map((group) => toGroup(group, number)) }, work);
      } catch (error) {
        work.rollback();
        throw error;
      }
      await work.commit(store);
    },
    async stop() {
      leave();
      await processor.shutdown();
    },
  };
}

/** What an alert says, complete, but for the number of firings: threads take those in another order. */
export function describeAlert(record: LogRecord): unknown {
  const { attributes, alert } = record;
  const whole = (alert as { whole?: typeof alert } | undefined)?.whole ?? alert;
  const { firedtimes: _firedtimes, ...rule } = whole?.rule ?? {};
  return plain({
    body: record.body,
    time: record.timeUnixNano,
    severity: [record.severityNumber, record.severityText],
    identity: record.identity,
    attributes: new Map([...attributes].filter(([name]) => name !== 'hids.rule.firedtimes').sort()),
    alert: { ...whole, rule },
  });
}

/** Comparable by `toEqual` whatever it was made of: without what is undefined. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, item) =>
      typeof item === 'bigint' ? `${item}n` : item instanceof Map ? Object.fromEntries(item) : item,
    ),
  );
}

export const describeAlerts = ({ next }: Running): unknown[] => next.records.map(describeAlert);

export const ruleIds = ({ next }: Running): unknown[] =>
  next.records.map(({ attributes }) => attributes.get('security_rule.uuid'));
