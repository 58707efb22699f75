import { expect, test } from 'vitest';
import { maxMessageBytes } from '../../../src/receiver/otlp/config.ts';
import { otlpReceiverFactory } from '../../../src/receiver/otlp/factory.ts';

const { schema } = otlpReceiverFactory;

test('a protocol without a value takes its defaults', () => {
  const config = schema.parse({ protocols: { http: null, grpc: null } });
  expect(config).toEqual(schema.parse({ protocols: { http: {}, grpc: {} } }));
  expect(config.protocols.http).toMatchObject({
    endpoint: { host: '127.0.0.1', port: 4318 },
    logs_url_path: '/v1/logs',
    max_request_body_size: 20 * 1024 * 1024,
    allow_unauthenticated: false,
  });
  expect(config.protocols.grpc).toMatchObject({ endpoint: { host: '127.0.0.1', port: 4317 } });
  expect(maxMessageBytes(config.protocols.grpc!)).toBe(4 * 1024 * 1024);
  expect(config).toMatchObject({ trusted: false, resend: { window: 3_600_000 } });
});

test('a protocol that is not named is off', () => {
  expect(schema.parse({ protocols: { grpc: null } }).protocols.http).toBeUndefined();
});

test.each([
  ['no protocol', { protocols: {} }, /`http` or `grpc`/],
  ['no protocols', {}, /protocols/],
  ['an unknown protocol', { protocols: { thrift: {} } }, /thrift/],
  ['an endpoint without a port', { protocols: { http: { endpoint: 'localhost' } } }, /localhost.* is no address/],
  ['an endpoint with a scheme', { protocols: { http: { endpoint: 'http://localhost:4318' } } }, /is no address/],
  ['a port that cannot be', { protocols: { http: { endpoint: 'localhost:65536' } } }, /is no address/],
  ['an IPv6 address that is none', { protocols: { http: { endpoint: '[::x]:1' } } }, /is no address/],
  ['a path without a slash', { protocols: { http: { logs_url_path: 'logs' } } }, /must start with/],
  ['TLS without a key', { protocols: { http: { tls: { cert_file: 'a' } } } }, /key_file/],
  ['a body of no size', { protocols: { http: { max_request_body_size: 'big' } } }, /is no size/],
  ['a negative window', { protocols: { http: null }, resend: { window: '-1s' } }, /is no duration/],
])('%s is refused', (_name, config, message) => {
  expect(schema.safeParse(config).error?.message).toMatch(message);
});
