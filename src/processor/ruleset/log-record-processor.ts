import { hostname } from 'node:os';
import {
  type Logger as ApiLogger,
  type AnyValue as ApiValue,
  type HrTime,
  type LoggerProvider,
  ROOT_CONTEXT,
  trace,
} from '@opentelemetry/api';
import type { LogRecordProcessor, ReadWriteLogRecord } from '@opentelemetry/sdk-logs';
import { ConfigError } from '../../component/errors.ts';
import type { LocalHost } from '../../component/host.ts';
import { type AnyValue, type Attributes, toPlain } from '../../pdata/any-value.ts';
import { createLogRecord, type LogRecord, type ScopeLogs } from '../../pdata/logs.ts';
import { VERSION } from '../../version.ts';
import { SERVICE_NAME } from './alert/record.ts';
import { rulesetConfigSchema } from './config.ts';
import { loadContent } from './content.ts';
import { formatDiagnostic } from './diagnostics.ts';
import { EngineState } from './evaluate/state.ts';
import { stateLimitsOf } from './limits-config.ts';
import { RulesetRuntime } from './runtime.ts';

export interface RulesetLogRecordProcessorOptions {
  /** The `ruleset` block of the configuration; relative paths start at the working directory. */
  config?: Record<string, unknown>;
  /** The provider that this processor is given to: alerts leave through its exporters. Asked at the first alert. */
  loggerProvider: () => LoggerProvider;
  localHost?: LocalHost;
}

/**
 * The ruleset inside a Node service: give it to `LoggerProvider` of `@opentelemetry/sdk-logs` before the exporting
 * processors. Every record that the service emits is evaluated, alerts are emitted as records of the scope `otel-hids`.
 *
 * The SDK's `onEmit` is synchronous and acknowledges nothing, so this way has no delivery promise beyond that of the
 * provider's own processors; detection state lives in memory and ends with the process.
 */
export class RulesetLogRecordProcessor implements LogRecordProcessor {
  private readonly runtime: RulesetRuntime;
  private readonly loggerProvider: () => LoggerProvider;
  private logger: ApiLogger | undefined = undefined;
  private sequence = 0;

  private constructor(runtime: RulesetRuntime, loggerProvider: () => LoggerProvider) {
    this.runtime = runtime;
    this.loggerProvider = loggerProvider;
  }

  /** Loads the ruleset; throws a ConfigError that holds every diagnostic when it cannot be used. */
  static async create(options: RulesetLogRecordProcessorOptions): Promise<RulesetLogRecordProcessor> {
    const config = rulesetConfigSchema.parse(options.config ?? {});
    const content = await loadContent(config, process.cwd());
    if (!content.ruleset) throw new ConfigError(content.diagnostics.map(formatDiagnostic).join('\n'));
    const localHost = options.localHost ?? { name: hostname(), id: '' };
    const runtime = new RulesetRuntime(
      config,
      localHost,
      content.agentIds,
      content.ruleset,
      new EngineState(stateLimitsOf(config.memory)),
    );
    return new RulesetLogRecordProcessor(runtime, options.loggerProvider);
  }

  onEmit(record: ReadWriteLogRecord): void {
    const { name, version = '' } = record.instrumentationScope;
    if (name === SERVICE_NAME) return;
    const group: ScopeLogs = {
      resource: { attributes: readAttributes(record.resource.attributes) },
      scope: { name, version, attributes: new Map() },
      schemaUrl: '',
      records: [],
      trusted: false,
    };
    const source = this.runtime.describeSource(group);
    const { alertRecord } = this.runtime.evaluate(this.read(record), source, Date.now());
    if (alertRecord) this.emit(alertRecord, record);
  }

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {}

  private read(record: ReadWriteLogRecord): LogRecord {
    const attributes = readAttributes(record.attributes);
    const uid = attributes.get('log.record.uid');
    return createLogRecord({
      timeUnixNano: nanosOf(record.hrTime),
      observedTimeUnixNano: nanosOf(record.hrTimeObserved),
      body: readValue(record.body),
      attributes,
      traceId: record.spanContext?.traceId ?? '',
      spanId: record.spanContext?.spanId ?? '',
      identity: typeof uid === 'string' ? uid : `${process.pid}:${nanosOf(record.hrTimeObserved)}:${this.sequence++}`,
    });
  }

  private emit(alert: LogRecord, source: ReadWriteLogRecord): void {
    this.logger ??= this.loggerProvider().getLogger(SERVICE_NAME, VERSION);
    this.logger.emit({
      eventName: alert.eventName,
      timestamp: hrTimeOf(alert.timeUnixNano),
      observedTimestamp: hrTimeOf(alert.observedTimeUnixNano),
      severityNumber: alert.severityNumber,
      severityText: alert.severityText,
      body: toPlain(alert.body),
      attributes: toPlain(alert.attributes) as Record<string, ApiValue>,
      ...(source.spanContext && { context: trace.setSpanContext(ROOT_CONTEXT, source.spanContext) }),
    });
  }
}

function nanosOf([seconds, nanos]: HrTime): bigint {
  return BigInt(seconds) * 1_000_000_000n + BigInt(nanos);
}

function hrTimeOf(unixNano: bigint): HrTime {
  return [Number(unixNano / 1_000_000_000n), Number(unixNano % 1_000_000_000n)];
}

function readAttributes(values: Readonly<Record<string, ApiValue>>): Attributes {
  return new Map(Object.entries(values).map(([name, value]) => [name, readValue(value)]));
}

function readValue(value: ApiValue): AnyValue {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'bigint':
    case 'boolean':
      return value;
    case 'object':
      if (value === null) return null;
      if (value instanceof Uint8Array) return value;
      if (Array.isArray(value)) return value.map(readValue);
      return readAttributes(value as Record<string, ApiValue>);
    default:
      return value === undefined ? '' : String(value);
  }
}
