import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { MemoryList } from '../../../src/processor/ruleset/compile/memory-list.ts';
import { type LoadedRuleset, loadRuleset, reloadList } from '../../../src/processor/ruleset/load.ts';
import { TEMPLATES } from './compile/helpers.ts';
import { readMiniCases, toBytes } from './compile/mini-cases.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** Writes files below a fresh folder. */
function layOut(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'ruleset-'));
  folders.push(folder);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content, 'latin1');
  }
  return folder;
}

const DECODERS =
  '<decoder name="a"><prematch>x</prematch></decoder><decoder name="p"><program_name>p</program_name></decoder>';

function rule(id: number, elements = '', attributes = ''): string {
  return `<group name="t,"><rule id="${id}" level="3" ${attributes}>${elements}<description>d</description></rule></group>`;
}

function loadedIds({ ruleset }: LoadedRuleset): number[] {
  return [...(ruleset?.rules.keys() ?? [])]
    .map(Number)
    .filter((id) => id > 7)
    .sort((a, b) => a - b);
}

function codes({ diagnostics }: LoadedRuleset): string[] {
  return diagnostics.filter(({ severity }) => severity !== 'info').map(({ severity, code }) => `${severity} ${code}`);
}

const BASE = { 'decoders/a.xml': DECODERS, 'rules/00.xml': TEMPLATES };

describe('files, directories and globs', () => {
  test('wazuh sorts by base name over all of them', async () => {
    const baseDir = layOut({
      ...BASE,
      'x/20.xml': rule(101, '<if_sid>100</if_sid>'),
      'y/10.xml': rule(100),
      'y/note.txt': 'no rules',
    });
    const loaded = await loadRuleset({ baseDir, decoders: ['decoders'], rules: ['x', 'y/*.xml', 'rules/00.xml'] });
    expect(codes(loaded)).toEqual([]);
    expect(loadedIds(loaded)).toEqual([100, 101]);
    expect(loaded.files.map((path) => basename(path)).sort()).toEqual(['00.xml', '10.xml', '20.xml', 'a.xml']);
    expect(loaded.directories).toEqual([join(baseDir, 'decoders'), join(baseDir, 'x'), join(baseDir, 'y')]);
  });

  test('ossec keeps the order given', async () => {
    const baseDir = layOut({ ...BASE, 'x/20.xml': rule(101, '<if_sid>100</if_sid>'), 'y/10.xml': rule(100) });
    const options = { baseDir, dialect: 'ossec' as const, decoders: ['decoders/a.xml'] };
    expect(loadedIds(await loadRuleset({ ...options, rules: ['rules/00.xml', 'y/10.xml', 'x/20.xml'] }))).toEqual([
      100, 101,
    ]);
    expect(codes(await loadRuleset({ ...options, rules: ['rules/00.xml', 'x/20.xml', 'y/10.xml'] }))).toEqual([
      'fatal rule-unknown-parent',
    ]);
  });

  test('exclude leaves out names of directories, never a file that is named itself', async () => {
    const baseDir = layOut({ ...BASE, 'rules/10.xml': rule(100), 'other/10.xml': rule(101) });
    const loaded = await loadRuleset({
      baseDir,
      decoders: ['decoders'],
      rules: ['rules', 'other/10.xml'],
      exclude: ['10.xml'],
    });
    expect(loadedIds(loaded)).toEqual([101]);
  });

  test('the same file named twice is loaded once', async () => {
    const baseDir = layOut({ ...BASE, 'rules/10.xml': rule(100) });
    const loaded = await loadRuleset({ baseDir, decoders: ['decoders'], rules: ['rules', 'rules/10.xml'] });
    expect(codes(loaded)).toEqual([]);
  });

  test.each([
    ['a file', { rules: ['none.xml'] }],
    ['a glob', { rules: ['none/*.xml'] }],
    ['a list', { rules: ['rules'], lists: { 'etc/lists/l': 'none' } }],
    ['an installation', { wazuh_home: 'none', rules: ['rules'] }],
    ['rules', {}],
    ['a list in the store', { rules: ['rules'], lists: { l: 'keyv:none' } }],
  ])('%s that is not there is fatal', async (_, options) => {
    const baseDir = layOut(BASE);
    const loaded = await loadRuleset({ baseDir, decoders: ['decoders'], ...options });
    expect(loaded.ruleset).toBeUndefined();
    expect(loaded.diagnostics.some(({ severity, message }) => severity === 'fatal' && message !== '')).toBe(true);
  });

  test('bytes stay bytes', async () => {
    const baseDir = layOut({ ...BASE, 'rules/10.xml': rule(100, '<match>\xe9\xff</match>') });
    const { ruleset } = await loadRuleset({ baseDir, decoders: ['decoders'], rules: ['rules'] });
    expect(ruleset?.rules.get('100')?.conditions).toMatchObject([{ matcher: { pattern: '\xe9\xff' } }]);
  });

  test('diagnostics name the file as it was found', async () => {
    const baseDir = layOut({ ...BASE, 'rules/10.xml': `\n${rule(100, '<nonsense/>')}` });
    const { diagnostics } = await loadRuleset({ baseDir, decoders: ['decoders'], rules: ['rules'] });
    expect(diagnostics).toMatchObject([
      { code: 'rule-unknown-element', span: { file: join(baseDir, 'rules/10.xml'), line: 2 } },
    ]);
  });
});

describe('lists', () => {
  const lists = { 'l/one': 'a:1\n', 'l/sub/two': 'b:2\n', 'l/two.cdb': 'binary', 'l/.hidden': 'x:1' };
  const uses = (name: string) => rule(100, `<list field="f">${name}</list>`);

  test('the text is read where the compiled database of a list is named', async () => {
    const files = { 'l/one': 'a:1\n', 'l/one.cdb': 'binary' };
    const baseDir = layOut({ ...BASE, ...files, 'rules/10.xml': uses('etc/lists/one') });
    const options = { baseDir, decoders: ['decoders'], rules: ['rules'], lists: { 'etc/lists/one.cdb': 'l/one.cdb' } };
    const loaded = await loadRuleset(options);
    expect(codes(loaded)).toEqual([]);
    expect(loaded.ruleset?.lists.get('etc/lists/one')?.get('a')).toBe('1');
  });

  test('a file under the name that rules use, and its reload', async () => {
    const baseDir = layOut({ ...BASE, ...lists, 'rules/10.xml': uses('etc/lists/one') });
    const { ruleset, listFiles } = await loadRuleset({
      baseDir,
      decoders: ['decoders'],
      rules: ['rules'],
      lists: { 'etc/lists/one': 'l/one' },
    });
    const [file] = listFiles;
    expect(ruleset?.lists.get('etc/lists/one')).toBe(file?.list);
    expect(file?.list.get('a')).toBe('1');
    writeFileSync(join(baseDir, 'l/one'), 'a:2\n');
    expect(file && (await reloadList(file, 'wazuh')).diagnostics).toEqual([]);
    expect(ruleset?.lists.get('etc/lists/one')?.get('a')).toBe('2');
    rmSync(join(baseDir, 'l/one'));
    expect(file && (await reloadList(file, 'wazuh'))).toMatchObject({
      diagnostics: [{ severity: 'error', code: 'file-not-readable' }],
      digest: undefined,
    });
    expect(file?.list.get('a')).toBe('2');
  });

  test('a directory laid out like etc/lists', async () => {
    const baseDir = layOut({ ...BASE, ...lists, 'rules/10.xml': uses('etc/lists/sub/two') });
    const { ruleset } = await loadRuleset({
      baseDir,
      decoders: ['decoders'],
      rules: ['rules'],
      lists: { 'etc/lists': 'l' },
    });
    expect([...(ruleset?.lists.keys() ?? [])]).toEqual(['etc/lists/one', 'etc/lists/sub/two']);
  });

  test('a list of the store is asked for', async () => {
    const baseDir = layOut({ ...BASE, 'rules/10.xml': uses('blocked') });
    const list = new MemoryList('blocked', new Map([['x', 'y']]));
    const { ruleset } = await loadRuleset({
      baseDir,
      decoders: ['decoders'],
      rules: ['rules'],
      lists: { blocked: 'keyv:shared' },
      resolveList: async (name, store) => (name === 'blocked' && store === 'shared' ? list : undefined),
    });
    expect(ruleset?.lists.get('blocked')).toBe(list);
  });

  test('one of the store that cannot be read is fatal, one that stands for a file too wins', async () => {
    const baseDir = layOut({ ...BASE, ...lists, 'rules/10.xml': uses('l/one') });
    const options = { baseDir, decoders: ['decoders'], rules: ['rules'], lists: { l: 'l', 'l/one': 'keyv:shared' } };
    const refused = await loadRuleset({ ...options, resolveList: () => Promise.reject(new Error('no connection')) });
    expect(refused.ruleset).toBeUndefined();
    expect(refused.diagnostics[0]).toMatchObject({
      code: 'list-store-not-readable',
      message: 'list l/one cannot be read from the store: no connection',
    });
    const list = new MemoryList('l/one');
    const { ruleset, diagnostics, listFiles } = await loadRuleset({ ...options, resolveList: () => list });
    expect(ruleset?.lists.get('l/one')).toBe(list);
    expect(diagnostics).toEqual([]);
    expect(listFiles.map(({ name }) => name)).toEqual(['l/sub/two']);
  });

  test('a line that is no entry is named', async () => {
    const baseDir = layOut({ ...BASE, 'l/one': 'a:1\nnonsense\n' });
    const { diagnostics } = await loadRuleset({
      baseDir,
      decoders: ['decoders'],
      rules: ['rules'],
      lists: { one: 'l/one' },
    });
    expect(diagnostics).toMatchObject([
      { severity: 'info', code: 'list-line-without-colon', span: { file: join(baseDir, 'l/one'), line: 2 } },
    ]);
  });
});

describe('add-ons', () => {
  test('are loaded behind everything, whatever their names', async () => {
    const baseDir = layOut({
      ...BASE,
      'rules/zz.xml': rule(100),
      'health/00.xml': rule(199001, '<if_sid>100</if_sid>'),
    });
    const loaded = await loadRuleset({
      baseDir,
      decoders: ['decoders'],
      rules: ['rules'],
      addons: { decoders: [], rules: ['health'] },
    });
    expect(loadedIds(loaded)).toEqual([100, 199001]);
  });

  test.each(['wazuh', 'ossec'] as const)(
    'are left out with one message where their root is missing (%s)',
    async (dialect) => {
      const root =
        '<group name="g,"><rule id="1" level="0"><category>syslog</category><description>root</description></rule></group>';
      const addon = `<group name="h,">
      <rule id="199000" level="0"><category>ossec</category><description>h</description></rule>
      <rule id="199001" level="3"><if_sid>199000</if_sid><description>h</description></rule></group>`;
      const baseDir = layOut({
        'decoders/a.xml': DECODERS,
        'rules/00.xml': root,
        'rules/01.xml': rule(100, '<if_sid>1</if_sid>'),
        'health/00.xml': addon,
      });
      const loaded = await loadRuleset({
        baseDir,
        dialect,
        decoders: ['decoders'],
        rules: ['rules'],
        addons: { decoders: [], rules: ['health'] },
      });
      expect(codes(loaded)).toEqual(['warning addon-without-root']);
      expect(loadedIds(loaded)).toEqual([100]);
    },
  );

  test('are not talked about where the ruleset itself is not there', async () => {
    const baseDir = layOut({ 'health/00.xml': rule(199000) });
    const loaded = await loadRuleset({ baseDir, wazuh_home: 'none', addons: { decoders: [], rules: ['health'] } });
    expect(codes(loaded)).toEqual(['fatal home-not-found']);
  });

  test('a clash of ids is told apart', async () => {
    const baseDir = layOut({ ...BASE, 'rules/10.xml': rule(199001), 'health/00.xml': rule(199001) });
    const loaded = await loadRuleset({
      baseDir,
      decoders: ['decoders'],
      rules: ['rules'],
      addons: { decoders: [], rules: ['health'] },
    });
    expect(codes(loaded)).toEqual(['warning addon-rule-id-clash']);
    expect(loaded.ruleset?.rules.get('199001')?.span.file).toBe(join(baseDir, 'rules/10.xml'));
  });
});

describe('an installation', () => {
  const home = {
    'ruleset/decoders/a.xml': DECODERS,
    'ruleset/rules/00.xml': TEMPLATES,
    'ruleset/rules/0215-policy_rules.xml': rule(100),
    'ruleset/rules/50.xml': rule(101),
    'etc/rules/local_rules.xml': rule(102, '<list field="f">etc/lists/sub/l</list>'),
    'etc/lists/sub/l': 'a:1',
  };

  test('without a configuration is loaded as the stock one says', async () => {
    const loaded = await loadRuleset({ wazuh_home: layOut(home) });
    expect(codes(loaded)).toEqual([]);
    expect(loadedIds(loaded)).toEqual([101, 102]);
    expect([...(loaded.ruleset?.lists.keys() ?? [])]).toEqual(['etc/lists/sub/l']);
  });

  test('with one goes by its <ruleset> blocks', async () => {
    const conf = `<!-- several roots --><ossec_config><global><x>1</x></global><ruleset>
      <decoder_dir>ruleset/decoders</decoder_dir>
      <rule_dir pattern="^ruleset/rules/\\d\\d.xml$">ruleset/rules</rule_dir>
      <rule_exclude>ruleset/rules/50.xml</rule_exclude></ruleset></ossec_config>
      <ossec_config><ruleset><rule_include>etc/rules/local_rules.xml</rule_include><rule_include>missing.xml</rule_include>
      <list>etc/lists/sub/l.cdb</list></ruleset></ossec_config>`;
    const folder = layOut({ ...home, 'etc/ossec.conf': conf });
    const loaded = await loadRuleset({ wazuh_home: folder });
    expect(codes(loaded)).toEqual(['warning file-not-found']);
    expect(loadedIds(loaded)).toEqual([102]);
    expect(loaded.files).toContain(join(folder, 'etc/ossec.conf'));
  });

  test('a list that the configuration names and nobody has drops its rules only', async () => {
    const conf =
      '<ossec_config><ruleset><rule_dir>ruleset/rules</rule_dir><rule_dir>etc/rules</rule_dir><list>etc/lists/none</list></ruleset></ossec_config>';
    const loaded = await loadRuleset({ wazuh_home: layOut({ ...home, 'etc/ossec.conf': conf }) });
    expect(codes(loaded)).toEqual(['warning file-not-readable', 'warning rule-list-not-configured']);
    expect(loadedIds(loaded)).toEqual([100, 101]);
  });

  test.each([
    ['<rule_dir patern="x">ruleset/rules</rule_dir>', 'ossec-conf-bad-pattern'],
    ['<rule_dir pattern="(">ruleset/rules</rule_dir>', 'ossec-conf-bad-pattern'],
  ])('%s is fatal', async (element, code) => {
    const conf = `<ossec_config><ruleset>${element}</ruleset></ossec_config>`;
    const loaded = await loadRuleset({ wazuh_home: layOut({ ...home, 'etc/ossec.conf': conf }) });
    expect(codes(loaded)).toContain(`fatal ${code}`);
  });

  test('of OSSEC goes by the order of its includes', async () => {
    const conf =
      '<ossec_config><rules><include>00.xml</include><include>b.xml</include><include>a.xml</include></rules></ossec_config>';
    const files = {
      'etc/decoder.xml': DECODERS,
      'etc/ossec.conf': conf,
      'rules/00.xml': TEMPLATES,
      'rules/a.xml': rule(101, '<if_sid>100</if_sid>'),
      'rules/b.xml': rule(100),
    };
    expect(loadedIds(await loadRuleset({ wazuh_home: layOut(files), dialect: 'ossec' }))).toEqual([100, 101]);
    const { 'etc/ossec.conf': _, ...unordered } = files;
    const loaded = await loadRuleset({ wazuh_home: layOut(unordered), dialect: 'ossec' });
    expect(codes(loaded)).toEqual(['warning ossec-order-unknown', 'fatal rule-unknown-parent']);
  });
});

describe.skipIf(readMiniCases() === undefined)('configurations as Wazuh 4.14.7 reads them', () => {
  const cases = (readMiniCases() ?? []).filter((mini) => mini.config?.ruleset !== undefined);
  test.each(cases.map((mini) => [mini.id, mini] as const))('%s', async (_, mini) => {
    const files = Object.entries(mini.files).map(([path, text]) => [`etc/${path}`, toBytes(text)] as const);
    const conf = `<ossec_config><ruleset>${mini.config?.ruleset}</ruleset></ossec_config>`;
    const loaded = await loadRuleset({
      wazuh_home: layOut({ ...Object.fromEntries(files), 'etc/ossec.conf': conf }),
      compat: 'strict',
    });
    const verdict = loaded.ruleset === undefined ? 'fatal' : codes(loaded).length > 0 ? 'warning' : 'ok';
    expect(verdict).toBe(mini.expect_load);
    expect(loadedIds(loaded)).toEqual(mini.rules_loaded);
  });
});
