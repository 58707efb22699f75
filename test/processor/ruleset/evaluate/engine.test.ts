import { describe, expect, test } from 'vitest';
import type { Rule } from '../../../../src/processor/ruleset/compile/ruleset.ts';
import { createEngine, type EventInput } from '../../../../src/processor/ruleset/evaluate/engine.ts';
import { EngineState } from '../../../../src/processor/ruleset/evaluate/state.ts';
import { listFields } from '../../../../src/processor/ruleset/evaluate/verdict.ts';
import { MatchLimitError } from '../../../../src/processor/ruleset/matcher/types.ts';
import { condition, correlation, decoder, type RulesetParts, ref, rule, ruleset, searcher } from './ruleset-builder.ts';

const START = 1_700_000_000;
const localTime = () => ({ minutes: 12 * 60, weekday: 1 });

function engineOf(rules: readonly Rule[], parts: RulesetParts = {}, mode: 'live' | 'session' = 'live') {
  const engine = createEngine(ruleset(rules, parts), new EngineState(), { mode, hostname: 'mgr', localTime });
  let second = START;
  const send = (log: string, more: Partial<EventInput> = {}) =>
    engine.evaluate({ log, location: '/l', queue: '1', timeMs: second++ * 1000, trusted: true, ...more });
  const run = (...logs: string[]) => logs.map((log) => send(log).rule?.id);
  return { engine, send, run };
}

describe('walk', () => {
  test('the first sibling that holds wins, the deepest below it', () => {
    const child = rule('3', 3, { conditions: [condition.match(/deep/)] });
    const { run } = engineOf([
      rule('2', 0, { conditions: [condition.match(/quiet/)] }),
      rule('10', 5, { conditions: [condition.match(/a/)], children: [child] }),
      rule('11', 12, { conditions: [condition.match(/a/)] }),
    ]);
    expect(run('a', 'a deep', 'a quiet', 'b')).toEqual(['10', '3', '2', undefined]);
  });

  test('a noalert rule lets its siblings have a try', () => {
    const { run } = engineOf([
      rule('10', 5, { noalert: true, children: [rule('11', 5, { conditions: [condition.match(/x/)] })] }),
      rule('12', 4),
    ]);
    expect(run('x', 'y')).toEqual(['11', '12']);
  });

  test('rules with many parents are asked once an event', () => {
    let asked = 0;
    const counting = { language: 'pcre2', pattern: '', test: () => ++asked < 0 };
    let layer: Rule[] = [
      rule('900', 3, {
        conditions: [{ ...condition.match(/x/), matcher: counting } as ReturnType<typeof condition.match>],
      }),
    ];
    for (let depth = 0; depth < 40; depth++) {
      const children = layer;
      layer = [0, 1].map((side) => rule(`${100 + depth * 2 + side}`, 3, { noalert: true, children }));
    }
    const { run } = engineOf(layer);
    expect(run('x', 'y')).toEqual([undefined, undefined]);
    expect(asked).toBe(2);
  });

  test('a tree of 20,000 levels does not grow the stack', () => {
    let deepest = rule('20000', 3);
    for (let id = 19_999; id >= 10; id--) deepest = rule(String(id), 3, { children: [deepest] });
    // The builder walks recursively, the engine must not.
    const shallow = ruleset([rule('5', 3)]);
    const roots = [{ ...shallow.roots[0]!, children: [deepest] }];
    const engine = createEngine({ ...shallow, roots }, new EngineState(), { mode: 'live', hostname: 'h', localTime });
    const input: EventInput = { log: 'x', location: 'l', queue: '1', timeMs: 0, trusted: true };
    expect(engine.evaluate(input).rule?.id).toBe('20000');
  });

  test.each([
    ['a step limit', () => new MatchLimitError('(a+)+$')],
    ['a stack limit', () => new RangeError('Maximum call stack size exceeded')],
  ])('%s that trips is no match and is reported', (_kind, makeError) => {
    const exploding = {
      language: 'pcre2',
      pattern: '(a+)+$',
      test: () => {
        throw makeError();
      },
    };
    const { send } = engineOf([
      rule('10', 5, {
        conditions: [{ ...condition.match(/x/), matcher: exploding } as ReturnType<typeof condition.match>],
      }),
      rule('11', 3),
    ]);
    const verdict = send('aaaa');
    expect(verdict.rule?.id).toBe('11');
    expect(verdict.tripped).toEqual([{ owner: '10', pattern: '(a+)+$' }]);
    expect(send('b').tripped).toHaveLength(1);
  });
});

describe('check_diff', () => {
  const rules = [rule('533', 7, { conditions: [condition.match(/^out/), condition.diff()] })];

  test('first sight is silent and reported, a change shows the old text', () => {
    const { send } = engineOf(rules);
    const first = send('out 1');
    expect(first.rule).toBeUndefined();
    expect(first.baselines).toEqual([{ ruleId: '533' }]);
    expect(send('out 1').baselines).toEqual([]);
    const changed = send('out 2');
    expect(changed.rule?.id).toBe('533');
    expect(changed.event.previous).toEqual(['Previous output:', 'out 1']);
    expect(changed.event.previousLog).toBe('out 1');
  });

  test.each<['default' | 'strict', (string | undefined)[]]>([
    ['default', [undefined, undefined, undefined, undefined]],
    ['strict', [undefined, '533', '533', '533']],
  ])('two commands under one rule, compat %s', (compat, ids) => {
    const { send } = engineOf(rules, { compat });
    const runs = ['a', 'b', 'a', 'b'].map((alias) => send(`out of ${alias}`, { alias }).rule?.id);
    expect(runs).toEqual(ids);
  });

  test('a search below it that finds nothing takes the previous output away, not the old text', () => {
    const search = rule('534', 9, { correlation: correlation('533', { needed: 5 }) });
    const { send } = engineOf([{ ...rules[0]!, keepsHistory: true, children: [search] }]);
    send('out 1');
    const changed = send('out 2');
    expect([changed.rule?.id, changed.event.previous, changed.event.previousLog]).toEqual(['533', [], 'out 1']);
  });

  test.each<['default' | 'strict', (string | undefined)[], string[][]]>([
    ['default', [undefined, undefined, undefined, '533'], [[], [], ['533'], []]],
    ['strict', [undefined, undefined, '533', '533'], [[], [], [], []]],
  ])('a run older than the last is left out, compat %s', (compat, ids, stale) => {
    const { send } = engineOf(rules, { compat });
    const runs = [
      send('out 1', { runTimeMs: 1000 }),
      send('out 1', { runTimeMs: 3000 }),
      send('out 2', { runTimeMs: 2000 }),
      send('out 3', { runTimeMs: 4000 }),
    ];
    expect(runs.map((verdict) => verdict.rule?.id)).toEqual(ids);
    expect(runs.map((verdict) => verdict.stale)).toEqual(stale);
  });

  test('agents have slots of their own', () => {
    const { send } = engineOf(rules);
    const from = (name: string, log: string) => send(log, { location: `[001] (${name}) any->c` }).rule?.id;
    expect([from('w1', 'out 1'), from('w2', 'out 2'), from('w1', 'out 1'), from('w2', 'out 3')]).toEqual([
      undefined,
      undefined,
      undefined,
      '533',
    ]);
  });

  test('logs of 64 KiB are refused and named', () => {
    const { send } = engineOf(rules);
    expect(send(`out${'x'.repeat(65536 - 3)}`).tooLarge).toEqual(['533']);
    expect(send(`out${'x'.repeat(65535 - 3)}`).tooLarge).toEqual([]);
  });
});

describe('correlation', () => {
  const base = rule('5710', 5, { conditions: [condition.match(/^bad/)], keepsHistory: true });
  const kv = decoder('kv', {
    prematch: { search: searcher(/^bad /), start: 'log' },
    regex: { search: searcher(/ip=(\S+)/), start: 'log', order: [ref('srcip')] },
  });
  const withBurst = (parts: Parameters<typeof correlation>[1]) => [
    { ...base, children: [rule('5712', 10, { correlation: correlation('5710', parts) })] },
  ];

  test('fires on the event that completes the number, then needs fresh ones', () => {
    const { run } = engineOf(withBurst({ needed: 3 }));
    expect(run(...Array<string>(8).fill('bad'))).toEqual([
      '5710',
      '5710',
      '5710',
      '5712',
      '5710',
      '5710',
      '5710',
      '5712',
    ]);
  });

  test('same_srcip and agents keep apart', () => {
    const { send } = engineOf(withBurst({ same: ['srcip'] }), { decoders: [kv] });
    const ids = [
      send('bad ip=1.1.1.1'),
      send('bad ip=2.2.2.2'),
      send('bad ip=1.1.1.1', { location: '[001] (a) any->x' }),
      send('bad none'),
      send('bad ip=1.1.1.1'),
    ].map((verdict) => verdict.rule?.id);
    expect(ids).toEqual(['5710', '5710', '5710', '5710', '5712']);
  });

  test('events outside of the time frame do not count, its edge does', () => {
    const { send } = engineOf(withBurst({ timeframe: 10 }));
    send('bad', { timeMs: START * 1000 });
    expect(send('bad', { timeMs: (START + 10) * 1000 }).rule?.id).toBe('5712');
    expect(send('bad', { timeMs: (START + 21) * 1000 }).rule?.id).toBe('5710');
  });

  test('memory bounds the histories', () => {
    const { run } = engineOf([...withBurst({ needed: 12, timeframe: 1000 }), rule('9', 3)], { memorySize: 20 });
    run(...Array<string>(11).fill('bad'), ...Array<string>(10).fill('other'));
    expect(run('bad')).toEqual(['5710']);
  });
});

describe('ignore seconds', () => {
  const rules = [rule('100', 5, { ignoreSeconds: 60, conditions: [condition.match(/a/)] })];
  const at = (mode: 'live' | 'session') => {
    const { send } = engineOf(rules, {}, mode);
    return [0, 59, 60, 61, 62].map((second) => send('a', { timeMs: (START + second) * 1000 }));
  };

  test('live: alerts once a window, the parent stands in meanwhile', () => {
    const verdicts = at('live');
    expect(verdicts.map((verdict) => verdict.alert)).toEqual([true, false, true, false, false]);
    expect(verdicts.map((verdict) => verdict.rule?.id)).toEqual(['100', '1', '100', '1', '1']);
  });

  test('session: the window re-arms one event late', () => {
    const verdicts = at('session');
    expect(verdicts.map((verdict) => verdict.alert)).toEqual([true, false, true, true, false]);
    expect(verdicts.map((verdict) => verdict.rule?.id)).toEqual(['100', '100', '100', '100', '100']);
  });
});

describe('control messages', () => {
  const ossec = decoder('ossec', { type: 'ossec', prematch: { search: searcher(/^ossec: /), start: 'log' } });

  test.each<[trusted: boolean, compat: 'default' | 'strict', name: string | undefined]>([
    [true, 'default', 'ossec'],
    [false, 'default', undefined],
    [false, 'strict', 'ossec'],
  ])('trusted %s, compat %s: decoder %s', (trusted, compat, name) => {
    const { send } = engineOf([], { decoders: [ossec], compat });
    expect(send("ossec: output: 'x':", { trusted }).event.decoderName).toBe(name);
  });
});

describe('forwarded alerts', () => {
  const oa = decoder('oa', {
    prematch: { search: searcher(/^Alert Level: /), start: 'log' },
    plugin: { name: 'OSSECAlert_Decoder', start: 'log' },
  });
  const rules = [
    rule('100', 7, { conditions: [condition.match(/never/)] }),
    rule('101', 5, { conditions: [condition.match(/^out/), condition.diff()] }),
  ];
  const forwarded = 'Alert Level: 7; Rule: 100 - text; Location: web->/x; srcip: 1.1.1.1;  the log';

  test('name their rule; live they alert, in a session they do not', () => {
    const live = engineOf(rules, { decoders: [oa] }).send(forwarded);
    expect(live).toMatchObject({ rule: { id: '100' }, alert: true, firedtimes: 0 });
    expect(live.event).toMatchObject({ fullLog: 'the log', location: '/l|web->/x', hostname: '/l|web->/x' });
    expect(engineOf(rules, { decoders: [oa] }, 'session').send(forwarded)).toMatchObject({
      rule: { id: '100' },
      alert: false,
    });
  });

  test('do not repeat what the event before them brought to light', () => {
    const { send } = engineOf(rules, { decoders: [oa] });
    expect(send('out 1').baselines).toHaveLength(1);
    expect(send(forwarded).baselines).toEqual([]);
  });
});

describe('bad input', () => {
  test('hostile field names are names', () => {
    const json = decoder('json', {
      prematch: { search: searcher(/^\{/), start: 'log' },
      plugin: { name: 'JSON_Decoder', start: 'log' },
    });
    const { send } = engineOf([rule('2', 3, { conditions: [condition.field('__proto__.x', /^1$/)] })], {
      decoders: [json],
    });
    const verdict = send('{"__proto__":{"x":1},"constructor":"c","toString":"t"}');
    expect(verdict.rule?.id).toBe('2');
    expect(listFields(verdict.event, 'wazuh')).toEqual([
      ['__proto__.x', '1'],
      ['constructor', 'c'],
      ['toString', 't'],
    ]);
  });

  test('a broken agent location is an error, not an event', () => {
    const { send } = engineOf([rule('2', 3)]);
    expect(send('x', { location: '[001' })).toMatchObject({ error: 'format', rule: undefined });
  });

  test('a queue without a decoder says which', () => {
    const { send } = engineOf([rule('2', 3)]);
    expect(send('x', { queue: '9' })).toMatchObject({ dropped: 'queue-not-built', detail: 'rootcheck (queue 9)' });
  });
});
