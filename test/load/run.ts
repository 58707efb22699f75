import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HAS_STOCK, wazuhOptions } from '../bench/engine/rulesets.ts';
import { startHids, temporaryFolder } from '../support/hids.ts';
import { freePorts, waitFor } from '../support/process.ts';
import { LoadBackend } from './backend.ts';
import { EventSource } from './events.ts';
import { cpuSeconds, MemoryWatch } from './memory.ts';
import type { LoadResult } from './report.ts';
import { LoadSender } from './sender.ts';

export interface LoadOptions {
  readonly events: number;
  readonly hosts: number;
  /** Events between two looks at the memory. */
  readonly part: number;
  /** More of the configuration, as `--set` takes it. */
  readonly set?: Readonly<Record<string, string>>;
  onPart?(done: number, rss: number): void;
}

/** As the unit for systemd starts the program (config/systemd). */
export const UNIT_ENVIRONMENT = {
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: '196608',
  MALLOC_TRIM_THRESHOLD_: '1048576',
};

/** Feeds the real program over OTLP as fast as it takes events, and watches its memory. */
export async function runLoad({ events, hosts, part, set, onPart }: LoadOptions): Promise<LoadResult> {
  const folder = temporaryFolder('load');
  const dataDir = join(folder, 'data');
  mkdirSync(dataDir, { mode: 0o700 });
  const backend = new LoadBackend();
  const [port, metricsPort] = await freePorts(2);
  const configFile = join(folder, 'config.yaml');
  writeFileSync(configFile, configOf(port!, metricsPort!, await backend.listen()), { mode: 0o600 });
  const hids = await startHids(configFile, { dataDir, env: UNIT_ENVIRONMENT, ...(set && { set }) });
  const { pid } = hids.child;
  if (pid === undefined) throw new Error('the program did not start');
  const memory = new MemoryWatch(pid);
  const source = new EventSource(events, hosts);
  const sender = new LoadSender(source, port!);
  const readMetrics = async () => (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  try {
    const rss: number[] = [];
    const started = performance.now();
    for (let done = part; done <= events; done += part) {
      await sender.sendUntil(done);
      rss.push(memory.take());
      onPart?.(done, rss.at(-1)!);
    }
    const seconds = (performance.now() - started) / 1000;
    await waitFor(
      'all alerts are delivered',
      async () => sumOf(await readMetrics(), 'otelcol_exporter_queue_size') === 0 || undefined,
      { process: hids },
    );
    const text = await readMetrics();
    const accepted = sumOf(
      text,
      'otelcol_receiver_accepted_log_records_total',
      'otelcol_receiver_accepted_log_records',
    );
    if (accepted < sender.accepted) throw new Error(`${sender.accepted} events were acknowledged, ${accepted} counted`);
    return {
      events: sender.accepted,
      hosts: source.hosts,
      seconds,
      cpuSeconds: cpuSeconds(pid),
      ruleset: HAS_STOCK ? 'Wazuh 4.14.7, stock' : 'starter',
      rss,
      part,
      peak: memory.peak,
      alerts: sumOf(text, 'otelcol_exporter_sent_log_records_total', 'otelcol_exporter_sent_log_records'),
      resent: sender.resent,
      storeBytes: sizeOf(dataDir),
      kept: keptOf(text),
      evicted: evictedOf(text),
    };
  } finally {
    memory.stop();
    sender.close();
    await hids.stop();
    await backend.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function configOf(port: number, metricsPort: number, backendPort: number): string {
  const { wazuh_home } = wazuhOptions();
  return `
receivers:
  otlp: { protocols: { http: { endpoint: "127.0.0.1:${port}" } } }
processors:
  ruleset:
    ${wazuh_home === undefined ? 'starter: true' : `wazuh_home: ${JSON.stringify(wazuh_home)}`}
    # Full after the first million events, as all else: or the memory would grow until it is.
    memory: { first_seen: { entries: 10000 } }
exporters:
  otlp_http: { endpoint: "http://127.0.0.1:${backendPort}" }
service:
  telemetry: { metrics: { readers: [ { pull: { exporter: { prometheus: { host: 127.0.0.1, port: ${metricsPort} } } } } ] } }
  pipelines: { logs: { receivers: [ otlp ], processors: [ ruleset ], exporters: [ otlp_http ] } }
`;
}

/** The sum over all series of the first of these metrics that there is. */
function sumOf(text: string, ...names: readonly string[]): number {
  for (const name of names) {
    const found = [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)`, 'gm'))];
    if (found.length > 0) return found.reduce((sum, [, value]) => sum + Number(value), 0);
  }
  return 0;
}

function keptOf(text: string): ReadonlyMap<string, number> {
  const found = [...text.matchAll(/^hids_ruleset_state_bytes\{([^}]*)\} (\S+)/gm)];
  return new Map(found.map(([, labels, value]) => [/kind="([^"]*)"/.exec(labels!)?.[1] ?? '?', Number(value)]));
}

function evictedOf(text: string): ReadonlyMap<string, number> {
  const evicted = new Map<string, number>();
  for (const [, labels, value] of text.matchAll(/^hids_ruleset_state_evicted(?:_total)?\{([^}]*)\} (\S+)/gm)) {
    const kind = /kind="([^"]*)"/.exec(labels!)?.[1] ?? '?';
    const bound = /bound="([^"]*)"/.exec(labels!)?.[1] ?? '?';
    evicted.set(`${kind}, bound of ${bound === 'host' ? 'one host' : 'all'}`, Number(value));
  }
  return evicted;
}

function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
