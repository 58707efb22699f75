import { describe, expect, test } from 'vitest';
import { Accumulator } from '../../../../src/processor/ruleset/evaluate/accumulate.ts';
import { describe as describeRule } from '../../../../src/processor/ruleset/evaluate/describe.ts';
import { Event } from '../../../../src/processor/ruleset/evaluate/event.ts';
import { isFirstSeen } from '../../../../src/processor/ruleset/evaluate/fts.ts';
import { AccumulatorStore } from '../../../../src/processor/ruleset/evaluate/state/accumulated.ts';
import { EngineState } from '../../../../src/processor/ruleset/evaluate/state.ts';
import { decoder, ref } from './ruleset-builder.ts';

describe('accumulator', () => {
  const acc = decoder('acc', { accumulate: true });

  function gather(...events: [second: number, host: string, fields: Record<string, string>][]) {
    const accumulator = new Accumulator(
      new AccumulatorStore(
        { entries: 100, bytes: 1e6, hostEntries: 100, hostBytes: 1e6 },
        { enabled: false },
        () => {},
      ),
    );
    return events.map(([second, host, fields]) => {
      const event = new Event(second * 1000, 'x', 'l');
      event.decoder = acc;
      event.decoderName = 'acc';
      event.hostname = host;
      for (const [name, value] of Object.entries(fields)) event.setStatic(name as 'id', value);
      accumulator.apply(event);
      return [event.static('srcip'), event.static('dstuser'), event.accumulated];
    });
  }

  test('completes later events of one id, and keeps what came first', () => {
    expect(
      gather(
        [0, 'h', { id: '1', srcip: 'a' }],
        [1, 'h', { id: '1', dstuser: 'bob' }],
        [2, 'h', { id: '1', srcip: 'b' }],
        [3, 'h', { id: '1' }],
        [4, 'h', { id: '2' }],
        [5, 'other', { id: '1' }],
        [6, 'h', { srcip: 'c' }],
      ),
    ).toEqual([
      ['a', undefined, false],
      ['a', 'bob', true],
      ['b', 'bob', true],
      ['a', 'bob', true],
      [undefined, undefined, false],
      [undefined, undefined, false],
      ['c', undefined, false],
    ]);
  });

  test('forgets after two minutes without an event', () => {
    const events = gather([0, 'h', { id: '1', srcip: 'a' }], [120, 'h', { id: '1' }], [241, 'h', { id: '1' }]);
    expect(events.map(([srcip]) => srcip)).toEqual(['a', 'a', undefined]);
  });

  test('values of more than 80 bytes are not kept, empty ones are filled', () => {
    const long = 'x'.repeat(81);
    const events = gather(
      [0, 'h', { id: '1', srcip: long }],
      [1, 'h', { id: '1', srcip: '' }],
      [2, 'h', { id: '1', srcip: 'a' }],
      [3, 'h', { id: '1', srcip: '' }],
    );
    expect(events.map(([srcip]) => srcip)).toEqual([long, '', 'a', 'a']);
  });
});

describe('first time seen', () => {
  const seen = (type: 'syslog' | 'ids', ...ids: string[]) => {
    const state = new EngineState();
    const fts = decoder('f', { type, fts: { slots: new Set(['id']), dynamic: ['Dyn'] } });
    return ids.map((id) => {
      const event = new Event(0, 'x', 'l');
      event.decoder = fts;
      event.decoderName = 'f';
      event.category = type;
      const [first, dynamic] = id.split('/');
      event.setStatic('id', first!);
      if (dynamic !== undefined) event.addDynamic('dyn', dynamic);
      return isFirstSeen(event, state);
    });
  };

  test('each key once', () => expect(seen('syslog', 'a', 'b', 'a', 'A')).toEqual([true, true, false, true]));

  test('dynamic fields count', () => expect(seen('syslog', 'a/x', 'a/y', 'a/x')).toEqual([true, true, false]));

  test('the key of static slots ends at 255 bytes', () => {
    const long = 'x'.repeat(300);
    expect(seen('syslog', `${long}1`, `${long}2`)).toEqual([true, false]);
  });

  test('many alike from an IDS stop being new', () => {
    const ids = Array.from({ length: 6 }, (_, index) => `aaaaaaaaaaaaaaaaaaaa${index}`);
    expect(seen('ids', ...ids)).toEqual([true, true, true, true, false, false]);
    expect(seen('syslog', ...ids)).toEqual(ids.map(() => true));
  });

  test('a decoder without fts sees nothing for the first time', () => {
    const event = new Event(0, 'x', 'l');
    event.decoder = decoder('plain');
    expect(isFirstSeen(event, new EngineState())).toBe(false);
  });
});

describe('descriptions', () => {
  const event = new Event(0, 'x', 'l');
  event.hostname = 'web01';
  event.setStatic('srcip', '1.1.1.1');
  event.addDynamic('Audit.Exe', 'v'.repeat(1010));

  test.each<[parts: NonNullable<Parameters<typeof describeRule>[0]['parts']>, text: string]>([
    [[{ text: 'from ' }, { field: ref('srcip') }], 'from 1.1.1.1'],
    [[{ field: { kind: 'event', name: 'hostname' } }, { field: { kind: 'event', name: 'program_name' } }], 'web01'],
    [[{ field: ref('nope') }, { text: '!' }], '!'],
    [[{ text: 'x'.repeat(13) }, { field: ref('audit.exe') }], `${'x'.repeat(13)}${'v'.repeat(1010)}`],
    [[{ text: 'x'.repeat(14) }, { field: ref('audit.exe') }], 'raw'],
  ])('%#', (parts, text) => expect(describeRule({ raw: 'raw', parts }, event)).toBe(text));
});
