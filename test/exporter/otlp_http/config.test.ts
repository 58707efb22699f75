import { describe, expect, it } from 'vitest';
import { validateOtlpHttp } from '../../../src/exporter/otlp_http/config.ts';
import { resolveTarget } from '../../../src/exporter/otlp_http/environment.ts';
import { otlpHttpFactory } from '../../../src/exporter/otlp_http/factory.ts';
import type { ConfigInput } from './harness.ts';

const parse = (config: ConfigInput) => otlpHttpFactory.schema.parse(config);
const resolve = (config: ConfigInput, environment: Record<string, string> = {}) =>
  resolveTarget(parse(config), environment);

describe('otlp_http configuration', () => {
  it('has defaults', () => {
    const defaults = parse({});
    expect(defaults).toEqual({
      tls: { insecure: false, insecure_skip_verify: false, min_version: '1.2' },
      request: { max_records: 1000, max_bytes: 1_048_576 },
      sending_queue: {
        enabled: true,
        queue_size: 10_000,
        queue_bytes: 268_435_456,
        num_consumers: 1,
        block_on_overflow: false,
        drop_oldest_on_overflow: false,
        drain_timeout: 5000,
      },
      retry_on_failure: {
        enabled: true,
        initial_interval: 5000,
        randomization_factor: 0.5,
        multiplier: 1.5,
        max_interval: 30_000,
        max_elapsed_time: 0,
      },
      dead_letter: { max_megabytes: 100, max_backups: 10 },
    });
    expect(parse({ tls: null, sending_queue: null, retry_on_failure: null, dead_letter: null })).toEqual(defaults);
    expect(resolve({})).toMatchObject({ encoding: 'proto', compression: 'gzip', timeoutMs: 30_000, headers: {} });
  });

  it.each([
    { endpont: 'x' },
    { encoding: 'xml' },
    { timeout: 30 },
    { sending_queue: { queue_size: 0 } },
    { headers: { a: 1 } },
    { retry_on_failure: { multiplier: 0.5 } },
  ])('refuses %j', (config) => {
    expect(otlpHttpFactory.schema.safeParse(config).success).toBe(false);
  });

  it.each<[ConfigInput, string]>([
    [{ endpoint: '127.0.0.1:3100' }, 'endpoint: "127.0.0.1:3100" is no URL'],
    [{ endpoint: 'localhost:3100' }, 'endpoint: "localhost:3100" must begin with http'],
    [{ logs_endpoint: 'ftp://x/' }, 'logs_endpoint: "ftp://x/" must begin with http'],
    [{ endpoint: 'http://user:pass@x' }, 'endpoint: put credentials'],
    [{ headers: { 'a b': 'x' } }, 'headers.a b: no name'],
    [{ headers: { authorization: 'secret\nx' } }, 'headers.authorization: the value'],
    [{ tls: { cert_file: 'x' } }, 'tls: cert_file and key_file'],
    [{ sending_queue: { block_on_overflow: true, drop_oldest_on_overflow: true } }, 'sending_queue: '],
    [{ retry_on_failure: { initial_interval: '60s' } }, 'retry_on_failure.max_interval'],
    [{ retry_on_failure: { initial_interval: '0s' } }, 'retry_on_failure.initial_interval'],
  ])('finds fault with %j', (config, problem) => {
    const problems = validateOtlpHttp(parse(config));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
    expect(problems[0]).not.toContain('secret');
  });
});

describe('resolveTarget', () => {
  it.each<[ConfigInput, Record<string, string>, string]>([
    [{}, {}, 'http://localhost:4318/v1/logs'],
    [{ endpoint: 'http://h:3100/otlp' }, {}, 'http://h:3100/otlp/v1/logs'],
    [{ endpoint: 'http://h:3100/otlp/' }, {}, 'http://h:3100/otlp/v1/logs'],
    [{ endpoint: 'http://h?tenant=1' }, {}, 'http://h/v1/logs?tenant=1'],
    [{ endpoint: 'http://h', logs_endpoint: 'https://l/in' }, {}, 'https://l/in'],
    [{}, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://e:1/x' }, 'http://e:1/x/v1/logs'],
    [{}, { OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'http://l:1/x', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://e' }, 'http://l:1/x'],
    [{}, { OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: '', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://e' }, 'http://e/v1/logs'],
    [{ endpoint: 'http://h' }, { OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'http://l:1/x' }, 'http://h/v1/logs'],
  ])('%j and %j send to %s', (config, environment, url) => {
    expect(resolve(config, environment).url.href).toBe(url);
  });

  it('takes everything else from the environment too, the signal before the general', () => {
    const environment = {
      OTEL_EXPORTER_OTLP_HEADERS: 'general=1',
      OTEL_EXPORTER_OTLP_LOGS_HEADERS: 'api-key = a%20b , x=1=2,,broken=%zz',
      OTEL_EXPORTER_OTLP_TIMEOUT: '10000',
      OTEL_EXPORTER_OTLP_LOGS_TIMEOUT: '2000',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'none',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_EXPORTER_OTLP_CERTIFICATE: 'ca.pem',
      OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: 'cert.pem',
      OTEL_EXPORTER_OTLP_CLIENT_KEY: 'key.pem',
    };
    expect(resolve({}, environment)).toMatchObject({
      headers: { 'api-key': 'a b', x: '1=2', broken: '%zz' },
      timeoutMs: 2000,
      compression: 'none',
      encoding: 'json',
      tls: { ca_file: 'ca.pem', cert_file: 'cert.pem', key_file: 'key.pem' },
    });
    const config = {
      headers: { x: 'mine' },
      timeout: '1s',
      compression: 'gzip',
      encoding: 'proto',
      tls: { ca_file: 'own.pem' },
    } as const;
    expect(resolve(config, environment)).toMatchObject({
      headers: { 'api-key': 'a b', x: 'mine' },
      timeoutMs: 1000,
      compression: 'gzip',
      encoding: 'proto',
      tls: { ca_file: 'own.pem', cert_file: 'cert.pem' },
    });
  });

  it.each([
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'e:4318'],
    ['OTEL_EXPORTER_OTLP_LOGS_ENDPOINT', 'not a url'],
    ['OTEL_EXPORTER_OTLP_TIMEOUT', '10s'],
    ['OTEL_EXPORTER_OTLP_COMPRESSION', 'zstd'],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'carrier pigeon'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'secret'],
  ])('names the variable that is wrong: %s=%s', (name, value) => {
    const resolving = () => resolve({}, { [name]: value });
    expect(resolving).toThrow(name);
    expect(resolving).not.toThrow('secret');
  });
});
