import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createRandom } from '../support/random.ts';
import { COMMANDS, LINE_SOURCES } from './load.ts';
import { formatRules, writeDecoders, writeRules } from './ruleset.ts';

/** Where one run takes place: folders, ports and the configuration. */
export interface Stage {
  readonly folder: string;
  /** A file system of its own where disks are filled. */
  readonly dataDir: string;
  readonly logs: string;
  readonly outputs: string;
  readonly rules: string;
  readonly configFile: string;
  readonly httpPort: number;
  readonly grpcPort: number;
}

export interface StageOptions {
  seed: number;
  folder: string;
  backendPort: number;
  httpPort: number;
  grpcPort: number;
  /** Settings of a `keyv_storage` extension; the data directory's SQLite file where absent. */
  storage?: Readonly<Record<string, unknown>>;
}

/** Written below the folder: rules, decoders and a configuration whose bounds are the seed's. */
export function createStage({ seed, folder, backendPort, httpPort, grpcPort, storage }: StageOptions): Stage {
  const stage: Stage = {
    folder,
    dataDir: join(folder, 'data'),
    logs: join(folder, 'logs'),
    outputs: join(folder, 'outputs'),
    rules: join(folder, 'rules'),
    configFile: join(folder, 'config.yaml'),
    httpPort,
    grpcPort,
  };
  for (const dir of [stage.dataDir, stage.logs, stage.outputs]) mkdirSync(dir, { recursive: true, mode: 0o700 });
  writeDecoders(join(folder, 'decoders'), LINE_SOURCES);
  writeEdition(stage, 0);
  writeFileSync(stage.configFile, JSON.stringify(createConfig(seed, stage, backendPort, storage), undefined, 2));
  return stage;
}

export function writeEdition(stage: Stage, edition: number): void {
  writeRules(stage.rules, formatRules({ lineSources: LINE_SOURCES, commands: commandPlaces(), edition }));
}

export function commandPlaces(): { alias: string; index: number }[] {
  return COMMANDS.map((alias, index) => ({ alias, index: LINE_SOURCES.length + index }));
}

export function outputFile(stage: Stage, alias: string): string {
  return join(stage.outputs, alias);
}

/** JSON is YAML too. */
function createConfig(seed: number, stage: Stage, backendPort: number, storage: StageOptions['storage']): unknown {
  const random = createRandom(seed * 17 + 3);
  const block = random.pick([true, false]);
  const retry = { initial_interval: '50ms', max_interval: '300ms' };
  const tail = (name: string) => ({
    include: [join(stage.logs, `${name}.log*`)],
    start_at: 'beginning',
    poll_interval: '40ms',
    fingerprint_size: 64,
    rotate_wait: '300ms',
    max_batch_size: random.pick([1, 7, 1000]),
    retry_on_failure: retry,
  });
  const audit = { ...tail('audit'), linger: '1m' };
  const command = (alias: string, words: string | string[]) => ({
    command: words,
    alias,
    interval: '350ms',
    jitter: '10ms',
    timeout: '5s',
  });
  const [list, shell] = COMMANDS;
  return {
    ...(storage && { extensions: { keyv_storage: storage } }),
    receivers: {
      otlp: {
        protocols: {
          http: { endpoint: `127.0.0.1:${stage.httpPort}` },
          grpc: { endpoint: `127.0.0.1:${stage.grpcPort}` },
        },
        shutdown_timeout: '3s',
      },
      'file_log/rename': tail('rename'),
      'file_log/truncate': tail('truncate'),
      audit_log: audit,
      [`command/${list}`]: command(list, ['/bin/cat', outputFile(stage, list)]),
      [`command/${shell}`]: command(shell, `cat ${outputFile(stage, shell)} | sort`),
    },
    processors: {
      ruleset: {
        starter: true,
        decoders: ['./decoders'],
        rules: ['./rules'],
        alert_level: 2,
        // Other numbers than those above, so that a seed goes on meaning what it meant.
        workers: createRandom(seed * 19 + 5).pick([1, 1, 2]),
      },
    },
    exporters: {
      otlp_http: {
        endpoint: `http://127.0.0.1:${backendPort}`,
        timeout: '1s',
        compression: random.pick(['gzip', 'none']),
        request: { max_records: random.pick([3, 20, 1000]) },
        sending_queue: {
          // What is refused comes again after seconds, what is held back at once: so this may overflow more often.
          queue_size: random.pick(block ? [3, 20, 1000] : [100, 1000]),
          num_consumers: random.pick([1, 1, 3]),
          block_on_overflow: block,
          drain_timeout: '2s',
        },
        retry_on_failure: retry,
      },
    },
    service: {
      ...(storage && { extensions: ['keyv_storage'] }),
      pipelines: {
        logs: {
          receivers: [
            'otlp',
            'file_log/rename',
            'file_log/truncate',
            'audit_log',
            `command/${list}`,
            `command/${shell}`,
          ],
          processors: ['ruleset'],
          exporters: ['otlp_http'],
        },
      },
    },
  };
}

/** Ports below those that the system gives to outgoing connections: nobody takes them while the program is away. */
export async function takePorts(seed: number, count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let port = 18_000 + ((process.pid * 97 + seed * 13) % 12_000); ports.length < count; port++) {
    if (port > 31_000) port = 18_000;
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
