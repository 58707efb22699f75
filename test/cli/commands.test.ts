import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { factories } from '../../src/cli/components.ts';
import { VERSION } from '../../src/version.ts';
import { cli } from './helpers.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'otel-hids-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

const GOOD = `receivers: { command: { command: w, env: { API_KEY: "\${SECRET}" } } }
processors: { ruleset: }
exporters: { debug: }
service: { pipelines: { logs: { receivers: [command], processors: [ruleset], exporters: [debug] } } }
`;

describe('validate', () => {
  it('takes a configuration that is right, rules included', async () => {
    const result = await cli(['validate', '--config', file('good.yaml', GOOD)], '', { SECRET: 'x' });
    expect(result).toEqual({ code: 0, stdout: '', stderr: 'valid: 0 errors, 0 warnings\n' });
  });

  it('prints every finding and exits 1 on an error', async () => {
    const path = file('bad.yaml', GOOD.replace('command: w', 'comand: w').replace('debug: }', 'debug: { a: 1 } }'));
    const { code, stderr } = await cli(['validate', '--config', path], '', { SECRET: 'x' });
    expect(code).toBe(1);
    expect(stderr).toContain(
      `${path}:1:25: error[unknown-key]: receivers.command.comand: unknown key; did you mean "command"?`,
    );
    expect(stderr).toContain('error[unknown-key]: exporters.debug.a: unknown key');
    expect(stderr).toMatch(/not valid: 3 errors, 0 warnings\n$/);
  });

  it('loads the rules: broken ones are errors with their place', async () => {
    const rules = file(
      'broken.xml',
      '<group name="a,">\n  <rule id="100001" level="3">\n    <nonsense>x</nonsense>\n    <description>x</description>\n  </rule>\n</group>\n',
    );
    const path = file('rules.yaml', GOOD.replace('ruleset: }', `ruleset: { starter: true, rules: [${rules}] } }`));
    const { code, stderr } = await cli(['validate', '--config', path], '', { SECRET: 'x' });
    expect(code).toBe(1);
    expect(stderr).toMatch(/broken\.xml:3:5: fatal\[[a-z-]+\]: .*nonsense/);
    expect(stderr).toContain('processors.ruleset: this ruleset cannot be loaded');
  });

  it('says so where no configuration is named', async () => {
    const { code, stderr } = await cli(['validate']);
    expect(code).toBe(1);
    expect(stderr).toContain('error[no-config]: no configuration is named\n    help: say --config FILE\n');
  });

  it('tells a syntax error once, and what to do about a reference without quotes', async () => {
    const path = file('flow.yaml', `x: { a: \${SECRET}, b: 1, c: 2 }\n${GOOD}`);
    const { code, stderr } = await cli(['validate', '--config', path], '', { SECRET: 'x' });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^.*flow\.yaml:1:\d+: error\[yaml-syntax\]: .*\n {4}help: .*needs quotes.*\nnot valid: 1 error, 0 warnings\n$/,
    );
  });

  it('prints notes on lists, too', async () => {
    const list = file('list', 'key:value\nno entry\n');
    const path = file('notes.yaml', GOOD.replace('ruleset: }', `ruleset: { lists: { etc/lists/own: ${list} } } }`));
    const { code, stderr } = await cli(['validate', '--config', path], '', { SECRET: 'x' });
    expect(code).toBe(0);
    expect(stderr).toContain(`${list}:2:1: info[list-line-without-colon]`);
  });

  it('takes lists of the store as there', async () => {
    const path = file(
      'keyv.yaml',
      GOOD.replace('ruleset: }', 'ruleset: { lists: { etc/lists/blocked: "keyv:blocked" } } }'),
    );
    const { code, stderr } = await cli(['validate', '--config', path], '', { SECRET: 'x' });
    expect(code).toBe(0);
    expect(stderr).toContain(
      'processors.ruleset: list etc/lists/blocked (keyv:blocked) is in the store, which is not opened here',
    );
  });

  it('refuses a name that no list of the store can have', async () => {
    const path = file('list.yaml', GOOD.replace('ruleset: }', 'ruleset: { lists: { blocked: "keyv:a/b" } } }'));
    const { code, stderr } = await cli(['validate', '--config', path], '', { SECRET: 'x' });
    expect(code).toBe(1);
    expect(stderr).toContain('lists.blocked: "keyv:a/b" names no list');
  });

  it.each([
    [
      GOOD.replace('command: w', 'command: w, storage: keyv_storage'),
      'error[unknown-reference]: receivers.command.storage: there is no extension "keyv_storage" that is started',
    ],
    [
      `extensions: { bearertokenauth: { token: x } }
receivers: { otlp: { protocols: { http: { auth: { authenticator: bearertoken } } } } }
processors: { ruleset: }
exporters: { debug: }
service: { pipelines: { logs: { receivers: [otlp], processors: [ruleset], exporters: [debug] } } }
`,
      'authenticator: there is no extension "bearertoken" that is started',
    ],
    [
      `extensions: { basicauth: { htpasswd: { inline: "ann:{CRYPT}x" } }, health_check: { endpoint: "0.0.0.0:1" } }\n${GOOD}`,
      'extensions.basicauth.htpasswd.inline: line 1 of the htpasswd: this kind of hash is not supported',
    ],
    [
      `extensions: { health_check: { endpoint: "0.0.0.0:1" } }\n${GOOD}`,
      'extensions.health_check.endpoint: other machines reach this address and anyone could ask',
    ],
    [
      GOOD.replace(
        'service: {',
        'service: { telemetry: { metrics: { readers: [ { pull: { exporter: { prometheus: { host: "::" } } } } ] } },',
      ),
      'prometheus.host: other machines reach this address and anyone could ask; say allow_unauthenticated: true',
    ],
  ])('says what is wrong with access and references (%#)', async (text, expected) => {
    const { code, stderr } = await cli(['validate', '--config', file('access.yaml', text)], '', { SECRET: 'x' });
    expect(code).toBe(1);
    expect(stderr).toContain(expected);
  });

  it('warns of what is not used', async () => {
    const path = file('unused.yaml', GOOD.replace('processors: [ruleset], ', ''));
    const { code, stderr } = await cli(['validate', '--config', path], '', { SECRET: 'x' });
    expect(code).toBe(0);
    expect(stderr).toContain('warning[unused-component]: processors.ruleset');
    expect(stderr).toContain('valid: 0 errors, 1 warning\n');
  });
});

describe('print-config', () => {
  it('prints the merged configuration without secrets', async () => {
    const path = file('print.yaml', GOOD);
    const result = await cli(['print-config', '--config', path, '--set', 'receivers.command.interval=1m'], '', {
      SECRET: 'hunter2',
    });
    expect(result.code).toBe(0);
    expect(result.stdout).toContain('API_KEY: "[REDACTED]"');
    expect(result.stdout).toContain('interval: 1m');
    expect(result.stdout + result.stderr).not.toContain('hunter2');
  });
});

describe('components', () => {
  it('lists what is built in', async () => {
    const { stdout } = await cli(['components']);
    for (const list of Object.values(factories))
      for (const { type } of list) expect(stdout).toMatch(new RegExp(`^  ${type} +(alpha|beta|stable) `, 'm'));
    const json = JSON.parse((await cli(['components', '--json'])).stdout);
    expect(json.receivers.map((item: { type: string }) => item.type)).toContain('command');
  });
});

describe('command line', () => {
  it.each(['migrate'])('says that %s is not built yet', async (name) => {
    const result = await cli([name, '--some-option', 'argument']);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toMatch(new RegExp(`^otel-hids ${name}: not built yet`));
  });

  it('names what it does not know', async () => {
    expect(await cli(['rnu'])).toMatchObject({ code: 2, stderr: expect.stringContaining("unknown command 'rnu'") });
    expect(await cli(['run', '--cofnig', 'x'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("unknown option '--cofnig'"),
    });
  });

  it('prints help and version', async () => {
    expect(await cli(['--version'])).toMatchObject({ code: 0, stdout: `${VERSION}\n` });
    expect(await cli(['--help'])).toMatchObject({ code: 0, stdout: expect.stringContaining('logtest') });
    expect((await cli([])).code).toBe(2);
  });
});
