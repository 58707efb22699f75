import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { ROOT, temporaryFolder } from '../../support/hids.ts';
import { freePorts, type RunningProcess, startProcess, waitFor } from '../../support/process.ts';

/** Folder of a peer's binaries; builds them when they are not kept from an earlier run. */
function buildPeer(peer: 'collector' | 'loki'): string {
  return execFileSync(join(ROOT, 'test/real/peers/build.sh'), [peer], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trim();
}

/** The real Collector with this configuration; `health` is its health check port, added here. */
export async function startCollector(config: Record<string, unknown>): Promise<RunningProcess & { health: string }> {
  const folder = temporaryFolder('collector');
  const [healthPort] = await freePorts(1);
  const health = `http://127.0.0.1:${healthPort}/`;
  const service = config.service as Record<string, unknown>;
  const extensions = (config.extensions ?? {}) as Record<string, unknown>;
  const complete = {
    ...config,
    extensions: { ...extensions, health_check: { endpoint: `127.0.0.1:${healthPort}` } },
    service: {
      telemetry: { metrics: { level: 'none' }, logs: { level: 'info' } },
      ...service,
      extensions: [...Object.keys(extensions), 'health_check'],
    },
  };
  const file = join(folder, 'collector.yaml');
  writeFileSync(file, stringify(complete));
  const process = startProcess(join(buildPeer('collector'), 'otelcol'), ['--config', file], { cwd: folder });
  await waitFor('the Collector is ready', async () => (await fetch(health)).ok || undefined, { process });
  return { ...process, health };
}

export interface LokiEntry {
  /** Stream labels and structured metadata together, as LogQL shows them. */
  labels: Record<string, string>;
  timeUnixNano: bigint;
  line: string;
}

export interface Loki extends RunningProcess {
  /** Base for OTLP exporters: `<url>/v1/logs`. */
  otlp: string;
  query(logql: string, limit?: number): Promise<LokiEntry[]>;
}

/** A single-binary Loki on loopback that keeps its data in a folder of its own; `limits` goes into `limits_config`. */
export async function startLoki(limits: Record<string, unknown> = {}): Promise<Loki> {
  const folder = temporaryFolder('loki');
  mkdirSync(join(folder, 'rules'));
  const [http, grpc] = await freePorts(2);
  const config = {
    auth_enabled: false,
    analytics: { reporting_enabled: false },
    server: {
      http_listen_address: '127.0.0.1',
      http_listen_port: http,
      grpc_listen_address: '127.0.0.1',
      grpc_listen_port: grpc,
      log_level: 'warn',
    },
    common: {
      path_prefix: folder,
      replication_factor: 1,
      instance_addr: '127.0.0.1',
      ring: { kvstore: { store: 'inmemory' }, instance_addr: '127.0.0.1' },
      storage: { filesystem: { chunks_directory: join(folder, 'chunks'), rules_directory: join(folder, 'rules') } },
    },
    ingester: { lifecycler: { min_ready_duration: '0s', address: '127.0.0.1' } },
    frontend: { address: '127.0.0.1' },
    schema_config: {
      configs: [
        {
          from: '2024-01-01',
          store: 'tsdb',
          object_store: 'filesystem',
          schema: 'v13',
          index: { prefix: 'index_', period: '24h' },
        },
      ],
    },
    limits_config: { allow_structured_metadata: true, volume_enabled: true, ...limits },
  };
  const file = join(folder, 'loki.yaml');
  writeFileSync(file, stringify(config));
  const process = startProcess(join(buildPeer('loki'), 'loki'), [`-config.file=${file}`], { cwd: folder });
  const url = `http://127.0.0.1:${http}`;
  await waitFor('Loki is ready', async () => (await fetch(`${url}/ready`)).ok || undefined, { process });
  return { ...process, otlp: `${url}/otlp`, query: (logql, limit = 1000) => queryLoki(url, logql, limit) };
}

async function queryLoki(url: string, logql: string, limit: number): Promise<LokiEntry[]> {
  const now = BigInt(Date.now()) * 1_000_000n;
  const day = 86_400_000_000_000n;
  const search = new URLSearchParams({
    query: logql,
    limit: String(limit),
    start: String(now - 6n * day),
    end: String(now + 3_600_000_000_000n),
  });
  const response = await fetch(`${url}/loki/api/v1/query_range?${search}`);
  if (!response.ok) throw new Error(`Loki answers ${response.status}: ${await response.text()}`);
  const answer = (await response.json()) as {
    data: { result: { stream: Record<string, string>; values: [string, string][] }[] };
  };
  return answer.data.result.flatMap(({ stream, values }) =>
    values.map(([time, line]) => ({ labels: stream, timeUnixNano: BigInt(time), line })),
  );
}
