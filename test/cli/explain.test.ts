import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../../src/cli/program.ts';
import type { Explanation } from '../../src/ruletools/explain/recorder.ts';
import { cli } from './helpers.ts';

const DECODERS = `<decoder name="gate"><program_name>^gate</program_name></decoder>
<decoder name="window"><prematch>^window: </prematch></decoder>
<decoder name="door"><prematch>^door: </prematch></decoder>
<decoder name="door-shut"><parent>door</parent><prematch offset="after_parent">^shut</prematch>
  <regex offset="after_parent">^(\\w+)</regex><order>action</order></decoder>
<decoder name="door-event"><parent>door</parent>
  <regex offset="after_parent">^(\\w+) (\\w*) (\\S+)</regex><order>action, dstuser, srcip</order></decoder>
`;
const RULES = `<group name="syslog,">
  <rule id="1" level="0" noalert="1"><category>syslog</category><description>Root.</description></rule>
  <rule id="2" level="0" noalert="1"><category>firewall</category><description>Root.</description></rule>
</group>
<group name="doors,">
  <rule id="100090" level="0" noalert="1"><match>^door</match><description>Template.</description></rule>
  <rule id="100091" level="5"><if_sid>100090</if_sid><weekday>sunday</weekday><time>1 am - 2 am</time><description>x</description></rule>
  <rule id="100098" level="0"><decoded_as>window</decoded_as><description>Windows.</description></rule>
  <rule id="100099" level="0"><decoded_as>gate</decoded_as><description>Gates.</description></rule>
  <rule id="100100" level="0"><decoded_as>door</decoded_as><description>Doors.</description></rule>
  <rule id="100101" level="5"><if_sid>100100</if_sid><action>open</action><description>Opened.</description></rule>
  <rule id="100102" level="10" frequency="3" timeframe="60"><if_matched_sid>100101</if_matched_sid><same_source_ip /><description>Often.</description></rule>
  <rule id="100103" level="7"><if_sid>100100</if_sid><action>list</action><check_diff /><description>Changed.</description></rule>
  <rule id="100104" level="8"><if_sid>100101</if_sid><list field="user" lookup="match_key">etc/lists/thieves</list><description>Thief.</description></rule>
  <rule id="100105" level="6"><if_sid>100101</if_sid><field name="door.name">x</field><description>Never.</description></rule>
</group>
`;

let folder: string;
let base: string[];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'otel-hids-explain-'));
  for (const [name, text] of [
    ['decoders.xml', DECODERS],
    ['rules.xml', RULES],
    ['thieves', 'lupin:\n'],
  ] as const) {
    writeFileSync(join(folder, name), text);
  }
  base = ['logtest', '--explain', '--now', '1700000000', '--decoders', join(folder, 'decoders.xml')];
  base.push('--rules', join(folder, 'rules.xml'), '--lists', `etc/lists/thieves=${join(folder, 'thieves')}`);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function explain(input: string): Promise<Explanation[]> {
  const { code, stdout } = await cli([...base, '--json'], input);
  expect(code).toBe(0);
  return stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { explain: Explanation }).explain);
}

const tryOf = (explanation: Explanation | undefined, id: string) => explanation?.rules.find((rule) => rule.id === id);

describe('logtest --explain', () => {
  it('shows decoders and rules in the order they were tried', async () => {
    const { stdout } = await cli(base, 'door: open lupine 1.2.3.4\n');
    expect(stdout).toContain(`decoders, in the order they were tried
   - window: prematch does not match (decoders.xml:2)
   + door: prematch matches (decoders.xml:3)
     - door-shut: prematch does not match (decoders.xml:4)
     + door-event: regex matches (decoders.xml:6)
rules, in the order they were tried
   + 1 (level 0) holds
     + 100090 (level 0) holds; is noalert and no rule below it holds: the search goes on
       - 100091 (level 5): time 01:00 to 02:00; saw '22:13'
     - 2 rules for other decoders (this one is door): 100098, 100099
     + 100100 (level 0) holds
       - 100103 (level 7): action 'list'; saw 'open'
       + 100101 (level 5) holds
         - 100102 (level 10): window: 1 of 3 within 60 s for srcip 1.2.3.4
         - 100104 (level 8): list user match_key etc/lists/thieves; saw 'lupine'
         - 100105 (level 6): field door.name 'x'; the event has none
   => rule 1 > 100100 > 100101
`);
  });

  it('counts windows as the engine does', async () => {
    const windows = (
      await explain(`door: open me 1.2.3.4\ndoor: open me 5.6.7.8\n${'door: open me 1.2.3.4\n'.repeat(3)}`)
    ).map((explanation) => {
      const entry = tryOf(explanation, '100102');
      return [entry?.held, entry?.window?.found, entry?.window?.needed, entry?.window?.stopped];
    });
    expect(windows).toEqual([
      [false, 1, 3, undefined],
      [false, 1, 3, undefined],
      [false, 2, 3, undefined],
      [true, 3, 3, undefined],
      [false, 1, 3, 'used-up'],
    ]);
    const [first] = await explain('door: open me \n');
    expect(first?.path).toEqual(['1', '100100']);
  });

  it('tells what check_diff compared with', async () => {
    const log = (text: string) => `door: list me ${text}\n`;
    const [first, same, changed] = await explain(log('a') + log('a') + log('b'));
    expect(tryOf(first, '100103')?.diff).toEqual({ outcome: 'first' });
    expect(tryOf(same, '100103')?.diff).toEqual({ outcome: 'equal' });
    expect(tryOf(changed, '100103')).toMatchObject({
      held: true,
      diff: { outcome: 'changed', previous: 'door: list me a' },
    });
    const { stdout } = await cli(base, log('a') + log('b'));
    expect(stdout).toContain(
      '100103 (level 7): check_diff: seen for the first time, stored to compare the next one with',
    );
    expect(stdout).toContain("100103 (level 7) holds; check_diff: changed; before it was 'door: list me a'");
  });

  it('says that nothing was tried', async () => {
    const { stdout } = await cli(base, 'nothing\n');
    expect(stdout).toContain('   - 2 decoders whose prematch does not match: window, door\n');
    expect(stdout).toContain('3 rules for other decoders (no decoder matched): 100098, 100099, 100100\n   => no rule');
  });

  it('keeps requests apart', async () => {
    const { stdout } = await cli([...base, '--jsonl'], '{"logs":["door: shut me x","nothing"]}\nno\n');
    const [answers, error] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(answers.map((answer: { explain: Explanation }) => answer.explain.path)).toEqual([['1', '100100'], []]);
    expect(error).toEqual({ error: 'format' });
  });

  it('lets no log act on the terminal', async () => {
    const { stdout } = await cli(base, 'door: \x1b[31m me 1.2.3.4\n');
    expect(stdout).not.toContain('\x1b');
  });

  it.each([
    [true, {}, true],
    [true, { NO_COLOR: '1' }, false],
    [false, {}, false],
  ])('colours on a terminal alone: %j %j', async (isTTY, env, colored) => {
    const stdin = new PassThrough();
    stdin.end('door: open me \x1b[35m\n');
    let text = '';
    const stdout = new Writable({
      write(chunk, _encoding, done) {
        text += chunk;
        done();
      },
    });
    Object.assign(stdout, { isTTY });
    await runCli(base, { stdin, stdout, stderr: new PassThrough(), env });
    expect(text.includes('\x1b[1m1. pre-decoding')).toBe(colored);
    expect(text).not.toContain('\x1b[35m');
  });
});
