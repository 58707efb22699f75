import { createNoopMeter } from '@opentelemetry/api';
import type { Extension } from '../component/component.ts';
import { ConfigError } from '../component/errors.ts';
import type { Host } from '../component/host.ts';
import type { Config } from '../confmap/config.ts';
import type { OtlpHttpConfig } from '../exporter/otlp_http/config.ts';
import { otlpHttpFactory } from '../exporter/otlp_http/factory.ts';
import { openReplayTarget, replayDeadLetters } from '../exporter/otlp_http/replay.ts';
import type { Environment } from '../pipeline/spec.ts';
import type { ReplayOptions } from './commands/replay.ts';
import { findDataDir } from './data-dir.ts';
import { createEnvironment } from './environment.ts';
import { type CliIo, type ExitCode, write } from './io.ts';
import { loadConfigOf, printDiagnostics } from './load-config.ts';
import { createLogger } from './logger.ts';

/**
 * Sends each line of a file once more. Lines that are still undelivered go to standard output as they are, so that they
 * can be kept, and why to standard error; the file itself stays.
 */
export async function replay(file: string, options: ReplayOptions, io: CliIo): Promise<ExitCode> {
  const loaded = loadConfigOf(options, io.env);
  await printDiagnostics(io, loaded);
  if (loaded.config === undefined) return 1;
  const { config } = loaded;
  const environment = createEnvironment({
    logger: createLogger({ ...config.service.telemetry.logs, encoding: 'console' }, io.stderr),
    meter: createNoopMeter(),
    baseDir: config.baseDir,
    dataDir: findDataDir(undefined, io.env),
  });
  let extension: Extension | undefined;
  try {
    const exporter = findExporter(config, options.exporter);
    const { auth } = exporter.config;
    extension = auth && (await startExtension(auth.authenticator, config, environment));
    const host = createHost(auth?.authenticator, extension);
    const target = openReplayTarget(environment.settings('exporter', exporter.id), exporter.config, host, io.env);
    const report = await replayDeadLetters(
      file,
      (batch) => target.send(batch),
      async ({ line, reason, text }) => {
        await write(io.stderr, `${file}:${line}: ${reason}\n`);
        await write(io.stdout, `${text}\n`);
      },
    ).finally(() => target.close());
    const { lines, sentRecords, failures } = report;
    await write(io.stderr, `${lines} requests: ${sentRecords} records delivered, ${failures} requests undelivered\n`);
    return failures > 0 ? 1 : 0;
  } catch (error) {
    const isExpected = error instanceof ConfigError || (error as NodeJS.ErrnoException).code !== undefined;
    if (!isExpected) throw error;
    await write(io.stderr, `otel-hids replay: ${(error as Error).message}\n`);
    return 1;
  } finally {
    await extension?.shutdown();
  }
}

function findExporter(config: Config, id: string | undefined): { id: string; config: OtlpHttpConfig } {
  const known = [...config.exporters.values()].filter(({ factory }) => factory.type === otlpHttpFactory.type);
  const ids = known.map((exporter) => exporter.id).join(', ');
  const found = id === undefined ? known[0] : known.find((exporter) => exporter.id === id);
  if (known.length === 0) throw new ConfigError('there is no otlp_http exporter in this configuration');
  if (found === undefined)
    throw new ConfigError(`there is no otlp_http exporter "${id}" in this configuration (${ids})`);
  if (id === undefined && known.length > 1) throw new ConfigError(`which one? Say --exporter with one of ${ids}`);
  return { id: found.id, config: found.config as OtlpHttpConfig };
}

async function startExtension(id: string, config: Config, environment: Environment): Promise<Extension> {
  const found = config.extensions.get(id);
  if (found === undefined) throw new ConfigError(`auth.authenticator: there is no extension "${id}"`);
  const extension = found.factory.create(environment.settings('extension', id), found.config);
  await extension.start(createHost(undefined, undefined));
  return extension;
}

function createHost(id: string | undefined, extension: Extension | undefined): Host {
  const refuse = () => {
    throw new ConfigError('a replay has no store');
  };
  return {
    store: refuse,
    openList: refuse,
    extension: (wanted) => (wanted === id ? extension : undefined),
    reportStatus: () => {},
    reportHealth: () => {},
    health: () => ({ state: 'ok', components: new Map() }),
  };
}
