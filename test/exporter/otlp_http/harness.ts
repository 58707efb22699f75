import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { z } from 'zod';
import type { Extension } from '../../../src/component/component.ts';
import type { StateStore } from '../../../src/component/state-store.ts';
import { OtlpHttpExporter } from '../../../src/exporter/otlp_http/exporter.ts';
import { otlpHttpFactory } from '../../../src/exporter/otlp_http/factory.ts';
import type { LogBatch, LogRecord } from '../../../src/pdata/logs.ts';
import { createBatch } from '../../support/batches.ts';
import { TestWorkUnit } from '../../support/consumers.ts';
import { settle } from '../../support/fake-clock.ts';
import { createTestHost, createTestSettings, type TestHost, type TestSettings } from '../../support/settings.ts';
import { createTempDir } from '../../support/temp-dir.ts';

export type ConfigInput = z.input<typeof otlpHttpFactory.schema>;

export interface DeadLetterLine {
  time: string;
  exporter: string;
  kind: string;
  reason: string;
  records: number;
  rejected: number;
  resourceLogs?: unknown;
  protobuf?: string;
}

export interface Started {
  exporter: OtlpHttpExporter;
  settings: TestSettings;
  host: TestHost;
  store: StateStore;
  deadLetterPath: string;
  /** Consumes as a pipeline does: a unit of work, then its commit. */
  consume(batch: LogBatch): Promise<void>;
  /** Lets time pass for the exporter until something holds that network or disk bring about. */
  until(condition: () => boolean, stepMs?: number): Promise<void>;
  /** Until nothing is left in the queue. */
  delivered(stepMs?: number): Promise<void>;
  deadLetters(): DeadLetterLine[];
  counted(name: string): Promise<number>;
}

export interface StartOptions {
  store?: StateStore;
  stores?: Record<string, StateStore>;
  extensions?: Record<string, Extension>;
  environment?: Record<string, string>;
  dataDir?: string;
  baseDir?: string;
}

/**
 * Starts an exporter whose clock stands still; it ends with the test. Unless the test says otherwise an attempt has no
 * timeout: tests let the clock run while real bytes travel.
 */
export async function start(config: ConfigInput, options: StartOptions = {}): Promise<Started> {
  const dataDir = options.dataDir ?? createTempDir();
  const settings = { ...createTestSettings({ id: 'otlp_http', baseDir: options.baseDir ?? dataDir }), dataDir };
  const host = createTestHost(options);
  const exporter = new OtlpHttpExporter(
    settings,
    otlpHttpFactory.schema.parse({ timeout: '0s', ...config }),
    options.environment ?? {},
  );
  await exporter.start(host);
  onTestFinished(async () => {
    // A test that fails while a server hangs must not wait for it.
    const done = exporter.shutdown();
    await until(settings, () => settings.clock.pending === 0, 1000);
    await done;
  });
  const deadLetterPath = join(dataDir, 'dead-letter', 'otlp_http.jsonl');
  const store = host.defaultStore;
  return {
    exporter,
    settings,
    host,
    store,
    deadLetterPath,
    async consume(batch) {
      const work = new TestWorkUnit();
      await exporter.consume(batch, work);
      await work.commit(store);
    },
    until: (condition, stepMs) => until(settings, condition, stepMs),
    delivered: (stepMs) => until(settings, () => store.queueSize('otlp_http').items === 0, stepMs),
    deadLetters: () => readDeadLetters(deadLetterPath),
    counted: (name) => settings.metrics.value(name, { exporter: 'otlp_http' }),
  };
}

/** Real milliseconds after which a test gives up; far more than any exchange on loopback needs. */
const PATIENCE_MS = 20_000;

async function until(settings: TestSettings, condition: () => boolean, stepMs = 0): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > end) throw new Error('what the test waits for does not happen');
    if (stepMs > 0) await settings.clock.advance(stepMs);
    else await settle();
  }
}

export function readDeadLetters(path: string): DeadLetterLine[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** Records with these texts, of one host, with a time each. */
export function logs(texts: readonly string[], fields: Partial<LogRecord> = {}, host = 'web01'): LogBatch {
  return createBatch(
    texts.map((body) => ({ body, timeUnixNano: 1_700_000_000_000_000_000n, ...fields })),
    { resource: { attributes: new Map([['service.instance.id', host]]) } },
  );
}
