// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to the environment are what is tested
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolvePlain, substitute } from '../../src/confmap/substitute.ts';
import { load, withDebug } from './helpers.ts';

const env = {
  NAME: 'value',
  EMPTY: '',
  NESTED: '${NAME}',
  NUMBER: '16',
  LIST: '[1, 2]',
  INJECT: 'x\nverbosity: detailed',
};

describe('substitute', () => {
  it.each([
    ['${env:NAME}', 'value'],
    ['${NAME}', 'value'],
    ['a${NAME}b${env:NAME}c', 'avaluebvaluec'],
    ['${env:UNSET:-default}', 'default'],
    ['${EMPTY:-default}', 'default'],
    ['${NAME:-default}', 'value'],
    ['${UNSET:-}', ''],
    ['${UNSET:-a:-b$c}', 'a:-b$c'],
    ['${UNSET}', ''],
    ['$$', '$'],
    ['$${NAME}', '${NAME}'],
    ['$$$${NAME}', '$${NAME}'],
    ['$$${NAME}', '$value'],
    ['$NAME', '$NAME'],
    ["awk '{print $1, $5}'", "awk '{print $1, $5}'"],
    ['100$', '100$'],
    ['${NESTED}', '${NAME}'],
    ['{NAME}', '{NAME}'],
  ])('%s', (text, expected) => {
    const { text: result, error } = substitute(text, env);
    expect([result, error]).toEqual([expected, undefined]);
  });

  it.each(['${', '${NAME', '${}', '${env:}', '${1X}', '${NAME-x}', '${NAME:=x}', '${file:/etc/passwd}', '${A B}'])(
    'refuses %s',
    (text) => {
      expect(substitute(text, env).error).toBeTypeOf('string');
    },
  );

  it('finds no variables in what every object has', () => {
    expect(substitute('${toString}${__proto__}', {})).toMatchObject({ text: '', missing: ['toString', '__proto__'] });
  });

  it('leaves every text without a dollar sign alone, and gives back every escaped one', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(substitute(text.replaceAll('$', '$$$$'), {}).text).toBe(text);
      }),
    );
  });
});

describe('environment in YAML', () => {
  const debug = (inner: string) => load(withDebug(inner), { env });

  it('gives an unquoted value its type after the substitution, a quoted one stays text', () => {
    const { merged } = load(
      'a: ${NUMBER}\nb: "${NUMBER}"\nc: 1${NUMBER}\nd: ${UNSET:-true}\ne: ${LIST}\nf: ${UNSET:-}\ng: $${NAME}\n',
      { env },
    );
    const values =
      merged.kind === 'map'
        ? [...merged.entries].map(([key, entry]) => [key, entry.value.kind === 'scalar' && entry.value.value])
        : [];
    expect(Object.fromEntries(values)).toEqual({ a: 16, b: '16', c: 116, d: true, e: '[1, 2]', f: null, g: '${NAME}' });
  });

  it('cannot be used to write keys', () => {
    const { config, printed } = debug('headers: { a: "${INJECT}" }\ntarget: ${INJECT}');
    expect(printed).toEqual([]);
    expect(config?.exporters.get('debug')?.config).toMatchObject({
      verbosity: 'basic',
      headers: { a: env.INJECT },
      target: env.INJECT,
    });
  });

  it('does not touch keys', () => {
    expect(debug('headers: { "${NAME}": x }').config?.exporters.get('debug')?.config).toMatchObject({
      headers: { '${NAME}': 'x' },
    });
  });

  it('says where a reference is bad, and warns of what is not set', () => {
    expect(debug('headers: { a: "x", b: "${no such}" }\ntarget: ${UNSET}x').printed).toEqual([
      'config.yaml:4:27: error[env-reference]: exporters.debug.headers.b: ${no such} is no reference; write ${env:NAME} or ${env:NAME:-default}\n    help: a literal dollar sign is written $$',
      'config.yaml:5:13: warning[env-unset]: exporters.debug.target: the environment variable UNSET is not set\n    help: give a default (${env:UNSET:-...}), or write $${UNSET} if the text itself is meant',
    ]);
  });
});

it.each([
  ['', null],
  ['~', null],
  ['null', null],
  ['true', true],
  ['False', false],
  ['yes', 'yes'],
  ['12', 12],
  ['-0x10', '-0x10'],
  ['0x10', 16],
  ['0o17', 15],
  ['1.5e3', 1500],
  ['1.2.3', '1.2.3'],
  ['12345678901234567890', '12345678901234567890'],
  ['[a]', '[a]'],
  ['{a: b}', '{a: b}'],
])('resolvePlain(%s)', (text, expected) => {
  expect(resolvePlain(text)).toBe(expected);
});
