import { ConfigError } from '../../component/errors.ts';
import type { ClientTlsConfig } from '../../config/tls.ts';
import { type OtlpHttpConfig, validateUrl } from './config.ts';

/** Where and how to send, once configuration and environment are put together. */
export interface Target {
  url: URL;
  encoding: 'proto' | 'json';
  headers: Readonly<Record<string, string>>;
  timeoutMs: number;
  compression: 'gzip' | 'none';
  tls: ClientTlsConfig;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The configuration goes before the environment, there `OTEL_EXPORTER_OTLP_LOGS_*` before `OTEL_EXPORTER_OTLP_*`;
 * an empty variable counts as unset (OpenTelemetry specification, protocol/exporter.md).
 * @throws ConfigError that names the variable
 */
export function resolveTarget(config: OtlpHttpConfig, environment: Environment): Target {
  const read = (name: string): string | undefined =>
    environment[`OTEL_EXPORTER_OTLP_LOGS_${name}`] || environment[`OTEL_EXPORTER_OTLP_${name}`] || undefined;
  return {
    url: resolveUrl(config, environment),
    encoding: config.encoding ?? readProtocol(read('PROTOCOL')),
    headers: { ...readHeaders(read('HEADERS')), ...config.headers },
    timeoutMs: config.timeout ?? readTimeout(read('TIMEOUT')),
    compression: config.compression ?? readCompression(read('COMPRESSION')),
    tls: {
      ...config.tls,
      ca_file: config.tls.ca_file ?? read('CERTIFICATE'),
      cert_file: config.tls.cert_file ?? read('CLIENT_CERTIFICATE'),
      key_file: config.tls.key_file ?? read('CLIENT_KEY'),
    },
  };
}

function resolveUrl(config: OtlpHttpConfig, environment: Environment): URL {
  if (config.logs_endpoint !== undefined) return new URL(config.logs_endpoint);
  if (config.endpoint !== undefined) return logsBelow(config.endpoint);
  for (const name of ['OTEL_EXPORTER_OTLP_LOGS_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT']) {
    const text = environment[name];
    if (!text) continue;
    const [problem] = validateUrl(text);
    if (problem) throw new ConfigError(`${name}: ${problem}`);
    return name.includes('_LOGS_') ? new URL(text) : logsBelow(text);
  }
  return logsBelow('http://localhost:4318');
}

/** Adds `v1/logs` to the path, with one slash between; a query stays. */
function logsBelow(base: string): URL {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/v1/logs`;
  return url;
}

function readProtocol(text: string | undefined): Target['encoding'] {
  switch (text) {
    case undefined:
    case 'http/protobuf':
    // This component speaks HTTP; what is set for gRPC clients of the same machine means its protobuf.
    case 'grpc':
      return 'proto';
    case 'http/json':
      return 'json';
    default:
      throw new ConfigError(`OTEL_EXPORTER_OTLP_PROTOCOL: "${text}" is neither http/protobuf nor http/json`);
  }
}

function readTimeout(text: string | undefined): number {
  if (text === undefined) return 30_000;
  if (!/^\d+$/.test(text)) throw new ConfigError(`OTEL_EXPORTER_OTLP_TIMEOUT: "${text}" is no number of milliseconds`);
  return Number(text);
}

function readCompression(text: string | undefined): Target['compression'] {
  if (text === undefined) return 'gzip';
  if (text === 'gzip' || text === 'none') return text;
  throw new ConfigError(`OTEL_EXPORTER_OTLP_COMPRESSION: "${text}" is neither gzip nor none`);
}

/** `name=value,name2=value2`, values percent-encoded (W3C Baggage). The values are secrets and stay out of errors. */
function readHeaders(text: string | undefined): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const pair of (text ?? '').split(',')) {
    if (pair.trim() === '') continue;
    const equals = pair.indexOf('=');
    const name = pair.slice(0, Math.max(0, equals)).trim();
    if (name === '') throw new ConfigError('OTEL_EXPORTER_OTLP_HEADERS: write it as name=value,name2=value2');
    const value = pair.slice(equals + 1).trim();
    try {
      headers[name] = decodeURIComponent(value);
    } catch {
      headers[name] = value;
    }
  }
  return headers;
}
