import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createTempDir } from '../support/temp-dir.ts';
import { cli } from './helpers.ts';

const RULES = `<group name="own,"><rule id="100001" level="3"><match>x</match><description>seen</description></rule></group>`;

/** A configuration with a rule, a decoder and a list of its own, all of it for its owner alone. */
function createSetup(receiver = 'command: { command: w }') {
  const folder = createTempDir();
  const at = (name: string) => join(folder, name);
  const write = (name: string, text: string) => writeFileSync(at(name), text, { mode: 0o644 });
  for (const name of ['rules', 'decoders', 'elsewhere']) mkdirSync(at(name), { mode: 0o755 });
  write('rules/own.xml', RULES);
  write('decoders/own.xml', '<decoder name="own"><prematch>^own</prematch></decoder>');
  write('elsewhere/list', 'a:b\n');
  symlinkSync(at('elsewhere/list'), at('list'));
  write(
    'config.yaml',
    `receivers: { ${receiver} }
processors: { ruleset: { rules: [rules], decoders: [decoders/own.xml], lists: { etc/lists/own: list } } }
exporters: { debug: }
service: { pipelines: { logs: { receivers: [${receiver.split(':')[0]}], processors: [ruleset], exporters: [debug] } } }
`,
  );
  const validate = (...args: string[]) => cli(['validate', '--config', at('config.yaml'), ...args]);
  return { at, validate };
}

describe('files that others could change, while commands are configured', () => {
  it('are none: fine', async () => {
    const { validate } = createSetup();
    const { code, stderr } = await validate();
    expect(stderr).toContain('valid: 0 errors');
    expect(code).toBe(0);
  });

  it.each([
    ['a rule file', 'rules/own.xml', 0o664, 'its group may write to it (mode 0664)'],
    ['a decoder file', 'decoders/own.xml', 0o646, 'everyone may write to it (mode 0646)'],
    ['the folder of a rule file', 'rules', 0o777, 'everyone'],
    ['what a link to a list leads to', 'elsewhere/list', 0o666, 'everyone may write to it (mode 0666)'],
    ['the folder that a link leads to', 'elsewhere', 0o775, 'the group of the folder'],
  ])('are refused: %s', async (_what, name, mode, expected) => {
    const { at, validate } = createSetup();
    chmodSync(at(name), mode);
    const { code, stderr } = await validate();
    expect(stderr).toContain('fatal[writable-ruleset]: commands are configured');
    expect(stderr).toContain(expected);
    expect(code).toBe(1);
    expect((await validate('--allow-writable-config')).code).toBe(0);
  });

  it('do not matter where nothing is run', async () => {
    const { at, validate } = createSetup('file_log: { include: [x] }');
    chmodSync(at('rules/own.xml'), 0o666);
    expect((await validate()).code).toBe(0);
  });

  it('name some of many', async () => {
    const { at, validate } = createSetup();
    for (let index = 0; index < 20; index++) {
      writeFileSync(at(`rules/more-${index}.xml`), RULES.replace('100001', `${100_100 + index}`));
      chmodSync(at(`rules/more-${index}.xml`), 0o666);
    }
    const { stderr } = await validate();
    expect(stderr).toContain('; and 15 more');
    expect(stderr.match(/everyone may write/g)).toHaveLength(5);
  });
});
