import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { ROOT, readAlerts, startHids, temporaryFolder, waitForAlerts } from '../../support/hids.ts';
import { freePorts } from '../../support/process.ts';
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
