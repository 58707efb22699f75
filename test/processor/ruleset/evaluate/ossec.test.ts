import { describe, expect, test } from 'vitest';
import type { Rule } from '../../../../src/processor/ruleset/compile/ruleset.ts';
import { createEngine, type EventInput } from '../../../../src/processor/ruleset/evaluate/engine.ts';
import { EngineState } from '../../../../src/processor/ruleset/evaluate/state.ts';
import { listFields } from '../../../../src/processor/ruleset/evaluate/verdict.ts';
import { condition, correlation, decoder, type RulesetParts, ref, rule, ruleset, searcher } from './ruleset-builder.ts';

function engineOf(rules: readonly Rule[], parts: RulesetParts = {}, mode: 'live' | 'session' = 'live') {
  const engine = createEngine(ruleset(rules, { dialect: 'ossec', ...parts }), new EngineState(), {
    mode,
    hostname: 'mgr',
    localTime: () => ({ minutes: 0, weekday: 0 }),
  });
  let second = 1_700_000_000;
  const send = (log: string, more: Partial<EventInput> = {}) =>
    engine.evaluate({ log, location: '/l', queue: '1', timeMs: second++ * 1000, trusted: true, ...more });
  return { send, run: (...logs: string[]) => logs.map((log) => send(log).rule?.id) };
}

const kv = (parts: Parameters<typeof decoder>[1] = {}) =>
  decoder('kv', {
    prematch: { search: searcher(/^ev /), start: 'log' },
    regex: { search: searcher(/id=(\S+)/), start: 'log', order: [ref('id')] },
    ...parts,
  });

describe('correlation', () => {
  const rules = [
    rule('100', 3, {
      conditions: [condition.match(/^ev/)],
      keepsHistory: true,
      children: [rule('200', 10, { correlation: correlation('100', { needed: 1 }) })],
    }),
  ];

  test('crosses hosts, and a two-event rule fires on every second event', () => {
    const { send } = engineOf(rules);
    const ids = ['(a) 1.1.1.1->x', '(b) 2.2.2.2->x', '(a) 1.1.1.1->x', '(c) 3.3.3.3->x'].map(
      (location) => send('ev 1', { location }).rule?.id,
    );
    expect(ids).toEqual(['100', '200', '100', '200']);
  });

  test('the newest event is used up though another one fitted', () => {
    const sameId = [
      rule('100', 3, {
        conditions: [condition.match(/^ev/)],
        keepsHistory: true,
        children: [rule('200', 10, { correlation: correlation('100', { needed: 1, same: ['id'] }) })],
      }),
    ];
    const { run } = engineOf(sameId, { decoders: [kv()] });
    expect(run('ev id=a', 'ev id=b', 'ev id=A', 'ev id=a', 'ev id=b')).toEqual(['100', '100', '100', '200', '100']);
  });
});

test('a firing chain link becomes the deciding decoder, and names dynamic fields by position', () => {
  const link = decoder('kv', {
    ownName: 'link',
    regex: { search: searcher(/(\w+) (\w+)$/), start: 'log', order: [ref('proc.name'), ref('id')] },
  });
  const { send } = engineOf([], {
    decoders: [decoder('kv', { prematch: { search: searcher(/^ev /), start: 'log' }, children: [link] })],
  });
  const { event } = send('ev one two');
  expect(event.decoder?.ownName).toBe('link');
  expect(listFields(event, 'ossec')).toEqual([
    ['id', 'two'],
    ['proc.name', 'one'],
  ]);
});

test('control characters are deleted, line ends only where strict', () => {
  const { send } = engineOf([]);
  expect(send('a\tb\nc\x7f').event.log).toBe('ab\nc');
  const strict = engineOf([], { compat: 'strict' });
  expect(strict.send('a\tb\nc\x7f').event.log).toBe('abc');
});

describe('the daemon', () => {
  const firewall = decoder('fw', {
    type: 'firewall',
    prematch: { search: searcher(/^FW /), start: 'log' },
    regex: {
      search: searcher(/^FW (\w+) (\w+) (\S+) (\S+) (\S+) (\S+)/),
      start: 'log',
      order: ['action', 'protocol', 'srcip', 'srcport', 'dstip', 'dstport'].map(ref),
    },
  });

  test.each([
    ['drop', 'DROP'],
    ['reject', 'DROP'],
    ['Block', 'DROP'],
    ['accept', 'ALLOW'],
    ['unknown', 'ALLOW'],
  ])('rewrites the firewall action %s to %s', (word, action) => {
    const { send } = engineOf([], { decoders: [firewall] });
    expect(send(`FW ${word} tcp 1.1.1.1 10 2.2.2.2 20`).event.static('action')).toBe(action);
  });

  test('drops incomplete firewall events, its test program does not', () => {
    expect(engineOf([], { decoders: [firewall] }).send('FW drop').dropped).toBe('firewall-incomplete');
    expect(engineOf([], { decoders: [firewall] }, 'session').send('FW drop').dropped).toBeUndefined();
  });

  test('forgets repeats of the last three lines only where strict', () => {
    const logs = ['a1', 'a2', 'a1', 'a3', 'a4', 'a1'];
    const dropped = (compat: 'strict' | 'default') => {
      const { send } = engineOf([], { compat });
      return logs.map((log) => send(log).dropped);
    };
    expect(dropped('strict')).toEqual([undefined, undefined, 'repeated', undefined, undefined, undefined]);
    expect(dropped('default')).toEqual(logs.map(() => undefined));
  });

  test('what an ignore element stored silences for good; the wazuh dialect has no such effect', () => {
    const slots = new Set(['srcip', 'id'] as const);
    const rules = [
      rule('101', 7, { conditions: [condition.match(/store/)], ignore: { slots, dynamic: [] } }),
      rule('102', 6, { conditions: [condition.match(/check/)], checkIfIgnored: { slots, dynamic: [] } }),
    ];
    const logs = ['ev check id=5', 'ev store id=5', 'ev check id=5', 'ev check id=6'];
    const ossec = engineOf(rules, { decoders: [kv()] });
    expect(ossec.run(...logs)).toEqual(['102', '101', undefined, '102']);
    const wazuh = engineOf(rules, { decoders: [kv()], dialect: 'wazuh' });
    expect(wazuh.run(...logs)).toEqual(['102', '101', '102', '102']);
  });

  test('an ignore window stops the event', () => {
    const { send } = engineOf([rule('100', 5, { ignoreSeconds: 3, conditions: [condition.match(/a/)] })]);
    expect([0, 1, 2, 3, 4].map(() => send('a1').alert)).toEqual([true, false, false, true, false]);
  });
});

test('locations that walk up are refused', () => {
  const { send } = engineOf([rule('2', 3)]);
  expect(send('xx', { location: '/var/../etc' })).toMatchObject({ dropped: 'bad-location', rule: undefined });
});

test('descriptions stay as they are written', () => {
  const template = { raw: '$(id) x', parts: [{ field: ref('id') }, { text: ' x' }] };
  const { send } = engineOf([rule('2', 3, { description: template })], { decoders: [kv()] });
  expect(send('ev id=7').description).toBe('$(id) x');
});
