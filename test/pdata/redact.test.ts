import { expect, it } from 'vitest';
import { redactUrl } from '../../src/pdata/redact.ts';

it.each([
  ['http://localhost:3100/otlp', 'http://localhost:3100/otlp'],
  ['http://localhost:3100/otlp, me@example.com', 'http://localhost:3100/otlp, me@example.com'],
  ['postgres://u:p%40x@h/db?sslmode=require', 'postgres://u:[REDACTED]@h/db?sslmode=require'],
  ['redis://:p@h', 'redis://:[REDACTED]@h'],
  ['redis://u:p@ss@h:6379', 'redis://u:[REDACTED]@h:6379'],
  ['redis://u:a/b@h', 'redis://u:[REDACTED]@h'],
  ['{"uri":"redis://u:p@h","x":"a@b"}', '{"uri":"redis://u:[REDACTED]@h","x":"a@b"}'],
  ['GET /x?token=abc&y=1&api_key=d', 'GET /x?token=[REDACTED]&y=1&api_key=[REDACTED]'],
  ['{"url":"http://h/?token=abc"}', '{"url":"http://h/?token=[REDACTED]"}'],
  ['a@b:c', 'a@b:c'],
])('redactUrl(%s)', (text, expected) => {
  expect(redactUrl(text)).toBe(expected);
});

it('takes linear time on text made to be slow', () => {
  const redacted = redactUrl('a://a:'.repeat(200_000));
  expect(redacted).toHaveLength(1_200_000);
});
