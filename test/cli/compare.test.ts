import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadRuleset } from '../../src/processor/ruleset/load.ts';
import { record } from '../ruletools/recording.ts';
import { cli } from './helpers.ts';

const DECODERS =
  '<decoder name="gate"><program_name>^gate</program_name></decoder>\n<decoder name="door"><prematch>^door: </prematch></decoder>\n';
const RULES = `<group name="syslog,">
  <rule id="1" level="0" noalert="1"><category>syslog</category><description>Root.</description></rule>
  <rule id="100100" level="5"><decoded_as>door</decoded_as><description>Doors.</description></rule>
</group>
`;

let folder: string;
let ruleset: string[];
let files: string[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'otel-hids-compare-'));
  const file = (name: string, content: string | Buffer) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  const decoders = file('decoders.xml', DECODERS);
  const rules = file('rules.xml', RULES);
  ruleset = ['--decoders', decoders, '--rules', rules];
  const loaded = await loadRuleset({ decoders: [decoders], rules: [rules] });
  const events = ['a', 'b', 'c'].map((name, index) => ({
    log: `door: ${name}`,
    timeMs: 1_700_000_000_000 + index * 1000,
  }));
  const { archives, alerts } = record(loaded.ruleset!, events);
  files = [
    '--archives',
    file('archives-1.json.gz', gzipSync(`${archives[0]}\n${archives[1]}\n`)),
    '--archives',
    file('archives.json', `${archives[2]}\n`),
    '--alerts',
    file('alerts.json', alerts.join('\n')),
  ];
  file('other.xml', RULES.replace('</decoded_as>', '</decoded_as><match>b</match>'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('compare', () => {
  it('says that a recording is the same, in a process of its own', () => {
    const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'compare', ...ruleset, ...files], {
      encoding: 'utf8',
    });
    expect({ status, stdout, stderr }).toEqual({
      status: 0,
      stderr: '',
      stdout: `3 events, 3 replayed; 3 alerts recorded

rule    recorded  here  same  missing  extra  description
100100         3     3     3        0      0  Doors.

equal: 3 same, 0 missing, 0 extra
`,
    });
  });

  it('explains what differs, and exits 1', async () => {
    const other = ['--decoders', ruleset[1]!, '--rules', join(folder, 'other.xml')];
    const { code, stdout } = await cli(['compare', ...other, ...files]);
    expect(code).toBe(1);
    expect(stdout).toContain('100100         3     1     1        2      0  Doors.');
    expect(stdout).toContain(`  rule 100100: 2 missing: a condition of the rule does not hold here [condition-failed]
    archives line 1: match 'b' (other.xml:3); saw 'door: a'
      door: a
    archives line 3:`);
    expect(stdout).toMatch(/different: 1 same, 2 missing, 0 extra\n$/);
    const json = await cli(['compare', ...other, ...files, '--json']);
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({
      same: false,
      events: 3,
      rules: [{ id: '100100', recorded: 3, ours: 1, same: 1, missing: 2, extra: 0 }],
      differences: [{ rule: '100100', kind: 'missing', code: 'condition-failed', excused: false, count: 2 }],
    });
  });

  it('fails for lines and files that it cannot read', async () => {
    const cut = join(folder, 'cut.json');
    writeFileSync(cut, '{"timestamp":"20');
    const { code, stdout } = await cli(['compare', ...ruleset, ...files, '--archives', cut]);
    expect(code).toBe(1);
    expect(stdout).toContain('1 lines could not be read:\n  archives line 4: it is no JSON\n');
    const missing = await cli(['compare', ...ruleset, ...files, '--alerts', '/no/such.json']);
    expect(missing).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('/no/such.json') });
    const noGzip = join(folder, 'no.json.gz');
    writeFileSync(noGzip, 'this is no gzip');
    expect((await cli(['compare', ...ruleset, ...files, '--alerts', noGzip])).stderr).toContain(
      'incorrect header check',
    );
  });

  it.each([
    [[], '--archives and --alerts are both needed'],
    [['--archives', 'x', '--alerts', 'y', '--dialect', 'suricata'], 'Allowed choices'],
  ])('exits 2 for %j', async (args, expected) => {
    expect(await cli(['compare', ...args])).toMatchObject({ code: 2, stderr: expect.stringContaining(expected) });
  });
});
