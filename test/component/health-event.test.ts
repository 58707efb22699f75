import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatHealthEvent } from '../../src/component/health-event.ts';

it.each([
  [
    'plain',
    'df -P',
    { exit: 127, path: '/var/log/x' },
    "otel-hids: command failed: subject='df -P' exit=127 path=/var/log/x",
  ],
  ['quoted', 'x', { reason: 'no such file' }, "otel-hids: command failed: subject='x' reason='no such file'"],
  ['empty', '', { reason: '' }, "otel-hids: command failed: subject='' reason=''"],
  ['undefined', 'x', { reason: undefined }, "otel-hids: command failed: subject='x'"],
  ['quotes', "it's", {}, "otel-hids: command failed: subject='it\\x27s'"],
  ['backslashes', 'a\\b', {}, "otel-hids: command failed: subject='a\\\\b'"],
  ['control characters', 'a\nb\x1b[0m\t', {}, "otel-hids: command failed: subject='a\\x0ab\\x1b[0m\\x09'"],
])('writes %s', (_name, subject, fields, expected) => {
  expect(formatHealthEvent('command failed', subject, fields)).toBe(expected);
});

it('puts the detail below', () => {
  expect(formatHealthEvent('baseline', 'x', {}, 'a\nb')).toBe("otel-hids: baseline: subject='x'\na\nb");
});

it('can be read back, whatever the subject holds', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (subject) => {
      const text = formatHealthEvent('baseline', subject, { host: 'h' });
      const found = /^otel-hids: baseline: subject='([^'\n]*)' host=h$/.exec(text);
      expect(found).not.toBeNull();
      const read = found?.[1].replace(/\\(\\|x(..)|u(....))/g, (_all, simple: string, byte?: string, unit?: string) =>
        simple === '\\' ? '\\' : String.fromCharCode(Number.parseInt(byte ?? unit ?? '', 16)),
      );
      expect(read).toBe(subject);
    }),
  );
});
