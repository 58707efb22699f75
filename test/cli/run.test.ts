import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { freePorts, waitFor } from '../support/process.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).toReversed()) cleanup();
});

interface Running {
  child: ChildProcess;
  /** Everything printed so far. */
  stdout: () => string;
  stderr: () => string;
  /** Resolves when the stream has printed something that matches. */
  printed(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<void>;
  exit: Promise<[code: number | null, signal: string | null]>;
}

function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'otel-hids-run-'));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function start(folder: string, config: string, args: readonly string[] = []): Running {
  const file = join(folder, 'config.yaml');
  writeFileSync(file, config, { mode: 0o600 });
  const argv = [MAIN, 'run', '--config', file, '--data-dir', join(folder, 'data'), ...args];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  cleanups.push(() => child.kill('SIGKILL'));
  const text = { stdout: '', stderr: '' };
  const watchers: (() => void)[] = [];
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk;
      for (const watcher of watchers) watcher();
    });
  }
  const exit = once(child, 'close') as Promise<[number | null, string | null]>;
  return {
    child,
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    exit,
    printed: (stream, pattern) =>
      new Promise((resolve, reject) => {
        const look = () => pattern.test(text[stream]) && resolve();
        watchers.push(look);
        void exit.then(() => reject(new Error(`ended without ${pattern}: ${text.stderr}${text.stdout}`)));
        look();
      }),
  };
}

function pidIn(file: string): number | undefined {
  return (existsSync(file) && Number(readFileSync(file, 'utf8'))) || undefined;
}

/** One that has ended and was not collected does not run. */
function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

const CONFIG = (
  command: string,
  telemetry = '',
) => `receivers: { command: { command: ${JSON.stringify(command)}, alias: netstat listening ports, interval: 200ms, jitter: 0s } }
processors: { ruleset: }
exporters: { debug: }
service:
  telemetry: { logs: { level: info }${telemetry} }
  pipelines: { logs: { receivers: [command], processors: [ruleset], exporters: [debug] } }
`;

it('runs a command, alerts when its output changes, also over a restart, and drains on SIGTERM', async () => {
  const folder = createFolder();
  const list = join(folder, 'ports');
  writeFileSync(list, 'tcp 22\n');
  const first = start(folder, CONFIG(`cat ${list}`), ['--set', 'processors.ruleset.alert_level=2']);
  await first.printed('stdout', /rule 199030/);
  first.child.kill('SIGTERM');
  expect(await first.exit).toEqual([0, null]);
  expect(first.stdout()).not.toContain('rule 533');

  writeFileSync(list, 'tcp 22\ntcp 2021\n');
  const second = start(folder, CONFIG(`cat ${list}`));
  await second.printed('stdout', /rule 533/);
  expect(second.stdout()).toContain('+tcp 2021');
  second.child.kill('SIGINT');
  expect(await second.exit).toEqual([0, null]);
  const messages = second
    .stderr()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).msg);
  expect(messages).toEqual(expect.arrayContaining(['running', 'draining', 'stopped']));
});

it('alerts that its store was damaged, and tells whether it is ready', async () => {
  const folder = createFolder();
  mkdirSync(join(folder, 'data'), { mode: 0o700 });
  writeFileSync(join(folder, 'data/state.db'), 'this is no database '.repeat(1000));
  const [port] = await freePorts(1);
  const health = `extensions: { health_check: { endpoint: "127.0.0.1:${port}" } }\n`;
  const running = start(folder, health + CONFIG('echo x'));
  await running.printed('stdout', /rule 199032/);
  expect(running.stdout()).toContain(`otel-hids: store quarantined: subject='${folder}/data/state.db'`);
  const ready = await fetch(`http://127.0.0.1:${port}/ready`);
  expect({ status: ready.status, body: await ready.json() }).toMatchObject({
    status: 200,
    body: {
      status: 'ready',
      components: { 'receiver:command': { state: 'ok' }, 'processor:ruleset': { state: 'ok' } },
    },
  });
  running.child.kill('SIGTERM');
  expect(await running.exit).toEqual([0, null]);
});

it('ends at once at the second signal', async () => {
  const folder = createFolder();
  const command = `trap '' TERM; echo $$$$ > ${join(folder, 'pid')}; while :; do sleep 0.1; done`;
  const running = start(folder, CONFIG(command), ['--shutdown-timeout', '1h']);
  const pid = await waitFor('the command runs', () => pidIn(join(folder, 'pid')));
  running.child.kill('SIGTERM');
  await running.printed('stderr', /draining/);
  running.child.kill('SIGTERM');
  expect(await running.exit).toEqual([1, null]);
  expect(running.stderr()).toContain('second signal');
  // Nobody else would end it.
  await waitFor('the command is gone', () => !isRunning(pid) || undefined);
});

it('goes on without a component that does not stop within the limit', async () => {
  const folder = createFolder();
  const deaf = join(folder, 'deaf');
  const running = start(folder, CONFIG(`trap '' TERM; echo $$$$ > ${deaf}; while :; do sleep 0.1; done`), [
    '--shutdown-timeout',
    '300ms',
  ]);
  await running.printed('stderr', /"running"/);
  const pid = await waitFor('the command does not listen', () => pidIn(deaf));
  running.child.kill('SIGTERM');
  expect(await running.exit).toEqual([0, null]);
  expect(running.stderr()).toContain('not stopped within the time limit');
  await waitFor('the command is gone', () => !isRunning(pid) || undefined);
});

it('reads rules anew on SIGHUP, and keeps the old ones where the new are broken', async () => {
  const folder = createFolder();
  const rules = join(folder, 'own.xml');
  const rule = (level: number) =>
    `<group name="own,"><rule id="100001" level="${level}"><if_sid>530</if_sid><description>seen</description></rule></group>`;
  writeFileSync(rules, rule(3));
  const running = start(
    folder,
    CONFIG('echo x')
      .replace('ruleset: }', `ruleset: { starter: true, rules: [${rules}] } }`)
      .replace('netstat listening ports', 'own'),
  );
  await running.printed('stdout', /level +3 +rule 100001/);
  writeFileSync(rules, rule(9));
  running.child.kill('SIGHUP');
  await running.printed('stdout', /level +9 +rule 100001/);
  writeFileSync(rules, '<group');
  running.child.kill('SIGHUP');
  await running.printed('stderr', /reload refused/i);
  running.child.kill('SIGTERM');
  expect(await running.exit).toEqual([0, null]);
});

it('gives alerts on equal lines that were read in one go times and uids of their own', async () => {
  const folder = createFolder();
  const line = 'Dec 10 01:02:02 web01 sshd[1234]: Invalid user bob from 203.0.113.9 port 51514\n';
  writeFileSync(join(folder, 'auth.log'), line.repeat(5));
  const config = `receivers: { file_log: { include: [./auth.log], start_at: beginning } }
processors: { ruleset: }
exporters: { debug: { verbosity: basic }, file: { path: ./alerts.json, format: otlp_json } }
service: { pipelines: { logs: { receivers: [file_log], processors: [ruleset], exporters: [file, debug] } } }
`;
  const running = start(folder, config);
  await running.printed('stdout', /(?:rule 5710.*\n.*){5}/);
  running.child.kill('SIGTERM');
  expect(await running.exit).toEqual([0, null]);
  const text = readFileSync(join(folder, 'alerts.json'), 'utf8');
  const times = [...text.matchAll(/"timeUnixNano":"(\d+)"/g)].map((match) => match[1]);
  const uids = [...text.matchAll(/"log.record.uid","value":\{"stringValue":"([^"]+)"/g)].map((match) => match[1]);
  expect([times.length, uids.length]).toEqual([5, 5]);
  // A backend such as Loki keeps one of several entries that are equal in stream, time and line.
  expect([new Set(times).size, new Set(uids).size]).toEqual([5, 5]);
});

it('offers metrics to Prometheus where it is told to', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  const reader = `, metrics: { readers: [ { pull: { exporter: { prometheus: { host: 127.0.0.1, port: ${port} } } } } ] }`;
  const folder = createFolder();
  const running = start(folder, CONFIG('echo x', reader));
  await running.printed('stderr', /"running"/);
  let text = '';
  while (!/otelcol_receiver_accepted_log_records_total\{[^}]*receiver="command"/.test(text)) {
    text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  }
  for (const name of [
    'otelcol_process_memory_rss',
    'otelcol_process_cpu_seconds_total',
    'otelcol_process_uptime_total',
    'otelcol_process_runtime_heap_alloc_bytes',
    'otelcol_process_runtime_total_sys_memory_bytes',
    'hids_process_event_loop_utilization',
    'hids_rule_matches_total\\{[^}]*rule="530"',
    'hids_rule_evaluation_time_(seconds_)?total\\{',
  ]) {
    expect(text).toMatch(new RegExp(`^${name}`, 'm'));
  }
  const taken = start(createFolder(), CONFIG('echo x', reader));
  expect(await taken.exit).toEqual([1, null]);
  expect(taken.stderr()).toContain(`service.telemetry.metrics: cannot listen on 127.0.0.1:${port}`);
});

it.each([
  [
    'a wrong configuration',
    CONFIG('w').replace('command: {', 'comand: {'),
    /error\[unknown-component\]: receivers\.comand/,
  ],
  [
    'a component that cannot start',
    CONFIG('w').replace('alias:', 'user: no-such-user-here, alias:'),
    /there is no user "no-such-user-here"/,
  ],
])('exits 1 for %s', async (_name, config, expected) => {
  const running = start(createFolder(), config);
  expect(await running.exit).toEqual([1, null]);
  expect(running.stderr()).toMatch(expected);
});

it('says in one line what keeps it from running', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  cleanups.push(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const folder = createFolder();
  const config = `receivers: { otlp: { protocols: { http: { endpoint: "127.0.0.1:${port}" } } } }
processors: { ruleset: }
exporters: { debug: }
service: { telemetry: { logs: { level: error } }, pipelines: { logs: { receivers: [otlp], processors: [ruleset], exporters: [debug] } } }
`;
  const running = start(folder, config);
  expect(await running.exit).toEqual([1, null]);
  expect(running.stderr()).toBe(
    `otel-hids run: receiver "otlp" did not start: listen EADDRINUSE: address already in use 127.0.0.1:${port}\n`,
  );
});

it('tells the rules that it was started with another configuration, and what of it is another one', async () => {
  const folder = createFolder();
  const run = async (config: string, printed: RegExp) => {
    const running = start(folder, config);
    await running.printed('stdout', printed);
    running.child.kill('SIGTERM');
    expect(await running.exit).toEqual([0, null]);
    return running.stdout();
  };
  // Each start has an alert, as the output changes.
  const first = CONFIG('date +%s%N');
  await run(first, /level/);
  expect(await run(first, /level/)).not.toContain('configuration changed');
  const text = await run(first.replace('date', 'true; date'), /rule 199066/);
  expect(text).toMatch(/configuration changed: subject='.*config\.yaml' parts=1 changed=receivers\.command/);
});
