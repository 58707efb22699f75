import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { ROOT, readAlerts, startHids, temporaryFolder, waitForAlerts } from '../../support/hids.ts';
import { freePorts, startProcess, waitFor } from '../../support/process.ts';
import { startPostgres, startRedis } from '../support/store-servers.ts';

const redis = await startRedis();
const postgres = await startPostgres();
afterAll(async () => {
  await redis?.stop();
  await postgres?.stop();
});

const request = (name: string) => readFileSync(join(ROOT, 'examples/usb-storage', name), 'utf8');

it.each([
  ['redis', redis?.uri],
  ['postgres', postgres?.uri],
])('the program keeps snapshots in %s over a restart', async (name, uri) => {
  if (uri === undefined) {
    console.log(`stores: ${name} is not installed, skipped`);
    return;
  }
  const folder = temporaryFolder(`store-${name}`);
  const [port] = await freePorts(1);
  const file = join(folder, 'otel-hids.yaml');
  const alerts = join(folder, 'alerts.json');
  const config = {
    extensions: { keyv_storage: { uri, namespace: `process-${process.pid}`, lease: '1s' } },
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } }, trusted: true } },
    processors: { ruleset: { starter: true, rules: [join(ROOT, 'examples/usb-storage/rules')] } },
    exporters: { file: { path: alerts, format: 'wazuh_json' } },
    service: {
      extensions: ['keyv_storage'],
      pipelines: { logs: { receivers: ['otlp'], processors: ['ruleset'], exporters: ['file'] } },
    },
  };
  writeFileSync(file, stringify(config), { mode: 0o600 });
  for (const [body, count] of [
    [request('before.json'), 0],
    [request('after.json'), 1],
  ] as const) {
    // A data directory of its own each time: what is remembered can only come from the server.
    const hids = await startHids(file, { entry: 'dist/cli/main.js' });
    const response = await fetch(`http://127.0.0.1:${port}/v1/logs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    expect(response.status).toBe(200);
    if (count > 0) await waitForAlerts(alerts, count, hids);
    expect(readAlerts(alerts)).toHaveLength(count);
    expect(await hids.stop()).toBe(0);
  }
  expect(readAlerts(alerts)[0]).toMatchObject({ rule: { id: '140125' }, agent: { name: 'xx-netbook' } });
});

const RULES = `<group name="own,">
  <rule id="100700" level="5">
    <if_sid>5710</if_sid>
    <list field="srcip" lookup="address_match_key">etc/lists/blocked</list>
    <description>Attempt from a blocked address.</description>
  </rule>
</group>
`;

it.each([
  ['redis', redis?.uri],
  ['valkey', redis?.uri.replace('redis:', 'valkey:')],
  ['postgres', postgres?.uri],
])('a running program follows a list in %s that the command line edits', async (name, uri) => {
  if (uri === undefined) {
    console.log(`stores: ${name} is not installed, skipped`);
    return;
  }
  const folder = temporaryFolder(`list-${name}`);
  const at = (file: string) => join(folder, file);
  const config = {
    extensions: { keyv_storage: { uri, namespace: `list-${process.pid}-${name}`, lease: '1s' } },
    receivers: { file_log: { include: [at('auth.log')], start_at: 'beginning', poll_interval: '100ms' } },
    processors: {
      ruleset: {
        starter: true,
        rules: [at('rules.xml')],
        lists: { 'etc/lists/blocked': `keyv:blocked-${process.pid}-${name}` },
        list_poll_interval: 1,
      },
    },
    exporters: { file: { path: at('alerts.json'), format: 'wazuh_json' } },
    service: { pipelines: { logs: { receivers: ['file_log'], processors: ['ruleset'], exporters: ['file'] } } },
  };
  writeFileSync(at('rules.xml'), RULES, { mode: 0o600 });
  writeFileSync(at('auth.log'), '');
  writeFileSync(at('otel-hids.yaml'), stringify(config), { mode: 0o600 });
  const hids = await startHids(at('otel-hids.yaml'), { entry: 'dist/cli/main.js' });
  const alerts = (id: string) => readAlerts(at('alerts.json')).filter(({ rule }) => (rule as { id: string }).id === id);
  const attempt = (number: number) =>
    appendFileSync(at('auth.log'), `Dec 10 01:02:0${number} web01 sshd[1]: Invalid user bob from 203.0.113.9 port 5\n`);
  const edit = async (...args: string[]) => {
    const list = `blocked-${process.pid}-${name}`;
    const argv = [join(ROOT, 'dist/cli/main.js'), 'list', args[0], list, ...args.slice(1)];
    const command = startProcess(process.execPath, [...argv, '--config', at('otel-hids.yaml')]);
    await waitFor('the edit', () => command.child.exitCode ?? undefined, { process: command });
    expect(command.output()).toContain(args[0] === 'set' ? '1 added' : '1 removed');
  };
  attempt(1);
  await waitFor('an ordinary alert', () => alerts('5710').length === 1 || undefined, { process: hids });
  await edit('set', '203.0.113.9', 'red');
  await waitFor('the change', () => alerts('199064').length === 1 || undefined, { process: hids });
  attempt(2);
  await waitFor('an alert by the list', () => alerts('100700').length === 1 || undefined, { process: hids });
  await edit('del', '203.0.113.9');
  await waitFor('the other change', () => alerts('199064').length === 2 || undefined, { process: hids });
  attempt(3);
  await waitFor('an ordinary alert again', () => alerts('5710').length === 2 || undefined, { process: hids });
  expect(alerts('100700')).toHaveLength(1);
  expect(await hids.stop()).toBe(0);
});
