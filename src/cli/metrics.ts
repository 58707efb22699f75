import { createNoopMeter, type Meter } from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { ConfigError } from '../component/errors.ts';
import type { TelemetryConfig } from '../confmap/service.ts';

export interface Metrics {
  readonly meter: Meter;
  /** Addresses at which Prometheus finds the metrics. */
  readonly endpoints: readonly string[];
  shutdown(): Promise<void>;
}

/**
 * A meter, and a Prometheus endpoint for each reader of the configuration: none unless asked for.
 * @throws ConfigError when an address cannot be listened on
 */
export async function startMetrics(config: TelemetryConfig['metrics']): Promise<Metrics> {
  if (config.level === 'none' || config.readers.length === 0) {
    return { meter: createNoopMeter(), endpoints: [], shutdown: async () => {} };
  }
  const exporters: PrometheusExporter[] = [];
  const endpoints: string[] = [];
  for (const { pull } of config.readers) {
    const { host, port } = pull.exporter.prometheus;
    const exporter = new PrometheusExporter({ host, port, preventServerStart: true });
    try {
      await exporter.startServer();
    } catch (error) {
      await Promise.allSettled(exporters.map((started) => started.stopServer()));
      throw new ConfigError(
        `service.telemetry.metrics: cannot listen on ${host}:${port}: ${(error as Error).message}`,
        {
          cause: error,
        },
      );
    }
    exporters.push(exporter);
    endpoints.push(`http://${host}:${port}/metrics`);
  }
  const provider = new MeterProvider({ readers: exporters });
  const meter = provider.getMeter('otel-hids');
  observeProcess(meter);
  return { meter, endpoints, shutdown: () => provider.shutdown() };
}

/** The Collector's own names for what the process itself uses. */
function observeProcess(meter: Meter): void {
  meter
    .createObservableCounter('otelcol_process_cpu_seconds', { unit: 's' })
    .addCallback((result) => result.observe((process.cpuUsage().user + process.cpuUsage().system) / 1e6));
  meter
    .createObservableGauge('otelcol_process_memory_rss', { unit: 'By' })
    .addCallback((result) => result.observe(process.memoryUsage.rss()));
  meter
    .createObservableCounter('otelcol_process_uptime', { unit: 's' })
    .addCallback((result) => result.observe(process.uptime()));
}
