import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { compileRuleset } from '../../src/processor/ruleset/compile/compile.ts';
import type { Ruleset } from '../../src/processor/ruleset/compile/ruleset.ts';
import { loadRuleset } from '../../src/processor/ruleset/load.ts';
import { Comparison, type ComparisonResult } from '../../src/ruletools/compare/comparison.ts';
import { type LiveEvent, type Recording, record } from './recording.ts';

const DECODERS = `<decoder name="gate"><program_name>^gate</program_name></decoder>
<decoder name="door"><prematch>^door: </prematch></decoder>
<decoder name="door-event"><parent>door</parent>
  <regex offset="after_parent">^(\\w+) (\\w*) (\\S+)</regex><order>action, dstuser, srcip</order><fts>name, dstuser</fts></decoder>
`;
const RULES = `<group name="syslog,">
  <rule id="1" level="0" noalert="1"><category>syslog</category><description>Root.</description></rule>
  <rule id="7" level="0" noalert="1"><category>ossec</category><description>Root.</description></rule>
</group>
<group name="doors,">
  <rule id="100100" level="0"><decoded_as>door</decoded_as><description>Doors.</description></rule>
  <rule id="100101" level="5"><if_sid>100100</if_sid><action>open</action><description>Opened.</description></rule>
  <rule id="100102" level="10" frequency="3" timeframe="60"><if_matched_sid>100101</if_matched_sid><same_source_ip /><description>Often.</description></rule>
  <rule id="100103" level="7"><if_sid>100100</if_sid><action>list</action><check_diff /><description>Changed.</description></rule>
  <rule id="100104" level="6" ignore="100"><if_sid>100100</if_sid><action>ring</action><description>Rung.</description><options>no_full_log</options></rule>
  <rule id="100106" level="4"><if_sid>100100</if_sid><action>lock</action><time>6 pm - 8 am</time><description>Locked at night.</description></rule>
  <rule id="100107" level="3"><decoded_as>windows_eventchannel</decoded_as><category>ossec</category><field name="win.system.eventID">^4625$</field><description>Logon.</description></rule>
</group>
`;

function compile(rules = RULES, decoders = DECODERS): Ruleset {
  const { ruleset, diagnostics } = compileRuleset({
    dialect: 'wazuh',
    compat: 'default',
    decoders: [{ path: 'decoders.xml', name: 'decoders.xml', content: decoders }],
    rules: [{ path: 'rules.xml', name: 'rules.xml', content: rules }],
    lists: [],
    settings: { alertLevel: 3 },
  });
  if (!ruleset) throw new Error(JSON.stringify(diagnostics));
  return ruleset;
}

const BEGIN = Date.UTC(2026, 0, 5, 12);
const at = (seconds: number, log: string, more: Partial<LiveEvent> = {}): LiveEvent => ({
  log,
  timeMs: BEGIN + seconds * 1000,
  ...more,
});
const open = (seconds: number, srcip = '1.2.3.4', more: Partial<LiveEvent> = {}) =>
  at(seconds, `door: open me ${srcip}`, more);

const EVENTS: LiveEvent[] = [
  at(0, 'nothing at all'),
  ...[1000, 1010, 1020, 1030, 1040].map((seconds) => open(seconds)),
  ...[1001, 1002, 1003].map((seconds) => open(seconds, '5.6.7.8', { agent: ['001', 'web01'] })),
  at(1100, 'door: list me a'),
  at(1101, 'door: list me a'),
  at(1102, 'door: list me b', { agent: ['002', 'web02'] }),
  at(1103, 'door: list me c'),
  ...[1200, 1250, 1301, 1350].map((seconds) => at(seconds, 'door: ring me 9.9.9.9')),
  at(30_000, 'door: lock me 1.1.1.1'),
  at(31_000, '{"win":{"system":{"eventID":"4625"}}}', {
    queue: 'f',
    agent: ['003', 'win03'],
    location: 'EventChannel',
  }),
].sort((a, b) => a.timeMs - b.timeMs);

function compare(ruleset: Ruleset, { archives, alerts }: Recording): ComparisonResult {
  const comparison = new Comparison(ruleset);
  for (const [index, line] of alerts.entries()) comparison.addAlert(line, index + 1);
  for (const [index, line] of archives.entries()) comparison.addEvent(line, index + 1);
  return comparison.finish();
}

const reasons = ({ groups }: ComparisonResult) =>
  groups.map(({ ruleId, kind, code, count }) => `${ruleId} ${kind} ${code} ${count}`).sort();

describe('a recording of our own', () => {
  it('is the same again, with windows, snapshots, ignore times, clock rules, agents and Windows events', () => {
    const recording = record(compile(), EVENTS);
    const result = compare(compile(), recording);
    expect(reasons(result)).toEqual([]);
    expect(result).toMatchObject({ events: EVENTS.length, replayed: EVENTS.length, unreadable: 0, isSame: true });
    expect(result.alerts).toBe(recording.alerts.length);
    for (const id of ['100101', '100102', '100103', '100104', '100107']) {
      expect(result.rules.get(id)?.same, id).toBeGreaterThan(0);
    }
  });

  it.each([
    ['+0000', 0, 0],
    ['+0900', 9, 1],
  ])('goes by the clock of the manager: %s', (zone, hours, fired) => {
    const noon = record(compile(), [open(0), at(10, 'door: lock me 1.1.1.1')]);
    const move = (line: string) =>
      line.replace(/"timestamp":"([^"]*)"/, (_, time: string) => {
        const there = new Date(Date.parse(time) + hours * 3_600_000).toISOString().slice(0, -1);
        return `"timestamp":"${there}${zone}"`;
      });
    const result = compare(compile(), { archives: noon.archives.map(move), alerts: noon.alerts.map(move) });
    expect(result.rules.get('100101')?.same).toBe(1);
    expect(result.rules.get('100106')?.ours ?? 0).toBe(fired);
  });

  it.each([
    ['a rule that is gone', RULES.replace(/ {2}<rule id="100107".*\n/, ''), ['100107 missing unknown-rule 1']],
    ['a condition that changed', RULES.replace('<action>ring', '<action>bell'), ['100104 missing condition-failed 2']],
    [
      'a level below alerts',
      RULES.replace('id="100107" level="3"', 'id="100107" level="2"'),
      ['100107 missing below-alert-level 1'],
    ],
    ['a longer ignore time', RULES.replace('ignore="100"', 'ignore="500"'), ['100104 missing ignored-here 1']],
    [
      'a rule in the place of another',
      RULES.replace('</group>\n', '</group>\n').replace(
        '  <rule id="100103"',
        '  <rule id="100199" level="9"><if_sid>100100</if_sid><action>list</action><description>New.</description></rule>\n  <rule id="100103"',
      ),
      ['100103 missing other-rule-first 1', '100199 extra in-place-of 1', '100199 extra new-rule 3'],
    ],
    [
      'a smaller window',
      RULES.replace('timeframe="60"', 'timeframe="5"'),
      ['100101 extra in-place-of 1', '100102 missing window 1'],
    ],
  ])('shows %s', (_name, rules, expected) => {
    const events = EVENTS.filter(({ agent }) => agent?.[0] !== '001');
    const result = compare(compile(rules), record(compile(), events));
    const found = reasons(result).filter(
      (text) => !text.startsWith('100101 extra in-place-of') || expected.includes(text),
    );
    expect(found).toEqual(expected);
    expect(result.isSame).toBe(false);
    for (const { examples } of result.groups) expect(examples[0]?.place).toMatch(/^archives line \d+$/);
  });

  it('shows another decoder', () => {
    const decoders = DECODERS.replace(
      '<decoder name="door">',
      '<decoder name="do"><prematch>^do</prematch></decoder>\n<decoder name="door">',
    );
    const result = compare(compile(RULES, decoders), record(compile(), [open(10)]));
    expect(reasons(result)).toEqual(['100101 missing other-decoder 1']);
    expect(result.groups[0]?.examples[0]?.detail).toBe('recorded door, here do');
  });

  it('excuses what lies before the recording', () => {
    const { archives, alerts } = record(compile(), EVENTS);
    const from = archives.findIndex((line) => line.includes('"id":"100102"'));
    const result = compare(compile(), { archives: archives.slice(from), alerts });
    expect(reasons(result).filter((text) => text.startsWith('100102'))).toEqual([
      '100102 extra window-before-recording 1',
      '100102 missing window-before-recording 2',
    ]);
    expect(reasons(result).some((text) => /missing not-in-archive/.test(text))).toBe(true);
    expect(result.isSame).toBe(true);
    const diff = archives.findIndex((line) => line.includes('list me c'));
    expect(
      reasons(
        compare(compile(), {
          archives: archives.slice(diff),
          alerts: alerts.filter((line) => line.includes('list me c')),
        }),
      ),
    ).toContain('100103 missing state-before-recording 1');
  });

  it('excuses events of decoders that are not built', () => {
    const { archives } = record(compile(), [open(1)]);
    const line = (archives[0] ?? '').replace('"name":"door"', '"name":"syscheck_new_entry"').replace('100101', '554');
    const result = compare(compile(), { archives: [line], alerts: [line] });
    expect(reasons(result)).toEqual(['554 missing not-replayable 1']);
    expect(result).toMatchObject({ replayed: 0, isSame: true });
  });

  it('shows an alert that was decided, but not written', () => {
    const { archives, alerts } = record(compile(), [open(1), open(2, '2.2.2.2'), open(3, '3.3.3.3')]);
    const result = compare(compile(), { archives, alerts: [alerts[0]!, alerts[2]!] });
    expect(reasons(result)).toEqual(['100101 extra recorded-without-alert 1']);
    const older = compare(compile(), { archives, alerts: alerts.slice(1) });
    expect(reasons(older)).toEqual(['100101 extra outside-alerts-file 1']);
    expect(older.isSame).toBe(true);
  });

  it('tells equal lines of one moment apart', () => {
    const events = [open(1), open(1), open(1), open(1)];
    const recording = record(compile(), events);
    expect(new Set(recording.archives.map((line) => line.replace(/"(id|firedtimes)":[^,]*/g, ''))).size).toBeLessThan(
      4,
    );
    expect(reasons(compare(compile(), recording))).toEqual([]);
  });

  it('counts lines that it cannot read, and goes on', () => {
    const { archives, alerts } = record(compile(), [open(1)]);
    const result = compare(compile(), {
      archives: [
        'no json',
        '[]',
        '{"timestamp":"noon"}',
        '{"timestamp":5}',
        '{"timestamp":"2026-01-05T12:00:00.000+0000"}',
        ...archives,
      ],
      alerts: ['{"timestamp":"2026-01-05T12:00:00.000+0000"}', ...alerts],
    });
    expect(result).toMatchObject({ unreadable: 5, events: 2, replayed: 1 });
    expect(result.problems[0]).toBe('alerts line 1: there is no rule in it');
    expect(result.problems[1]).toBe('archives line 1: it is no JSON');
    expect(reasons(result)).toEqual([]);
  });
});

const SHARED = fileURLToPath(new URL('../../../shared/conformance', import.meta.url));

describe.skipIf(!existsSync(SHARED))('a recording of the stock ruleset', () => {
  it('is the same again', { timeout: 120_000 }, async () => {
    const { ruleset } = await loadRuleset({ wazuh_home: join(SHARED, 'wazuh-4.14.7/home') });
    const events = ['fail2ban', 'postfix-grok', 'beats-oss__auditd', 'lnav', 'sigma-regression'].flatMap(
      (name, agent) =>
        readFileSync(join(SHARED, 'real-logs', `${name}.log`), 'utf8')
          .split('\n')
          .slice(0, 1500)
          .map((log, index): LiveEvent => ({ log, timeMs: BEGIN + index * 700, agent: [`00${agent + 1}`, name] })),
    );
    events.sort((a, b) => a.timeMs - b.timeMs);
    const result = compare(ruleset!, record(ruleset!, events));
    console.log(`compare: ${result.alerts} alerts of ${result.events} events, ${reasons(result).length} differences`);
    expect(result.alerts).toBeGreaterThan(100);
    expect(reasons(result)).toEqual([]);
  });
});
