import { mkdirSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request as sendHttp } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { readAlerts, readLines, startHids, temporaryFolder } from '../support/hids.ts';
import { freePorts, type RunningProcess, waitFor } from '../support/process.ts';

/** One running otel-hids with everything open to attack, and the questions a test asks it afterwards. */
export interface Target {
  readonly folder: string;
  readonly hids: RunningProcess;
  readonly ports: { http: number; grpc: number; metrics: number; health: number };
  at(name: string): string;
  /** One OTLP/JSON request of records with these bodies. */
  log(bodies: readonly string[], resource?: Record<string, string>, record?: object): Promise<Answer>;
  post(body: string | Uint8Array, headers?: Record<string, string>): Promise<Answer>;
  /** Sends raw bytes to a port; resolves with what came back when the other side has closed. */
  raw(port: number, talk: (socket: Socket) => void): Promise<string>;
  /** Sum of a metric's values, over all attributes that match. */
  metric(name: RegExp): Promise<number>;
  alerts(): Record<string, unknown>[];
  alertLog(): string;
  /** An ordinary event still becomes an alert. */
  stillAlerts(): Promise<void>;
}

export interface Answer {
  status: number;
  text: string;
}

export const RULES = `<group name="hostile,">
  <rule id="100900" level="5"><regex type="pcre2">^explode (a|aa|a+)+\\1\\d$</regex><description>explodes</description></rule>
  <rule id="100901" level="5"><match>hostile-marker</match><description>A hostile event: $(srcip)</description></rule>
</group>
`;

function configOf(folder: string, ports: Target['ports']): string {
  return `
extensions: { health_check: { endpoint: "127.0.0.1:${ports.health}" } }
receivers:
  otlp:
    protocols:
      http: { endpoint: "127.0.0.1:${ports.http}", max_request_body_size: 4MiB, read_header_timeout: 1s, read_timeout: 3s, max_connections: 50 }
      grpc: { endpoint: "127.0.0.1:${ports.grpc}", read_timeout: 3s }
  file_log: { include: [ ${folder}/logs/*.log ], start_at: beginning, max_log_size: 64KiB, poll_interval: 50ms }
  file_log/records: { include: [ ${folder}/records/*.log ], start_at: beginning, poll_interval: 50ms, multiline: { line_start_pattern: '^(\\w+\\s?)+:' } }
  command: { command: [ echo, quiet ], alias: watched, interval: 300ms }
processors:
  ruleset: { starter: true, list_poll_interval: 1, rules: [ ${folder}/rules ] }
exporters:
  file: { path: ${folder}/alerts.json }
  file/text: { path: ${folder}/alerts.log, format: alerts_log }
  debug: { verbosity: detailed }
service:
  telemetry: { metrics: { readers: [ { pull: { exporter: { prometheus: { host: 127.0.0.1, port: ${ports.metrics} } } } } ] } }
  pipelines: { logs: { receivers: [ otlp, file_log, file_log/records, command ], processors: [ ruleset ], exporters: [ file, file/text, debug ] } }
`;
}

export async function startTarget(): Promise<Target> {
  const folder = temporaryFolder('hostile');
  const at = (name: string) => join(folder, name);
  for (const name of ['logs', 'records', 'rules', 'data']) mkdirSync(at(name), { mode: 0o700 });
  const [http, grpc, metrics, health] = await freePorts(4);
  const ports = { http, grpc, metrics, health };
  writeFileSync(at('rules/hostile.xml'), RULES, { mode: 0o600 });
  writeFileSync(at('config.yaml'), configOf(folder, ports), { mode: 0o600 });
  const hids = await startHids(at('config.yaml'), { dataDir: at('data') });
  let probes = 0;

  const post: Target['post'] = (body, headers = {}) =>
    new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: http, method: 'POST', path: '/v1/logs', agent: false };
      const request = sendHttp({ ...options, headers: { 'content-type': 'application/json', ...headers } });
      let answered = false;
      request.on('response', (response: IncomingMessage) => {
        answered = true;
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      });
      // What is refused before it has arrived whole may end in a reset after the answer.
      request.on('error', (error) => {
        if (!answered) reject(error);
      });
      request.end(body);
    });
  const log: Target['log'] = (bodies, resource = { 'host.name': 'web01' }, record = {}) => {
    const logRecords = bodies.map((body) => ({ body: { stringValue: body }, ...record }));
    const attributes = Object.entries(resource).map(([key, value]) => ({ key, value: { stringValue: value } }));
    return post(JSON.stringify({ resourceLogs: [{ resource: { attributes }, scopeLogs: [{ logRecords }] }] }));
  };
  const alerts = () => readAlerts(at('alerts.json'));
  return {
    folder,
    hids,
    ports,
    at,
    post,
    log,
    alerts,
    alertLog: () => readLines(at('alerts.log')).join('\n'),
    raw: (port, talk) =>
      new Promise((resolve) => {
        const socket = connect(port, '127.0.0.1');
        let text = '';
        socket.setEncoding('latin1').on('data', (chunk: string) => {
          text += chunk;
        });
        socket.on('error', () => {});
        socket.on('close', () => resolve(text));
        socket.on('connect', () => talk(socket));
      }),
    async metric(name) {
      const text = await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text();
      const lines = text.split('\n').filter((line) => name.test(line) && !line.startsWith('#'));
      return lines.reduce((sum, line) => sum + Number(/ ([\d.e+-]+)(?: \d+)?$/.exec(line)?.[1] ?? 0), 0);
    },
    async stillAlerts() {
      const marker = `hostile-marker probe-${++probes}`;
      const { status } = await log([marker]);
      if (status !== 200) throw new Error(`the probe was answered with ${status}`);
      await waitFor(
        'an alert about an ordinary event',
        () => alerts().some(({ full_log }) => full_log === marker) || undefined,
        { process: hids, timeoutMs: 20_000 },
      );
    },
  };
}
