import { describe, expect, test } from 'vitest';
import { compileRuleset } from '../../../../src/processor/ruleset/compile/compile.ts';
import { createFieldTable } from '../../../../src/processor/ruleset/compile/field-table.ts';
import { Event } from '../../../../src/processor/ruleset/evaluate/event.ts';
import { JSON_STATIC_PATHS, JsonDecoder } from '../../../../src/processor/ruleset/evaluate/json-fields.ts';
import { LogScan } from '../../../../src/processor/ruleset/evaluate/log-scan.ts';
import { decodeJson, type JsonOptions } from '../../../../src/processor/ruleset/evaluate/plugins/json.ts';
import { LiteralFinder } from '../../../../src/processor/ruleset/matcher/literal-finder.ts';
import { createRandom, type Random, testSeed } from '../../../support/random.ts';

const KNOWN = ['a', 'a.b', 'a.b.c', 'win.x', 'list', 'n', 'Deep.Key'];
const rules = KNOWN.map(
  (name, index) =>
    `<rule id="${10 + index}" level="1"><if_sid>1</if_sid><field name="${name}">x</field><description>d</description></rule>`,
);
const source = `<group name="t,"><rule id="1" level="0"><description>d</description></rule>${rules.join('')}</group>`;
const { ruleset } = compileRuleset({
  dialect: 'wazuh',
  compat: 'default',
  decoders: [{ path: 'd', name: 'd.xml', content: '<decoder name="d"><prematch>x</prematch></decoder>' }],
  rules: [{ path: 'r', name: 'r.xml', content: source }],
  lists: [],
});
if (!ruleset) throw new Error('the ruleset of this test does not load');
const table = createFieldTable(ruleset, JSON_STATIC_PATHS);

const NAMES = [
  'a',
  'A',
  'b',
  'c',
  'a.b',
  'win',
  'x',
  'X',
  'list',
  'n',
  'deep',
  'Key',
  'srcip',
  'SrcIp',
  'user',
  'dstuser',
  'id',
  '',
  'é',
];
const TEXTS = [
  '"x"',
  '""',
  '"a\\\\b"',
  '"\\u0041\\u00e9"',
  '"\\ud83d\\ude00"',
  '"\\ud83d"',
  '"\\q"',
  '"z\\u0000y"',
  '"\0raw"',
  '"tab\there"',
];
const NUMBERS = [
  '0',
  '7',
  '00',
  '123456789',
  '1234567890',
  '-0',
  '-1',
  '12.5',
  '1e3',
  '01',
  '1.',
  '-',
  '-.5',
  '2147483648',
  '9'.repeat(70),
  '1-2',
];
const WORDS = ['null', 'true', 'false', 'nulls', 'tru'];

function value(random: Random, depth: number): string {
  switch (random.int(0, depth > 3 ? 2 : 5)) {
    case 0:
      return random.pick(NUMBERS);
    case 1:
      return random.pick(WORDS);
    case 2:
      return random.pick(TEXTS);
    case 3:
      return `[${Array.from({ length: random.int(0, 3) }, () => value(random, depth + 1)).join(random.pick([',', ', ', ' , ']))}]`;
    default:
      return object(random, depth + 1);
  }
}

function object(random: Random, depth: number): string {
  const members = Array.from({ length: random.int(0, 5) }, () => {
    const name = random.int(0, 30) === 0 ? '\\u0061' : random.pick(NAMES);
    return `"${Buffer.from(name).toString('latin1')}"${random.pick(['', ' '])}:${random.pick(['', ' ', '\n'])}${value(random, depth)}`;
  });
  return `{${members.join(',')}}`;
}

/** Mostly whole documents, some with a byte lost, doubled or changed, some cut off. */
function document(random: Random): string {
  const text = `${random.pick(['', ' ', '\xef\xbb\xbf'])}${object(random, 0)}${random.pick(['', ' tail', '}'])}`;
  if (random.int(0, 2) > 0) return text;
  const at = random.int(0, text.length - 1);
  const mutations = [
    text.slice(0, at) + text.slice(at + 1),
    text.slice(0, at),
    text.slice(0, at) + random.pick(['"', '\\', ',', '{', '[', '\0', ':']) + text.slice(at),
  ];
  return random.pick(mutations);
}

function fieldsOf(event: Event): unknown {
  return { statics: { ...event.statics }, names: event.dynamicNames, values: event.dynamicValues };
}

describe('JSON read by looking for known fields', () => {
  const seed = testSeed();

  test.each([true, false])(`finds what the reader of all fields finds, WebAssembly %s, SEED=${seed}`, (fast) => {
    const decoder = new JsonDecoder(table, new LogScan(new LiteralFinder([])), fast);
    const random = createRandom(seed);
    let lazy = 0;
    // Asked by turns with the next one, as histories do.
    let earlier: { known: Event; all: Event; text: string } | undefined;
    for (let index = 0; index < 12_000; index++) {
      const text = document(random);
      const options: JsonOptions = {
        nullField: random.pick(['string', 'discard', 'empty']),
        arrays: 'array',
        maxFields: random.pick([256, 256, 3]),
      };
      const from = random.pick([0, 0, 0, 1]);
      const [known, all] = [new Event(0, text, ''), new Event(0, text, '')];
      if (random.int(0, 5) === 0) for (const event of [known, all]) event.addDynamic('a.b', 'before');
      if (random.int(0, 5) === 0) for (const event of [known, all]) event.setStatic('dstuser', 'before');
      decodeJson(all, text.slice(from), options);
      if (decoder.decode(known, from, options)) lazy++;
      else decodeJson(known, text.slice(from), options);
      expect(known.dynamicCount, text).toBe(all.dynamicNames.length);
      for (const path of table.paths) {
        expect(known.dynamic(path), `${path} of ${text}`).toBe(all.dynamic(path));
        expect(earlier?.known.dynamic(path), `${path} of ${earlier?.text}`).toBe(earlier?.all.dynamic(path));
      }
      if (earlier) expect(fieldsOf(earlier.known), earlier.text).toEqual(fieldsOf(earlier.all));
      earlier = { known, all, text };
    }
    expect(lazy).toBeGreaterThan(6000);
  });

  const nested = (depth: number, open: string, close: string) =>
    `{"n":1,"a":${open.repeat(depth)}1${close.repeat(depth)},"list":"x"}`;
  const members = (count: number) => Array.from({ length: count }, (_, index) => `"list":${index}`).join();
  test.each([
    ...[998, 999, 1000, 1001].map((depth) => ({ what: `${depth} objects`, text: nested(depth, '{"b":', '}') })),
    ...[998, 999, 1000, 1001].map((depth) => ({ what: `${depth} arrays`, text: nested(depth, '[', ']') })),
    { what: '1024 known fields', text: `{${members(1024)}}` },
    { what: '1025 known fields', text: `{${members(1025)}}` },
    ...[65_535, 65_536, 65_537].map((length) => ({
      what: `${length} bytes`,
      text: `{"a":"${'x'.repeat(length - 14)}","n":7}`,
    })),
    ...Array.from({ length: 40 }, (_, length) => ({
      what: `names and texts of ${length} bytes`,
      text: `{"${'y'.repeat(length)}":"${'x'.repeat(length)}","Win":{"X":"${'z'.repeat(length)}"}}`,
    })),
    ...['{"n":tru', '{"n":"', '{"n":"\\', '{"n"', '{"', '{', '{"n":1', '{"n":-', '{"n":[', '{"n":[{"', '{"n":fals'].map(
      (text) => ({
        what: text,
        text,
      }),
    ),
  ])('$what', ({ text }) => {
    const options: JsonOptions = { nullField: 'string', arrays: 'array', maxFields: 256 };
    const all = new Event(0, text, '');
    decodeJson(all, text, options);
    // An earlier, longer document must not show through.
    for (const before of ['{"n":1}', `{"a.b":"${'q'.repeat(400)}","n":"true false null}]"}`]) {
      for (const fast of [true, false]) {
        const decoder = new JsonDecoder(table, new LogScan(new LiteralFinder([])), fast);
        decoder.decode(new Event(0, before, ''), 0, options);
        const known = new Event(0, text, '');
        expect(decoder.decode(known, 0, options)).toBe(true);
        for (const path of table.paths) expect(known.dynamic(path), path).toBe(all.dynamic(path));
        expect(fieldsOf(known)).toEqual(fieldsOf(all));
      }
    }
  });
});
