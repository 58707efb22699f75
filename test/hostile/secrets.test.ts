import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { ROOT, startHids } from '../support/hids.ts';
import { freePorts, type RunningProcess, waitFor } from '../support/process.ts';
import { createTempDir } from '../support/temp-dir.ts';

/** Each is planted once; whatever is printed, logged or shown must hold none of them. */
const SECRETS = {
  token: 'sEcReT-token-one',
  bound: 'sEcReT-token-bound',
  file: 'sEcReT-token-file',
  inline: 'sEcReT-htpasswd-inline',
  password: 'sEcReT-client-password',
  header: 'sEcReT-header-value',
  environment: 'sEcReT-from-environment',
  command: 'sEcReT-env-of-command',
  uri: 'sEcReT-uri-p@ss',
  query: 'sEcReT-in-query',
  given: 'sEcReT-credential-given',
};

function configOf(folder: string, http: number, health: number, backend: number): string {
  return `
extensions:
  bearertokenauth: { tokens: [ "${SECRETS.token}", { token: "${SECRETS.bound}", hosts: [ web01 ] } ] }
  bearertokenauth/file: { filename: ${folder}/tokens }
  basicauth: { htpasswd: { inline: "ann:${SECRETS.inline}" } }
  basicauth/client: { client_auth: { username: me, password: "${SECRETS.password}" } }
  health_check: { endpoint: "127.0.0.1:${health}", component_health: { recovery_duration: 0s } }
receivers:
  otlp: { protocols: { http: { endpoint: "127.0.0.1:${http}", auth: { authenticator: bearertokenauth } } } }
  command: { command: "echo one two; exit 3", alias: quiet, interval: 300ms, env: { MY_TOKEN: "${SECRETS.command}" } }
processors: { ruleset: }
exporters:
  otlp_http:
    endpoint: http://127.0.0.1:${backend}/otlp?token=${SECRETS.query}
    headers: { X-Scope: "${SECRETS.header}", X-Env: "\${env:PLANTED}" }
    auth: { authenticator: basicauth/client }
    retry_on_failure: { initial_interval: 100ms, max_interval: 200ms }
  debug:
service:
  telemetry: { logs: { level: debug } }
  pipelines: { logs: { receivers: [ otlp, command ], processors: [ ruleset ], exporters: [ otlp_http, debug ] } }
`;
}

function findSecrets(text: string): string[] {
  return Object.values(SECRETS).filter((secret) => text.includes(secret) || text.includes(encodeURIComponent(secret)));
}

function cli(...argv: string[]): string {
  const options = { encoding: 'utf8' as const, env: { ...process.env, PLANTED: SECRETS.environment } };
  const { stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'src/cli/main.ts'), ...argv], options);
  return stdout + stderr;
}

it('appear in no log, answer or stored state of a run', async () => {
  const folder = createTempDir();
  const at = (name: string) => join(folder, name);
  const [http, health] = await freePorts(2);
  const seen: string[] = [];
  // A backend that refuses the credential and repeats it, as some do.
  const backend = createServer((request, response) => {
    seen.push(JSON.stringify(request.headers) + request.url);
    response.statusCode = 401;
    response.end(`unknown: http://me:${SECRETS.uri}@host/?token=${SECRETS.query}`);
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void backend.close());
  await new Promise((resolve) => backend.once('listening', resolve));
  const { port } = backend.address() as { port: number };
  writeFileSync(at('tokens'), `${SECRETS.file}\n`, { mode: 0o600 });
  const config = configOf(folder, http, health, port);
  writeFileSync(at('config.yaml'), config, { mode: 0o600 });
  mkdirSync(at('data'));
  const hids = await startHids(at('config.yaml'), {
    dataDir: at('data'),
    env: { PLANTED: SECRETS.environment },
    set: { 'service.telemetry.logs.encoding': 'json' },
  });
  let printed = '';
  try {
    for (const credential of [SECRETS.given, SECRETS.bound, SECRETS.token]) {
      const headers = { authorization: `Bearer ${credential}`, 'content-type': 'application/json' };
      const body = '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"x"}}]}]}]}';
      const answer = await fetch(`http://127.0.0.1:${http}/v1/logs`, { method: 'POST', headers, body });
      printed += await answer.text();
    }
    await waitFor('the backend was asked', () => seen.length > 1 || undefined, { process: hids });
    await waitFor('health tells of it', async () => {
      const text = await (await fetch(`http://127.0.0.1:${health}/ready`)).text();
      printed += text;
      return text.includes('permanent_error') || undefined;
    });
    writeFileSync(at('tokens'), '\n');
    await stop(hids);
  } finally {
    await hids.stop('SIGKILL');
  }
  // They were in use all the same: the run sent them where they belong.
  expect(seen.join()).toContain(SECRETS.header);
  expect(seen.join()).toContain(SECRETS.environment);
  expect(seen.join()).toContain(Buffer.from(`me:${SECRETS.password}`).toString('base64'));
  expect(findSecrets(hids.output())).toEqual([]);
  expect(findSecrets(printed)).toEqual([]);
  for (const name of readdirSync(at('data'), { recursive: true, encoding: 'utf8' })) {
    if (/\.(db|db-wal|db-shm)$/.test(name))
      expect([name, findSecrets(readFileSync(at(`data/${name}`), 'latin1'))]).toEqual([name, []]);
  }
});

it('appear in nothing that the command line says of a configuration, right or wrong', () => {
  const folder = createTempDir();
  const path = join(folder, 'config.yaml');
  const config = configOf(folder, 4318, 13133, 3100);
  const faults: [string, string][] = [
    ['', ''],
    ['password:', 'passwort:'],
    ['{ token: ', '{ tokens: '],
    ['hosts: [ web01 ]', 'hosts: [ "a b" ]'],
    ['X-Scope: "', 'X-Scope: ["'],
    ['endpoint: http://', 'endpoint: htp://'],
    [`"${SECRETS.token}", {`, `"${SECRETS.token} x", {`],
  ];
  for (const [from, to] of faults) {
    writeFileSync(path, config.replace(from, to), { mode: 0o600 });
    for (const command of ['validate', 'print-config']) {
      const text = cli(command, '--config', path);
      expect(text.length).toBeGreaterThan(10);
      expect([command, to, findSecrets(text)]).toEqual([command, to, []]);
    }
  }
  chmodSync(path, 0o666);
  expect(findSecrets(cli('run', '--config', path, '--data-dir', folder))).toEqual([]);
  const uri = `redis://me:${SECRETS.uri}@127.0.0.1:1/0?password=${SECRETS.query}`;
  const stored = `extensions: { keyv_storage: { uri: "${uri}" } }
receivers: { otlp: { protocols: { http: { endpoint: "127.0.0.1:0" } } } }
processors: { ruleset: }
exporters: { debug: }
service: { pipelines: { logs: { receivers: [otlp], processors: [ruleset], exporters: [debug] } } }
`;
  writeFileSync(path, stored, { mode: 0o600 });
  chmodSync(path, 0o600);
  const text = cli('run', '--config', path, '--data-dir', folder);
  expect(text).toMatch(/did not start|cannot run/);
  expect(findSecrets(text)).toEqual([]);
});

async function stop(hids: RunningProcess): Promise<void> {
  expect(await hids.stop()).toBe(0);
}
