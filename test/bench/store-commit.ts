/**
 * Commits per second of the embedded store, with as many callers at once as given, and transactions (each of them one
 * sync to disk) per second; beside it the rejected way, a transaction for each commit on the calling thread.
 * Run with `node test/bench/store-commit.ts [--json] [FOLDER]`: the folder decides which disk is measured.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { metrics } from '@opentelemetry/api';
import { systemClock } from '../../src/component/clock.ts';
import type { Change } from '../../src/component/state-store.ts';
import { openDatabase } from '../../src/storage/sqlite/database.ts';
import { SqliteStateStore } from '../../src/storage/sqlite/store.ts';
import { Writer } from '../../src/storage/sqlite/writer.ts';

const { values, positionals } = parseArgs({ options: { json: { type: 'boolean' } }, allowPositionals: true });
const SECONDS = 1.5;
const dir = mkdtempSync(join(positionals[0] ?? tmpdir(), 'otel-hids-bench-'));
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const payload = Buffer.alloc(500, 'alert ');
let files = 0;

interface Row {
  what: string;
  commitsPerSecond: number;
  rowsPerSecond: number;
  transactionsPerSecond: number;
  /** Longest time that the calling thread was held up. */
  longestPauseMs: number;
}

/** One batch's share: state of a rule, the receiver's offset, a queued alert, one sent alert out of the queue. */
function createCommit(number: number, rows: number): Change[] {
  const changes: Change[] = [];
  for (let row = 0; row < rows; row += 4) {
    changes.push(
      { op: 'put', namespace: 'state', key: `rule ${(number + row) % 5000}`, value: payload.subarray(0, 100) },
      { op: 'put', namespace: 'offset', key: `file ${number % 50}`, value: payload.subarray(0, 20) },
      { op: 'enqueue', queue: 'otlp_http', payload },
      { op: 'dequeue', queue: 'otlp_http', ids: [number + row - 100] },
    );
  }
  return changes.slice(0, rows);
}

async function measureStore(callers: number, rows: number): Promise<Row> {
  const store = openStore();
  await store.commit(createCommit(0, rows));
  const transactions = store.transactions;
  const pauses = monitorEventLoopDelay({ resolution: 1 });
  pauses.enable();
  const start = performance.now();
  const end = start + SECONDS * 1000;
  let commits = 0;
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (performance.now() < end) await store.commit(createCommit(commits++, rows));
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  pauses.disable();
  const written = store.transactions - transactions;
  await store.close();
  return {
    what: `${callers} callers, ${rows} rows a commit`,
    commitsPerSecond: commits / seconds,
    rowsPerSecond: (commits * rows) / seconds,
    transactionsPerSecond: written / seconds,
    longestPauseMs: pauses.max / 1e6,
  };
}

/** A transaction for each commit, on the calling thread. */
function measureDirect(rows: number): Row {
  const db = openDatabase(join(dir, `${files++}.db`));
  const writer = new Writer(db);
  const start = performance.now();
  let commits = 0;
  let longest = 0;
  for (let now = start; now < start + SECONDS * 1000; ) {
    const [error] = writer.apply([createCommit(commits++, rows)]);
    if (error) throw error;
    const after = performance.now();
    longest = Math.max(longest, after - now);
    now = after;
  }
  const seconds = (performance.now() - start) / 1000;
  db.close();
  return {
    what: `no thread, no group, ${rows} rows a commit`,
    commitsPerSecond: commits / seconds,
    rowsPerSecond: (commits * rows) / seconds,
    transactionsPerSecond: commits / seconds,
    longestPauseMs: longest,
  };
}

async function measureReads(): Promise<number> {
  const store = openStore();
  await store.commit(
    Array.from({ length: 5000 }, (_, key) => ({ op: 'put', namespace: 'n', key: `k${key}`, value: payload }) as const),
  );
  const count = 200_000;
  const start = performance.now();
  for (let index = 0; index < count; index++) store.get('n', `k${index % 5000}`);
  const perSecond = count / ((performance.now() - start) / 1000);
  await store.close();
  return perSecond;
}

function openStore(): SqliteStateStore {
  const options = { logger: silent, meter: metrics.getMeter('bench'), clock: systemClock };
  return new SqliteStateStore(join(dir, `${files++}.db`), options);
}

try {
  const rows: Row[] = [];
  for (const [callers, size] of [
    [1, 4],
    [10, 4],
    [100, 4],
    [1000, 4],
    [1, 1000],
    [4, 1000],
  ]) {
    rows.push(await measureStore(callers, size));
  }
  rows.push(measureDirect(4), measureDirect(1000));
  const readsPerSecond = await measureReads();
  if (values.json) console.log(JSON.stringify({ rows, readsPerSecond }));
  else {
    console.log('| | commits/s | rows/s | transactions (syncs)/s | longest pause ms |\n|---|---|---|---|---|');
    for (const row of rows) {
      const { what, commitsPerSecond, rowsPerSecond, transactionsPerSecond, longestPauseMs } = row;
      const numbers = [commitsPerSecond, rowsPerSecond, transactionsPerSecond].map((value) => Math.round(value));
      console.log(`| ${what} | ${numbers.join(' | ')} | ${longestPauseMs.toFixed(1)} |`);
    }
    console.log(`\nreads of 500 bytes: ${Math.round(readsPerSecond)}/s`);
  }
} finally {
  rmSync(dir, { recursive: true });
}
