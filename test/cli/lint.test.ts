import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cli } from './helpers.ts';

const DECODERS = `<decoder name="gate"><program_name>^gate</program_name></decoder>
<decoder name="door"><prematch>^door: </prematch></decoder>
<decoder name="door-event"><parent>door</parent>
  <regex offset="after_parent">^(\\w+) (\\S+)</regex><order>action, srcip</order><fts>name, srcip</fts></decoder>
`;
const RULES = `<!-- <var name="NOT">x</var> -->
<var name="OPEN">open</var>
<group name="syslog,">
  <rule id="1" level="0" noalert="1"><category>syslog</category><description>Root.</description></rule>
</group>
<group name="doors,">
  <rule id="100100" level="3"><decoded_as>door</decoded_as><description>Doors.</description></rule>
  <rule id="100101" level="5" ignore="60"><if_sid>100100</if_sid><match>$OPEN|</match><description>Opened.</description></rule>
  <rule id="100102" level="9" frequency="3" timeframe="60"><if_matched_sid>100101</if_matched_sid><same_source_ip /><description>Often.</description></rule>
  <rule id="100103" level="9"><if_sid>100100</if_sid><match>list</match><list field="srcip" lookup="address_match_key">etc/lists/bad</list><check_diff /><description>x</description></rule>
</group>
`;

let folder: string;
let base: string[];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'otel-hids-lint-'));
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  base = ['lint', '--decoders', file('decoders.xml', DECODERS), '--rules', file('rules.xml', RULES)];
  base.push('--lists', `etc/lists/bad=${file('bad', '10.:x\n')}`);
  file('broken.xml', '<group name="a,"><rule id="1" level="3"><match>a < b</match></rule></group>');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('lint', () => {
  it('prints findings with code, place and help, in a process of its own', () => {
    const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...base], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain(
      `${folder}/rules.xml:8:66: warning[pattern-matches-all]: rule 100101: its empty alternative matches every text, so that <match> tests nothing: open|\n    help: Remove the | at its beginning or end, or the whole element.\n`,
    );
    expect(stdout).toMatch(/5 rules, 3 decoders, 1 lists: 0 errors, 1 warning, 1 info\n$/);
  });

  it('exits 1 for errors, and for warnings where asked', async () => {
    expect((await cli([...base, '--fail-on', 'warning'])).code).toBe(1);
    expect((await cli([...base, '--fail-on', 'warning', '--ignore', 'pattern-matches-all'])).code).toBe(0);
    expect((await cli([...base, '--fail-on', 'info', '--only', 'bad'])).code).toBe(0);
    const broken = await cli([...base, '--rules', join(folder, 'broken.xml')]);
    expect(broken.code).toBe(1);
    expect(broken.stdout).toContain('broken.xml:1:');
    expect(broken.stdout).toContain('this ruleset does not load: how rules act on each other was not checked');
  });

  it('prints JSON', async () => {
    const { code, stdout } = await cli([...base, '--format', 'json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      complete: true,
      rules: 5,
      decoders: 3,
      lists: 1,
      findings: [{ code: 'decoder-settings-ignored' }, { code: 'pattern-matches-all', span: { line: 8, column: 66 } }],
    });
  });

  it('--wazuh5 counts and lists what would be dropped', async () => {
    const { code, stdout } = await cli([...base, '--wazuh5']);
    expect(code).toBe(0);
    expect(stdout).toContain(`3 of 5 rules (60.0 %) use something that is not there any more
3 of them (60.0 %) something that no rewriting brings back: memory, lists, clock
1 of 3 decoders (33.3 %)`);
    expect(stdout).toContain('      2  if_sid, if_group, if_level: ');
    expect(stdout).toContain(`check_diff:\n  ${folder}/rules.xml: 100103:10\n`);
    expect(stdout).toContain(`var:\n  ${folder}/rules.xml: OPEN:2\n`);
    const json = JSON.parse((await cli([...base, '--wazuh5', '--format', 'json'])).stdout);
    const counts = Object.fromEntries(
      [...json.ruleFeatures, ...json.decoderFeatures].map(({ name, users }) => [name, users.length]),
    );
    expect(counts).toEqual({
      'if_sid, if_group, if_level': 2,
      'if_matched_sid, if_matched_group, if_matched_regex': 1,
      'frequency, timeframe': 1,
      'same_*, different_*': 1,
      global_frequency: 0,
      if_fts: 0,
      check_diff: 1,
      list: 1,
      'list with address_match_key': 1,
      'time, weekday': 0,
      ignore: 1,
      maxsize: 0,
      options: 0,
      'match, regex': 2,
      var: 1,
      plugin_decoder: 0,
      json_null_field: 0,
      fts: 1,
      ftscomment: 0,
      accumulate: 0,
      use_own_name: 0,
      offset: 1,
    });
  });

  it.each([
    [['--format', 'sarif'], 'Allowed choices are text, json'],
    [['--fail-on', 'never'], 'Allowed choices are error, warning, info'],
  ])('exits 2 for %j', async (options, expected) => {
    expect(await cli([...base, ...options])).toMatchObject({ code: 2, stderr: expect.stringContaining(expected) });
  });
});

const SHARED = fileURLToPath(new URL('../../../shared/conformance/wazuh-4.14.7/home', import.meta.url));

describe.skipIf(!existsSync(SHARED))('lint of the stock ruleset', () => {
  it('has no error to report', { timeout: 60_000 }, async () => {
    const { code, stdout } = await cli(['lint', '--wazuh-home', SHARED]);
    console.log(`lint of wazuh: ${stdout.trim().split('\n').at(-1)}`);
    expect(code).toBe(0);
    // Known slips of the stock files, found by hand before.
    expect(stdout).toMatch(/0295-sonicwall_decoders\.xml:\d+:\d+: warning\[decoder-chain-interrupted\]/);
    expect(stdout).toMatch(/info\[decoder-settings-ignored\]: decoder kes_child/);
    expect(stdout).toMatch(/info\[decoder-settings-ignored\]: decoder sudo2-fields/);
  });

  it('calls no rule unreachable that the original was seen to decide for', { timeout: 60_000 }, async () => {
    const { stdout } = await cli(['lint', '--wazuh-home', SHARED]);
    const unreachable = [...stdout.matchAll(/rule (\d+) can never match/g)].map(([, id]) => id);
    expect(unreachable.length).toBeGreaterThan(20);
    const seen = new Set<string>();
    const folder = join(SHARED, '..', 'real-logs');
    const files = [...readdirSync(folder).map((name) => join(folder, name)), join(SHARED, '../tests/expected.jsonl')];
    for (const path of files) {
      for (const [, id = ''] of readFileSync(path, 'utf8').matchAll(/"rule":\s*\{"id":\s*"(\d+)"/g)) seen.add(id);
    }
    expect(seen.size).toBeGreaterThan(500);
    expect(unreachable.filter((id) => seen.has(id ?? ''))).toEqual([]);
  });

  it('counts for Wazuh 5 what was counted by other means', { timeout: 60_000 }, async () => {
    const { stdout } = await cli(['lint', '--wazuh5', '--format', 'json', '--wazuh-home', SHARED]);
    const { ruleFeatures } = JSON.parse(stdout);
    const count = (name: string) =>
      ruleFeatures.find((feature: { name: string }) => feature.name.startsWith(name)).users.length;
    expect([
      count('if_matched_sid'),
      count('list'),
      count('check_diff'),
      count('if_fts'),
      count('match, regex'),
    ]).toEqual([211, 25, 3, 8, 878]);
  });
});
