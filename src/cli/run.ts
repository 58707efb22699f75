import { resolve } from 'node:path';
import { systemClock } from '../component/clock.ts';
import { printableLine } from '../pdata/printable.ts';
import { redactUrl } from '../pdata/redact.ts';
import { buildPipelines } from '../pipeline/pipelines.ts';
import type { RunOptions } from './commands/run.ts';
import { runsCommands } from './components.ts';
import { findDataDir } from './data-dir.ts';
import { digestConfig } from './digest-config.ts';
import { createEnvironment } from './environment.ts';
import { isExpected } from './expected.ts';
import { watchHeap } from './heap-watch.ts';
import { type CliIo, type ExitCode, write } from './io.ts';
import { loadConfigOf, printDiagnostics } from './load-config.ts';
import { createLogger } from './logger.ts';
import { type Metrics, startMetrics } from './metrics.ts';
import { reloadAll, trackProcessors } from './reload.ts';
import { watchSignals } from './signals.ts';

/** Runs the pipelines of a configuration until a signal ends them. */
export async function run(options: RunOptions, io: CliIo): Promise<ExitCode> {
  const loaded = loadConfigOf(options, io.env);
  const { config } = loaded;
  await printDiagnostics(io, loaded);
  if (config === undefined) {
    if (options.config.length === 0)
      await write(io.stderr, 'otel-hids run: no configuration; name it with --config FILE\n');
    return 1;
  }
  const { telemetry } = config.service;
  const logger = createLogger(telemetry.logs, io.stderr);
  const signals = watchSignals(process, {
    reload: () => void reloadAll(tracked.processors, logger),
    abort: (signal) => {
      logger.error({ signal }, 'second signal: ending at once');
      process.exit(1);
    },
  });
  const tracked = trackProcessors(config);
  // State is safe at every moment, so the next start goes on where this one ends.
  const onFault = (error: unknown) => {
    logger.error({ error }, 'unexpected fault; ending');
    process.exit(1);
  };
  process.on('uncaughtException', onFault);
  process.on('unhandledRejection', onFault);
  let metrics: Metrics | undefined;
  let endHeapWatch: (() => void) | undefined;
  try {
    metrics = await startMetrics(telemetry.metrics);
    for (const endpoint of metrics.endpoints) logger.info({ endpoint }, 'metrics can be fetched');
    const dataDir = findDataDir(options.dataDir, io.env);
    const refuseWritable = runsCommands(config) && !options.allowWritableConfig;
    const environment = createEnvironment({
      logger,
      meter: metrics.meter,
      baseDir: config.baseDir,
      dataDir,
      refuseWritable,
      configuration: { parts: digestConfig(loaded.merged), files: options.config.map((file) => resolve(file)) },
    });
    const pipelines = buildPipelines(tracked.spec, environment);
    // A signal during the start ends it as soon as what is being started allows.
    const stopped = signals.end.then(async (signal) => {
      logger.info({ signal }, 'draining');
      await pipelines.shutdown(options.shutdownTimeout);
    });
    await pipelines.start();
    logger.info({ pipelines: Object.keys(config.service.pipelines), dataDir }, 'running');
    endHeapWatch = watchHeap(systemClock);
    await stopped;
    logger.info({}, 'stopped');
    return 0;
  } catch (error) {
    if (isExpected(error)) await write(io.stderr, `otel-hids run: ${redactUrl(printableLine(error.message))}\n`);
    else logger.error({ error }, 'cannot run');
    return 1;
  } finally {
    endHeapWatch?.();
    await metrics?.shutdown();
    signals.close();
    process.off('uncaughtException', onFault);
    process.off('unhandledRejection', onFault);
  }
}
