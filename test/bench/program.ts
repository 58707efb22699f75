/**
 * The built program as a process of its own, with the full stock ruleset, its store on disk and the environment of
 * its unit: how long it takes to be ready, and what memory it takes while events of one host come over OTLP/HTTP as fast as
 * it takes them and alerts leave into a file. Linux.
 *
 *     npm run build && node test/bench/program.ts [--runs 9] [--events 100000] [--corpus sshd,mixed]
 *
 * `ready` is from the start of the process to listening; `main thread` is the CPU time of that thread until then, which holds
 * on a busy machine, too. Both the lowest and the median. Memory is `VmRSS` when ready and `VmHWM` after the events.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { encodeLogsRequest } from '../../src/otlp/encode.ts';
import { cpuSeconds } from '../load/memory.ts';
import { UNIT_ENVIRONMENT } from '../load/run.ts';
import { createBatch } from '../support/batches.ts';
import { ROOT, temporaryFolder } from '../support/hids.ts';
import { freePorts } from '../support/process.ts';
import { CORPORA } from './engine/corpora.ts';
import { HAS_STOCK, wazuhOptions } from './engine/rulesets.ts';

const PROGRAM = join(ROOT, 'dist/cli/main.js');
const RECORDS = 1000;
/** Requests on the way at once. */
const LANES = 4;

const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: '9' },
    events: { type: 'string', default: '100000' },
    corpus: { type: 'string', default: 'sshd,mixed' },
  },
});
if (!existsSync(PROGRAM)) throw new Error('there is no built program: npm run build');
const names = options.corpus.split(',') as (keyof typeof CORPORA)[];
const unknown = names.find((name) => !Object.hasOwn(CORPORA, name));
if (unknown !== undefined) throw new Error(`there is no corpus "${unknown}"`);
const runs = Number(options.runs);
const events = Number(options.events);
if (!(runs >= 1 && events >= RECORDS)) throw new Error(`--runs from 1, --events from ${RECORDS}`);

interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly port: number;
  readonly readyMs: number;
  readonly mainMs: number;
}

const starts: Running[] = [];
const ready: number[] = [];
for (let run = 0; run <= runs; run++) {
  const [started, resident] = await withProgram(async (running) => [running, memoryOf(running.pid, 'VmRSS')] as const);
  // The first one finds the files of the program and of the rules on the disk, the others in memory.
  if (run > 0) {
    starts.push(started);
    ready.push(resident);
  }
}
console.log(`Node ${process.version}, ${HAS_STOCK ? 'Wazuh 4.14.7, stock' : 'starter ruleset'}, ${runs} starts\n`);
console.log('| start | lowest | median |\n| --- | --: | --: |');
printRow(
  'ready, ms',
  starts.map(({ readyMs }) => readyMs),
);
printRow(
  'main thread, CPU ms',
  starts.map(({ mainMs }) => mainMs),
);
printRow('resident, MiB', ready);
console.log(`\n| ${events} lines | highest, MiB | CPU µs an event |\n| --- | --: | --: |`);
for (const name of names) {
  const lines = CORPORA[name]();
  if (!lines) throw new Error(`there are no lines of "${name}" here`);
  const [highest, cpu] = await withProgram(async ({ pid, port }) => {
    const before = cpuSeconds(pid);
    await send(lines, port);
    return [memoryOf(pid, 'VmHWM'), ((cpuSeconds(pid) - before) * 1e6) / events] as const;
  });
  console.log(`| ${name} | ${highest.toFixed(0)} | ${cpu.toFixed(1)} |`);
}

function printRow(what: string, values: readonly number[]): void {
  const sorted = values.toSorted((a, b) => a - b);
  console.log(`| ${what} | ${sorted[0]!.toFixed(0)} | ${sorted[sorted.length >> 1]!.toFixed(0)} |`);
}

/** Starts the program with an empty store, ends it when `use` is done. */
async function withProgram<T>(use: (running: Running) => Promise<T>): Promise<T> {
  const folder = temporaryFolder('bench');
  const [port] = await freePorts(1);
  const config = join(folder, 'config.yaml');
  writeFileSync(config, configOf(port!, join(folder, 'alerts.json')), { mode: 0o600 });
  const begin = performance.now();
  const args = [PROGRAM, 'run', '--config', config, '--data-dir', join(folder, 'data')];
  const env = { ...process.env, ...UNIT_ENVIRONMENT };
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  try {
    await untilReady(child);
    const readyMs = performance.now() - begin;
    const { pid } = child as { pid: number };
    const mainMs = Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'latin1').split(' ')[0]) / 1e6;
    return await use({ child, pid, port: port!, readyMs, mainMs });
  } finally {
    child.kill();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
}

function untilReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    child.stderr!.on('data', (chunk) => {
      output += chunk;
      if (output.includes('"msg":"running"')) resolve();
    });
    child.once('exit', () => reject(new Error(`the program ended: ${output}`)));
  });
}

function configOf(port: number, alerts: string): string {
  const { wazuh_home } = wazuhOptions();
  return `
receivers: { otlp: { protocols: { http: { endpoint: "127.0.0.1:${port}" } } } }
processors: { ruleset: { ${wazuh_home === undefined ? 'starter: true' : `wazuh_home: ${JSON.stringify(wazuh_home)}`} } }
exporters: { file: { path: ${JSON.stringify(alerts)} } }
service: { pipelines: { logs: { receivers: [ otlp ], processors: [ ruleset ], exporters: [ file ] } } }
`;
}

/** Kilobytes of one line of the kernel's account, in MiB. */
function memoryOf(pid: number, line: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(new RegExp(`^${line}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
}

async function send(lines: readonly string[], port: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: LANES });
  let made = 0;
  const lane = async () => {
    while (made < events) {
      // Equal requests would be known as the same one.
      const records = Array.from({ length: RECORDS }, () => ({
        body: lines[made % lines.length]!,
        timeUnixNano: BigInt(++made),
      }));
      await post(agent, port, Buffer.from(encodeLogsRequest(createBatch(records))));
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  agent.destroy();
}

/** Sends once more where there is no room for it yet. */
async function post(agent: Agent, port: number, body: Buffer): Promise<void> {
  for (;;) {
    const status = await new Promise<number>((resolve, reject) => {
      const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length };
      const target = { agent, host: '127.0.0.1', port, path: '/v1/logs', method: 'POST', headers };
      request(target, (response) => response.resume().on('end', () => resolve(response.statusCode!)))
        .on('error', reject)
        .end(body);
    });
    if (status === 200) return;
    if (status !== 429 && status !== 503) throw new Error(`a request was refused with ${status}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
