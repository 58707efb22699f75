/**
 * Speed of reading files and of joining audit records, in lines and records per CPU second (user and system, all
 * threads) of this process: `node test/bench/tail.ts`. Prints one JSON object a line; medians of several runs.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { metrics } from '@opentelemetry/api';
import { systemClock } from '../../src/component/clock.ts';
import type { Intake, Receiver } from '../../src/component/component.ts';
import type { Host, Settings } from '../../src/component/host.ts';
import { countRecords } from '../../src/pdata/logs.ts';
import { auditLogSchema } from '../../src/receiver/audit_log/config.ts';
import { Reassembler } from '../../src/receiver/audit_log/reassemble.ts';
import { createAuditLogReceiver } from '../../src/receiver/audit_log/receiver.ts';
import { fileLogSchema } from '../../src/receiver/file_log/config.ts';
import { createFileLogReceiver } from '../../src/receiver/file_log/receiver.ts';
import { MemoryStateStore } from '../../src/storage/memory-store.ts';
import { createTestHost } from '../support/settings.ts';

const RUNS = Number(process.env.RUNS ?? 5);
const LINES = Number(process.env.LINES ?? 500_000);

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const settings: Settings = {
  id: 'bench',
  logger: silent,
  meter: metrics.getMeter('bench'),
  clock: systemClock,
  localHost: { name: 'bench', id: 'bench' },
  baseDir: tmpdir(),
};

const SSHD = 'Dec 10 01:02:02 host sshd[1066]: Failed password for invalid user admin from 192.168.10.11 port 50';
const JSON_LINE = `{"time":"2026-01-01T00:00:00Z","message":"${'x'.repeat(800)}","user":"`;

/** Records of events as current kernels and auditd write them: five records, 220 bytes each. */
function auditRecords(count: number): string[] {
  const rest = `arch=c000003e syscall=59 success=yes exit=0 ${'a0=7ffedc40d83b '.repeat(8)} comm="ls" exe="/usr/bin/ls"`;
  const types = ['SYSCALL', 'EXECVE', 'CWD', 'PATH', 'PROCTITLE'];
  const records: string[] = [];
  for (let i = 0; i < count; i++) {
    const serial = Math.floor(i / types.length);
    const time = 1_700_000_000 + Math.floor(serial / 1000);
    records.push(`type=${types[i % types.length]} msg=audit(${time}.123:${serial}): ${rest}`);
  }
  return records;
}

/** Records of three events at a time are mixed. */
function interleave(records: readonly string[]): string[] {
  const mixed: string[] = [];
  for (let from = 0; from < records.length; from += 15) {
    for (let k = 0; k < 5; k++) for (let e = 0; e < 3; e++) mixed.push(records[from + e * 5 + k]);
  }
  return mixed.filter((text) => text !== undefined);
}

async function readAll(create: (next: Intake) => Receiver, expected: number): Promise<void> {
  let seen = 0;
  let finish: () => void = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const store = new MemoryStateStore();
  const receiver = create({
    async consume(batch, progress = []) {
      await store.commit(progress);
      seen += countRecords(batch);
      if (seen >= expected) finish();
    },
  });
  const host: Host = createTestHost({ store });
  await receiver.start(host);
  await finished;
  await receiver.shutdown();
}

async function measure(name: string, items: number, unit: string, run: () => void | Promise<void>): Promise<void> {
  const rates: number[] = [];
  for (let i = 0; i <= RUNS; i++) {
    const before = process.cpuUsage();
    await run();
    const used = process.cpuUsage(before);
    if (i > 0) rates.push(items / ((used.user + used.system) / 1e6));
  }
  rates.sort((a, b) => a - b);
  const round = (value: number) => Math.round(value / 1000) * 1000;
  const [median, min, max] = [rates[rates.length >> 1], rates[0], rates[rates.length - 1]].map(round);
  console.log(JSON.stringify({ name, unit: `${unit}/CPU-s`, median, min, max, items, runs: RUNS }));
}

const folder = mkdtempSync(join(tmpdir(), 'otel-hids-bench-'));
try {
  for (const [name, line] of [
    ['sshd, 105 B', SSHD],
    ['JSON, 885 B', JSON_LINE],
    ['not ASCII, 115 B', `${SSHD} für Jürgen `],
  ]) {
    const path = join(folder, 'app.log');
    const count = line.length > 500 ? LINES / 5 : LINES;
    writeFileSync(path, Array.from({ length: count }, (_, i) => `${line}${i}\n`).join(''));
    const config = fileLogSchema.parse({ include: [path], start_at: 'beginning' });
    await measure(`file_log, ${name}`, count, 'lines', () =>
      readAll((next) => createFileLogReceiver(settings, config, next), count),
    );
    rmSync(path);
  }
  const records = auditRecords(LINES);
  for (const [name, list] of [
    ['in order', records],
    ['three events mixed', interleave(records)],
  ] as const) {
    const path = join(folder, 'audit.log');
    writeFileSync(path, `${list.join('\n')}\n`);
    const config = auditLogSchema.parse({ include: [path], start_at: 'beginning' });
    // The newest events are still open when the rest has come out.
    const events = LINES / 5 - 300;
    await measure(`audit_log, ${name}, 220 B`, LINES, 'records', () =>
      readAll((next) => createAuditLogReceiver(settings, config, next), events),
    );
    rmSync(path);
    const place = { source: undefined, generation: 0, start: 0, end: 0 };
    await measure(`grouping alone, ${name}`, LINES, 'records', () => {
      const reassembler = new Reassembler<undefined>({
        clock: systemClock,
        linger: 2000,
        maxOpenEvents: 1024,
        maxOpenBytes: 16 * 1024 * 1024,
        emit() {},
        count() {},
        gap() {},
      });
      for (const text of list) reassembler.push(text, text.length, false, place);
    });
  }
  const idle = Array.from({ length: 1000 }, (_, i) => join(folder, `idle-${i}.log`));
  for (const path of idle) writeFileSync(path, 'line\n');
  const config = fileLogSchema.parse({ include: [join(folder, 'idle-*.log')], poll_interval: '200ms' });
  const store = new MemoryStateStore();
  const receiver = createFileLogReceiver(settings, config, {
    consume: (_batch, progress = []) => store.commit(progress),
  });
  await receiver.start(createTestHost({ store }));
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const before = process.cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, 4000));
  const used = process.cpuUsage(before);
  const percent = Math.round((used.user + used.system) / 4e6 / 1e-4) / 100;
  console.log(JSON.stringify({ name: '1000 idle files, polled every 200 ms', unit: '% of a CPU', median: percent }));
  await receiver.shutdown();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
