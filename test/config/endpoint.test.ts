import { expect, test } from 'vitest';
import { formatEndpoint, isLoopback, parseEndpoint } from '../../src/config/endpoint.ts';

test.each([
  ['127.0.0.1:4318', '127.0.0.1', 4318, true],
  ['127.255.0.9:1', '127.255.0.9', 1, true],
  ['localhost:0', 'localhost', 0, true],
  ['LOCALHOST:1', 'LOCALHOST', 1, true],
  ['[::1]:4317', '::1', 4317, true],
  ['[::ffff:127.0.0.1]:1', '::ffff:127.0.0.1', 1, true],
  ['[::ffff:10.0.0.1]:1', '::ffff:10.0.0.1', 1, false],
  ['[::]:1', '::', 1, false],
  [':4318', '', 4318, false],
  ['0.0.0.0:4318', '0.0.0.0', 4318, false],
  ['192.0.2.1:65535', '192.0.2.1', 65_535, false],
  ['localhost.example.org:1', 'localhost.example.org', 1, false],
])('%s', (text, host, port, loopback) => {
  const endpoint = parseEndpoint(text)!;
  expect(endpoint).toEqual({ host, port });
  expect(isLoopback(endpoint)).toBe(loopback);
  expect(formatEndpoint(endpoint)).toBe(text);
});

test.each([
  '',
  'localhost',
  '4318',
  'a:b',
  'a:65536',
  '::1:4318',
  '[::g]:1',
  '[1.2.3.4]:1',
  'http://a:1',
  'a:1/path',
  'a b:1',
  '[]:1',
])('%j is no address', (text) => {
  expect(parseEndpoint(text)).toBeUndefined();
});
