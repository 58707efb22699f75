import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Processor } from '../../../src/component/component.ts';
import { LimitLog } from '../../../src/processor/ruleset/evaluate/match.ts';
import { rulesetFactory } from '../../../src/processor/ruleset/factory.ts';
import { MatchLimitError } from '../../../src/processor/ruleset/matcher/types.ts';
import { createBatch } from '../../support/batches.ts';
import { CollectingConsumer, TestWorkUnit } from '../../support/consumers.ts';
import { createTestHost, createTestSettings } from '../../support/settings.ts';
import { createTempDir } from '../../support/temp-dir.ts';

describe('patterns', () => {
  /** Every text that begins with `!` takes it too long. */
  const explosive = {
    language: 'pcre2' as const,
    pattern: '(a+)+$',
    asked: 0,
    test(text: string): boolean {
      this.asked++;
      if (text.startsWith('!')) throw new MatchLimitError(this.pattern);
      return true;
    },
  };

  function asking(limits: { after: number; within: number; for: number }) {
    const log = new LimitLog(limits);
    const ask = (host: string, time: number, text: string, owner = 'rule') => {
      log.suspensions.begin(host, time);
      const before = explosive.asked;
      const answer = log.test(explosive, text, owner);
      return explosive.asked > before ? answer : 'not asked';
    };
    return { log, ask };
  }

  it('are suspended about the events of one host, and asked again later', () => {
    const { log, ask } = asking({ after: 3, within: 60, for: 600 });
    for (const second of [0, 1]) expect(ask('a', second, '!')).toBe(false);
    expect(ask('a', 2, 'x')).toBe(true);
    expect(ask('a', 3, '!')).toBe(false);
    expect(log.suspensions.take()).toEqual([{ change: 'suspended', owner: 'rule', host: 'a', trips: 3 }]);
    expect(ask('a', 4, 'x')).toBe('not asked');
    expect(ask('b', 4, 'x')).toBe(true);
    expect(ask('a', 4, 'x', 'other rule')).toBe(true);
    expect(ask('a', 602, 'x')).toBe('not asked');
    expect(ask('a', 603, 'x')).toBe(true);
    expect(log.suspensions.take()).toEqual([{ change: 'resumed', owner: 'rule', host: 'a', trips: 3 }]);
  });

  it('are not suspended for what is spread over a long time, nor when that is switched off', () => {
    const slow = asking({ after: 3, within: 60, for: 600 });
    for (let time = 0; time < 4000; time += 40) expect(slow.ask('a', time, '!')).toBe(false);
    const off = asking({ after: 0, within: 60, for: 600 });
    for (let time = 0; time < 4000; time++) expect(off.ask('a', 0, '!')).toBe(false);
    expect([slow.log.suspensions.take(), off.log.suspensions.take()]).toEqual([[], []]);
  });

  it('are suspended for all when many hosts trip them', () => {
    const { log, ask } = asking({ after: 2, within: 60, for: 600 });
    for (let host = 0; host < 16; host++) for (const time of [0, 1]) ask(`h${host}`, time, '!');
    expect(log.suspensions.take().at(-1)).toEqual({ change: 'suspended', owner: 'rule', host: undefined, trips: 32 });
    expect(ask('innocent', 2, 'x')).toBe('not asked');
    expect(ask('innocent', 602, 'x')).toBe(true);
  });

  it('of hosts without number take no memory without bound', () => {
    const { log, ask } = asking({ after: 2, within: 1e6, for: 600 });
    for (let host = 0; host < 20_000; host++) ask(`h${host}`, 0, '!');
    expect(ask('h0', 1, '!')).toBe(false);
    // Long forgotten: h0 has to trip twice again.
    expect(log.suspensions.take()).toEqual([]);
  });
});

describe('a processor', () => {
  const rules = `<group name="t,">
    <rule id="100900" level="5"><regex type="pcre2">^explode (a|aa|a+)+\\1\\d$</regex><description>explodes</description></rule>
    <rule id="100901" level="5"><match>marker</match><description>works</description></rule>
  </group>`;

  async function start(suspend: object, workers: number) {
    const path = join(createTempDir(), 'rules.xml');
    writeFileSync(path, rules);
    const settings = createTestSettings({ id: 'ruleset' });
    const next = new CollectingConsumer();
    const host = createTestHost();
    const config = rulesetFactory.schema.parse({ starter: true, rules: [path], suspend, workers });
    const processor = rulesetFactory.create(settings, config, next) as Processor & { reload(): Promise<void> };
    await processor.start(host);
    const send = async (...lines: string[]) => {
      const work = new TestWorkUnit();
      await processor.consume(createBatch(lines), work);
      await work.commit(host.defaultStore);
    };
    return { processor, send, settings, host, next };
  }

  it.each([1, 2])(
    'says so in events, metrics and health, and resumes at a reload; %i threads',
    { timeout: 60_000 },
    async (workers) => {
      const { processor, send, settings, host, next } = await start({ after: 2, within: '1m', for: '10m' }, workers);
      const slow = `explode ${'a'.repeat(20_000)}!`;
      await send(slow, slow, `${slow} marker`, slow);
      const events = () => host.healthEvents.map(({ name, subject, totals }) => [name, subject, totals]);
      expect(events()).toEqual([['rule suspended', '100900', { trips: 2 }]]);
      expect(await settings.metrics.value('hids_ruleset_suspensions', { owner: '100900', processor: 'ruleset' })).toBe(
        1,
      );
      expect(host.statuses.get('ruleset patterns')).toEqual({ state: 'ok', reason: 'suspended: 100900' });
      // The two that tripped it are told one by one, the others are not asked.
      const ids = next.records.map(({ attributes }) => attributes.get('security_rule.uuid'));
      expect(ids.filter((id) => id === '199060').length).toBe(2);
      expect(ids).toContain('100901');
      await processor.reload();
      await send('quiet');
      expect(events().filter(([name]) => name === 'rule resumed')).toEqual([['rule resumed', '100900', { trips: 2 }]]);
      expect(host.statuses.get('ruleset patterns')).toEqual({ state: 'ok' });
      await processor.shutdown();
    },
  );
});
