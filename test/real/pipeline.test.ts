import { once } from 'node:events';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createConnection, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { startHids, temporaryFolder } from '../support/hids.ts';
import { freePorts, type RunningProcess, waitFor } from '../support/process.ts';
import { type Loki, type LokiEntry, startCollector, startLoki } from './support/peers.ts';

const DIST = 'dist/cli/main.js';
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const SPAN_ID = 'b7ad6b7169203331';

let loki: Loki;
const running: RunningProcess[] = [];
let server: Server | undefined;

beforeAll(async () => {
  // One test sends the worst that Loki takes by default: no limit is raised here.
  loki = await startLoki();
});

afterAll(async () => {
  await loki?.stop();
});

afterEach(async () => {
  server?.close();
  server = undefined;
  for (const process of running.splice(0).reverse()) await process.stop();
});

async function runHids(config: Record<string, unknown>, folder: string): Promise<RunningProcess> {
  const file = join(folder, 'otel-hids.yaml');
  writeFileSync(file, stringify(config), { mode: 0o600 });
  const hids = await startHids(file, { entry: DIST, dataDir: join(folder, 'data') });
  running.push(hids);
  return hids;
}

async function runCollector(config: Record<string, unknown>): Promise<RunningProcess> {
  const collector = await startCollector(config);
  running.push(collector);
  return collector;
}

/** Entries of a query, once there are as many as asked for. */
function waitForEntries(logql: string, count: number, hids?: RunningProcess): Promise<LokiEntry[]> {
  return waitFor(
    `${count} entries of ${logql}`,
    async () => {
      const entries = await loki.query(logql);
      return entries.length >= count ? entries : undefined;
    },
    hids ? { process: hids } : {},
  );
}

interface TestRecord {
  body: string;
  host?: string;
  timeUnixNano?: bigint;
  attributes?: Record<string, string>;
  traceId?: string;
  spanId?: string;
}

function toOtlpJson(records: readonly TestRecord[]): string {
  const text = (key: string, value: string) => ({ key, value: { stringValue: value } });
  return JSON.stringify({
    resourceLogs: records.map(({ body, host = 'web01', timeUnixNano, attributes = {}, traceId, spanId }) => ({
      resource: { attributes: [text('host.name', host), text('service.name', 'sshd')] },
      scopeLogs: [
        {
          logRecords: [
            {
              timeUnixNano: String(timeUnixNano ?? BigInt(Date.now()) * 1_000_000n),
              body: { stringValue: body },
              attributes: Object.entries(attributes).map(([key, value]) => text(key, value)),
              ...(traceId && { traceId, spanId }),
            },
          ],
        },
      ],
    })),
  });
}

async function send(port: number, records: readonly TestRecord[]): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/logs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: toOtlpJson(records),
  });
  expect(response.status, await response.text()).toBe(200);
}

const pipelines = (receivers: string[], exporters: string[]) => ({
  pipelines: { logs: { receivers, processors: ['ruleset'], exporters } },
});

describe('with a real Collector and a real Loki', () => {
  it('sidecar: file in the Collector, rules here, alerts through the Collector into Loki', async () => {
    const folder = temporaryFolder('sidecar');
    const log = join(folder, 'auth.log');
    writeFileSync(log, '');
    const [ours, theirs] = await freePorts(2);
    await runCollector({
      receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${theirs}` } } } },
      exporters: { otlp_http: { endpoint: loki.otlp } },
      service: { pipelines: { logs: { receivers: ['otlp'], exporters: ['otlp_http'] } } },
    });
    const hids = await runHids(
      {
        receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${ours}` } } } },
        processors: { ruleset: null },
        exporters: { otlp_http: { endpoint: `http://127.0.0.1:${theirs}` } },
        service: pipelines(['otlp'], ['otlp_http']),
      },
      folder,
    );
    await runCollector({
      receivers: { file_log: { include: [log], start_at: 'beginning', include_file_path: true } },
      processors: {
        transform: {
          log_statements: [
            `set(resource.attributes["host.name"], "sidecar-host")`,
            `set(resource.attributes["host.id"], "sidecar-id")`,
            `set(resource.attributes["service.name"], "sshd")`,
          ],
        },
      },
      exporters: {
        otlp_http: {
          endpoint: `http://127.0.0.1:${ours}`,
          sending_queue: { num_consumers: 1 },
          retry_on_failure: { max_elapsed_time: '0s' },
        },
      },
      service: {
        pipelines: { logs: { receivers: ['file_log'], processors: ['transform'], exporters: ['otlp_http'] } },
      },
    });
    appendFileSync(log, 'Dec 10 01:02:02 box sshd[1234]: Invalid user bob from 203.0.113.9 port 51514\n');
    const [alert] = await waitForEntries(
      '{service_name="otel-hids", service_instance_id="sidecar-id"} | security_rule_uuid="5710"',
      1,
      hids,
    );
    expect(alert.labels).toMatchObject({
      service_name: 'otel-hids',
      service_instance_id: 'sidecar-id',
      host_name: 'sidecar-host',
      hids_source_service_name: 'sshd',
      hids_agent_name: 'sidecar-host',
      hids_location: `(sidecar-host) any->${log}`,
      log_file_path: log,
      hids_rule_level: '5',
      hids_rule_groups: '["syslog","sshd","authentication_failed","invalid_login"]',
      hids_rule_groups_text: ',syslog,sshd,authentication_failed,invalid_login,',
      hids_rule_mitre_id_text: ',T1110.001,T1021.004,',
      hids_decoder_name: 'sshd',
      hids_data_srcip: '203.0.113.9',
      source_address: '203.0.113.9',
      source_port: '51514',
      severity_text: 'low',
      severity_number: '10',
      detected_level: 'low',
      scope_name: 'otel-hids',
    });
    expect(alert.line).toBe(
      'SSH: login with a name that does not exist.\n' +
        'Dec 10 01:02:02 box sshd[1234]: Invalid user bob from 203.0.113.9 port 51514',
    );
  });

  it('agent: a port that is opened here shows up in Loki', async () => {
    const folder = temporaryFolder('agent');
    const hids = await runHids(
      {
        receivers: {
          'command/listening': { command: 'ss -H -tln | sort', alias: 'netstat listening ports', interval: '500ms' },
        },
        processors: { ruleset: { alert_level: 2 } },
        exporters: { otlp_http: { endpoint: loki.otlp } },
        service: pipelines(['command/listening'], ['otlp_http']),
      },
      folder,
    );
    await waitForEntries('{service_name="otel-hids"} | security_rule_uuid="199030"', 1, hids);
    const [port] = await freePorts(1);
    server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    const alert = await waitFor(
      'the alert about the port',
      async () => {
        const entries = await loki.query('{service_name="otel-hids"} | security_rule_uuid="533"');
        return entries.find(({ line }) => line.includes(`+LISTEN`) && line.includes(`:${port} `));
      },
      { process: hids },
    );
    expect(alert.labels).toMatchObject({ hids_rule_level: '7', severity_text: 'medium', hids_agent_id: '000' });
    expect(alert.line).toContain('Previous output:');
  });

  it('loses nothing to equal texts, late hosts, large outputs or too many fields', async () => {
    const folder = temporaryFolder('limits');
    const [ours] = await freePorts(1);
    const deadLetters = join(folder, 'dead-letters.jsonl');
    const hids = await runHids(
      {
        receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${ours}` } }, trusted: true } },
        processors: { ruleset: { starter: true, rules: [join(folder, 'rules.xml')] } },
        exporters: { otlp_http: { endpoint: loki.otlp, dead_letter: { path: deadLetters } } },
        service: pipelines(['otlp'], ['otlp_http']),
      },
      writeRules(folder),
    );
    const second = (BigInt(Date.now()) / 1000n) * 1_000_000_000n;
    const twoHoursAgo = second - 7_200_000_000_000n;
    const line = 'Dec 10 01:02:02 box sshd[1]: Accepted password for root from 10.0.0.5 port 22 ssh2';
    // Equal in stream, time and line: 50 events are 50 alerts.
    await send(
      ours,
      Array.from({ length: 50 }, () => ({ body: line, host: 'equal', timeUnixNano: second })),
    );
    // A host that comes late, beside one that is up to date, and the same host in both times.
    await send(ours, [
      { body: line, host: 'late', timeUnixNano: twoHoursAgo },
      { body: line, host: 'both', timeUnixNano: second },
      { body: line, host: 'both', timeUnixNano: twoHoursAgo },
    ]);
    const output = (text: string) => `ossec: output: 'big':\n${text}`;
    const attributes = { 'hids.location': 'big' };
    await send(ours, [{ body: output('small'), host: 'large', attributes }]);
    await send(ours, [{ body: output('x'.repeat(60_000)), host: 'large', attributes }]);
    await send(ours, [{ body: `ossec: output: 'huge':\n${'y'.repeat(100_000)}`, host: 'large', attributes }]);
    const fields = (count: number, size: number) =>
      JSON.stringify({
        wide: 'yes',
        ...Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, 'v'.repeat(size)])),
      });
    // From well below the limit of attributes to well above it, one by one; then beyond the limit of bytes.
    const counts = Array.from({ length: 40 }, (_, i) => 80 + i);
    await send(ours, [
      ...counts.map((count) => ({ body: fields(count, 10), host: 'fields' })),
      { body: fields(60, 2000), host: 'bytes' },
      { body: fields(1, 60_000), host: 'bytes' },
      { body: 'traced: Invalid user x', host: 'traced', traceId: TRACE_ID, spanId: SPAN_ID },
    ]);
    const alerts = (host: string) => `{service_name="otel-hids", service_instance_id="${host}"}`;
    expect(await waitForEntries(`${alerts('equal')} | security_rule_uuid="5715"`, 50, hids)).toHaveLength(50);
    expect(await waitForEntries(alerts('late'), 1, hids)).toHaveLength(1);
    expect(await waitForEntries(alerts('both'), 2, hids)).toHaveLength(2);
    const [large] = await waitForEntries(`${alerts('large')} | security_rule_uuid="100500"`, 1, hids);
    expect(Buffer.byteLength(large.line)).toBeLessThanOrEqual(200_000);
    const [huge] = await waitForEntries(`${alerts('large')} | security_rule_uuid="100503"`, 1, hids);
    expect(huge.line).toContain('y'.repeat(100_000));
    const wide = await waitForEntries(`${alerts('fields')} | security_rule_uuid="100501"`, counts.length, hids);
    const cut = wide.map(({ labels }) => Number(labels.hids_attributes_cut ?? 0)).sort((a, b) => a - b);
    expect(cut).toHaveLength(counts.length);
    const whole = cut.filter((count) => count === 0).length;
    expect(whole).toBeGreaterThan(0);
    // Each further field over the limit is one more that is left out, and the record says so.
    expect(cut.slice(whole)).toEqual(Array.from({ length: counts.length - whole }, (_, i) => i + 1));
    const large2 = await waitForEntries(`${alerts('bytes')} | security_rule_uuid="100501"`, 2, hids);
    for (const { labels } of [...wide, ...large2]) expect(labels.hids_data_wide).toBe('yes');
    for (const { labels } of large2) expect(Number(labels.hids_attributes_cut)).toBeGreaterThan(0);
    const [traced] = await waitForEntries(alerts('traced'), 1, hids);
    expect(traced.labels).toMatchObject({ trace_id: TRACE_ID, span_id: SPAN_ID });
    expect(canRead(deadLetters) ? readFileSync(deadLetters, 'utf8') : '').toBe('');
  });

  it('syslog, journald and Windows records of the Collector reach the same rules as their lines', async () => {
    const folder = temporaryFolder('inputs');
    const [ours, syslog, otlp] = await freePorts(3);
    const hids = await runHids(
      {
        receivers: { otlp: { protocols: { grpc: { endpoint: `127.0.0.1:${ours}` } } } },
        processors: { ruleset: { starter: true, rules: [join(writeRules(folder), 'rules.xml')] } },
        exporters: { otlp_http: { endpoint: loki.otlp } },
        service: pipelines(['otlp'], ['otlp_http']),
      },
      folder,
    );
    const journal = join(folder, 'journalctl');
    const entry = {
      MESSAGE: 'Invalid user eve from 203.0.113.10 port 4000',
      _HOSTNAME: 'journal-host',
      SYSLOG_IDENTIFIER: 'sshd',
      _PID: '99',
      __REALTIME_TIMESTAMP: String(Date.now() * 1000),
      __CURSOR: 's=1',
    };
    // The receiver runs the program that it is told; this one prints one entry and waits, as `journalctl -f` does.
    writeFileSync(journal, `#!/bin/sh\necho '${JSON.stringify(entry)}'\nexec sleep 600\n`, { mode: 0o755 });
    await runCollector({
      receivers: {
        syslog: { tcp: { listen_address: `127.0.0.1:${syslog}` }, protocol: 'rfc5424' },
        journald: { journalctl_path: journal },
        // Windows event log records as that receiver makes them; it runs on Windows only, so they are sent in.
        otlp: { protocols: { http: { endpoint: `127.0.0.1:${otlp}` } } },
      },
      processors: { transform: { log_statements: ['set(resource.attributes["host.name"], "inputs-host")'] } },
      exporters: { otlp_grpc: { endpoint: `127.0.0.1:${ours}`, tls: { insecure: true } } },
      service: {
        pipelines: {
          logs: { receivers: ['syslog', 'journald', 'otlp'], processors: ['transform'], exporters: ['otlp_grpc'] },
        },
      },
    });
    const socket = createConnection(syslog, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(
      `<38>1 ${new Date().toISOString()} syslog-host sshd 1 - - Invalid user mallory from 203.0.113.11 port 4001\n`,
    );
    await sendWindowsEvent(otlp);
    const alerts = await waitForEntries('{service_name="otel-hids", service_instance_id="inputs-host"}', 3, hids);
    socket.destroy();
    const user = (labels: Record<string, string>) =>
      labels.hids_data_srcuser ?? labels.hids_data_win_eventdata_targetUserName;
    expect(alerts.map(({ labels }) => [labels.security_rule_uuid, user(labels)]).sort()).toEqual([
      ['100504', 'bob'],
      ['5710', 'eve'],
      ['5710', 'mallory'],
    ]);
  });

  it.each(['otlp_http', 'otlp_grpc'])(
    'back-pressure: a full queue here is kept by the Collector (%s)',
    async (kind) => {
      const folder = temporaryFolder('full');
      const log = join(folder, 'auth.log');
      const host = `full-${kind}`;
      const [ours, backend] = await freePorts(2);
      const protocol = kind === 'otlp_http' ? 'http' : 'grpc';
      const hids = await runHids(
        {
          receivers: { otlp: { protocols: { [protocol]: { endpoint: `127.0.0.1:${ours}` } } } },
          processors: { ruleset: null },
          exporters: {
            otlp_http: {
              endpoint: `http://127.0.0.1:${backend}`,
              sending_queue: { queue_size: 2 },
              retry_on_failure: { initial_interval: '100ms', max_interval: '500ms' },
            },
          },
          service: pipelines(['otlp'], ['otlp_http']),
        },
        folder,
      );
      writeFileSync(log, '');
      const collector = await runCollector({
        receivers: { file_log: { include: [log], start_at: 'beginning' } },
        processors: { transform: { log_statements: [`set(resource.attributes["host.name"], "${host}")`] } },
        exporters: {
          [kind]: {
            endpoint: kind === 'otlp_http' ? `http://127.0.0.1:${ours}` : `127.0.0.1:${ours}`,
            tls: { insecure: true },
            sending_queue: { num_consumers: 1, queue_size: 10_000 },
            retry_on_failure: { initial_interval: '200ms', max_interval: '1s', max_elapsed_time: '0s' },
          },
        },
        service: { pipelines: { logs: { receivers: ['file_log'], processors: ['transform'], exporters: [kind] } } },
      });
      // Each line comes in a request of its own: the queue of two is full after the second, since nobody takes from it.
      const total = 12;
      for (let i = 0; i < total; i++) {
        appendFileSync(
          log,
          `Dec 10 01:02:02 box sshd[${i}]: Accepted password for user${i} from 10.0.0.5 port 22 ssh2\n`,
        );
        await new Promise((resolve) => setTimeout(resolve, 350));
      }
      await waitFor(
        'the Collector is refused',
        () => /Exporting failed. Will retry/.test(collector.output()) || undefined,
        {
          process: collector,
        },
      );
      expect(await loki.query(`{service_instance_id="${host}"}`)).toEqual([]);
      await runCollector({
        receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${backend}` } } } },
        exporters: { otlp_http: { endpoint: loki.otlp } },
        service: { pipelines: { logs: { receivers: ['otlp'], exporters: ['otlp_http'] } } },
      });
      const alerts = await waitForEntries(`{service_instance_id="${host}"} | security_rule_uuid="5715"`, total, hids);
      const users = alerts.map(({ labels }) => labels.hids_data_dstuser);
      expect(new Set(users).size).toBe(total);
      expect(alerts).toHaveLength(total);
      expect(collector.output()).not.toMatch(/Dropping data|sending queue is full/);
    },
  );
});

/** An event as the Collector's windows_event_log receiver has it: a map for a body. */
async function sendWindowsEvent(port: number): Promise<void> {
  const text = (key: string, value: string) => ({ key, value: { stringValue: value } });
  const map = (key: string, ...values: object[]) => ({ key, value: { kvlistValue: { values } } });
  const body = [
    text('channel', 'Security'),
    text('computer', 'DESKTOP'),
    map('event_id', { key: 'id', value: { intValue: '4625' } }, { key: 'qualifiers', value: { intValue: '0' } }),
    map('provider', text('name', 'Microsoft-Windows-Security-Auditing')),
    text('level', 'Information'),
    text('message', 'An account failed to log on.'),
    { key: 'keywords', value: { arrayValue: { values: [{ stringValue: 'Audit Failure' }] } } },
    map('event_data', text('TargetUserName', 'bob'), text('IpAddress', '203.0.113.12')),
  ];
  const logRecord = { timeUnixNano: String(BigInt(Date.now()) * 1_000_000n), body: { kvlistValue: { values: body } } };
  const response = await fetch(`http://127.0.0.1:${port}/v1/logs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceLogs: [{ resource: {}, scopeLogs: [{ logRecords: [logRecord] }] }] }),
  });
  expect(response.status, await response.text()).toBe(200);
}

/** Rules of these tests below those of the starter ruleset. */
function writeRules(folder: string): string {
  writeFileSync(
    join(folder, 'rules.xml'),
    `<group name="test,">
  <rule id="100500" level="7">
    <if_sid>530</if_sid>
    <match>output: 'big'</match>
    <check_diff />
    <description>Large output</description>
  </rule>
  <rule id="100501" level="5">
    <decoded_as>json</decoded_as>
    <field name="wide">yes</field>
    <description>Many fields</description>
  </rule>
  <rule id="100503" level="5">
    <if_sid>530</if_sid>
    <match>output: 'huge'</match>
    <description>Huge output</description>
  </rule>
  <rule id="100504" level="5">
    <category>ossec</category>
    <decoded_as>windows_eventchannel</decoded_as>
    <field name="win.system.eventID">^4625$</field>
    <field name="win.system.severityValue">^AUDIT_FAILURE$</field>
    <description>Windows logon failure of $(win.eventdata.targetUserName)</description>
  </rule>
  <rule id="100502" level="5">
    <match>^traced: </match>
    <description>Traced</description>
  </rule>
</group>
`,
    { mode: 0o600 },
  );
  return folder;
}

function canRead(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch {
    return false;
  }
}
