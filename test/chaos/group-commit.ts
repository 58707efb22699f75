/**
 * How many syncs to disk an acknowledged request takes, with so many senders at once: each sends its next request when the
 * one before was acknowledged, and every line of it leads to an alert that is queued, delivered and removed. Counted are
 * the program's own calls of fsync and fdatasync, all of them.
 * Run with `node test/chaos/group-commit.ts [--report FILE] [FOLDER]`: the folder decides which disk is used.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { FakeBackend } from './backend.ts';
import { whyNoIoFaults } from './io-fault.ts';
import { Program, pause } from './program.ts';
import { table, writeReport } from './report.ts';
import { createHttpSend } from './sources/http.ts';
import { createRequest } from './sources/sender.ts';
import { createStage, takePorts } from './stage.ts';

const SENDERS = [1, 4, 16, 64];
const REQUESTS = 640;
const LINES = 10;
const WARM_UP = 64;
const SEED = 1;
const DELIVERED_WITHIN_MS = 60_000;

const { values, positionals } = parseArgs({ options: { report: { type: 'string' } }, allowPositionals: true });

const reason = whyNoIoFaults();
if (reason === undefined) await main();
else console.log(`syncs cannot be counted: ${reason}`);

async function main(): Promise<void> {
  const folder = mkdtempSync(join(positionals[0] ?? tmpdir(), 'otel-hids-syncs-'));
  const rows: string[][] = [];
  try {
    for (const senders of SENDERS) rows.push(await measure(senders, join(folder, String(senders))));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const head = ['senders at once', 'acknowledged requests', 'alerts', 'syncs', 'syncs per request'];
  const report = table(head, rows);
  console.log(report);
  if (values.report !== undefined) writeReport(values.report, 'group-commit', report);
}

async function measure(senders: number, folder: string): Promise<string[]> {
  mkdirSync(folder);
  const backend = new FakeBackend();
  const [httpPort, grpcPort] = await takePorts(SEED, 2);
  const backendPort = await backend.listen();
  const stage = createStage({ seed: SEED, folder, backendPort, httpPort, grpcPort });
  leaveOtlpOnly(stage.configFile);
  const program = new Program(stage, 'src/cli/main.ts');
  let time = 1_790_000_000_000_000_000n;
  let number = 0;
  const send = async (count: number) => {
    let left = count;
    const work = async () => {
      const client = createHttpSend(stage.httpPort);
      for (; left-- > 0; ) {
        const lines = Array.from({ length: LINES }, () => ({ text: `chaos-http seq=${++number} plain` }));
        const outcome = await client.send(createRequest('host-http', lines, time++));
        if (outcome.kind !== 'taken') throw new Error(`not acknowledged: ${outcome.why}`);
      }
      client.close();
    };
    await Promise.all(Array.from({ length: senders }, work));
    const end = Date.now() + DELIVERED_WITHIN_MS;
    while (backend.lines.size < number && Date.now() < end) await pause(20);
    if (backend.lines.size < number) throw new Error(`${backend.lines.size} of ${number} lines arrived`);
  };
  try {
    await program.start();
    await send(WARM_UP);
    const before = program.io.syncs;
    await send(REQUESTS);
    const syncs = program.io.syncs - before;
    await program.terminate();
    const cells = [senders, REQUESTS, REQUESTS * LINES, syncs].map((value) => value.toLocaleString('en-US'));
    return [...cells, (syncs / REQUESTS).toFixed(2)];
  } finally {
    await program.kill();
    await backend.close();
  }
}

/** Nothing else may write meanwhile, and no queue be full. */
function leaveOtlpOnly(path: string): void {
  const config = JSON.parse(readFileSync(path, 'utf8'));
  config.receivers = { otlp: config.receivers.otlp };
  config.service.pipelines.logs.receivers = ['otlp'];
  delete config.exporters.otlp_http.sending_queue;
  delete config.exporters.otlp_http.request;
  writeFileSync(path, JSON.stringify(config));
}
