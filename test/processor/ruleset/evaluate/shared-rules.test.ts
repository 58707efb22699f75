import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Condition, Rule, Ruleset } from '../../../../src/processor/ruleset/compile/ruleset.ts';
import { createEngine } from '../../../../src/processor/ruleset/evaluate/engine.ts';
import { EngineState } from '../../../../src/processor/ruleset/evaluate/state.ts';
import { condition, correlation, decoder, ref, rule, ruleset, searcher } from './ruleset-builder.ts';

interface RuleSpec {
  readonly level: number;
  readonly noalert: boolean;
  readonly letter: string;
  readonly stateful: 'diff' | 'fts' | 'none';
  /** Earlier rules it hangs under, as bits. */
  readonly parents: number;
  /** Counts the events of this earlier rule. */
  readonly watches: number | undefined;
  readonly needed: number;
}

const LETTERS = 'abc';

const specs = fc.array(
  fc.record<RuleSpec>({
    level: fc.integer({ min: 0, max: 3 }),
    noalert: fc.boolean(),
    letter: fc.constantFrom(...LETTERS, ''),
    stateful: fc.constantFrom('diff', 'fts', 'none', 'none'),
    parents: fc.integer({ min: 0, max: 255 }),
    watches: fc.option(fc.integer({ min: 0, max: 7 }), { nil: undefined }),
    needed: fc.integer({ min: 1, max: 3 }),
  }),
  { minLength: 2, maxLength: 8 },
);

/** Rules in load order, each a child of earlier ones: the rule object is shared by all its parents. */
function build(list: readonly RuleSpec[]): Rule[] {
  const made: Rule[] = [];
  const children = list.map((): Rule[] => []);
  const top: Rule[] = [];
  for (const [index, spec] of list.entries()) {
    const conditions: Condition[] = spec.letter === '' ? [] : [condition.match(new RegExp(spec.letter))];
    if (spec.stateful === 'diff') conditions.push(condition.diff());
    if (spec.stateful === 'fts') conditions.push(condition.fts());
    const watched = spec.watches === undefined || spec.watches >= index ? undefined : String(10 + spec.watches);
    const one = rule(String(10 + index), spec.level, {
      noalert: spec.noalert,
      conditions,
      keepsHistory: true,
      children: children[index]!,
      correlation: watched === undefined ? undefined : correlation(watched, { needed: spec.needed, timeframe: 20 }),
    });
    made.push(one);
    let placed = false;
    for (let parent = 0; parent < index; parent++) {
      if (((spec.parents >> parent) & 1) === 0) continue;
      children[parent]!.push(one);
      placed = true;
    }
    if (!placed) top.push(one);
  }
  return top;
}

/** The originals' tree: a copy of the rule for every place it hangs at. */
function unfold(one: Rule): Rule {
  return { ...one, children: one.children.map(unfold) };
}

const kv = decoder('kv', {
  prematch: { search: searcher(/^\w/), start: 'log' },
  regex: { search: searcher(/^(\w)/), start: 'log', order: [ref('id')] },
  fts: { slots: new Set(['id']), dynamic: [] },
});

function run(set: Ruleset, logs: readonly string[]) {
  const engine = createEngine(set, new EngineState(), {
    mode: 'live',
    hostname: 'h',
    localTime: () => ({ minutes: 0, weekday: 0 }),
  });
  return logs.map((log, second) => {
    const verdict = engine.evaluate({ log, location: 'l', queue: '1', timeMs: second * 1000, trusted: true });
    return [verdict.rule?.id, verdict.firedtimes, [...verdict.event.previous]];
  });
}

test('a rule under several parents decides as if it hung there several times', () => {
  fc.assert(
    fc.property(
      specs,
      fc.array(fc.string({ unit: fc.constantFrom(...LETTERS), maxLength: 3 }), { maxLength: 25 }),
      (list, logs) => {
        const shared = build(list);
        const parts = { decoders: [kv] };
        expect(run(ruleset(shared, parts), logs)).toEqual(run(ruleset(shared.map(unfold), parts), logs));
      },
    ),
    { numRuns: 2000 },
  );
});

test('a tree that doubles with every rule ends, also where its rules search past events', () => {
  let layer = [rule('500', 3, { correlation: correlation('1', { needed: 5 }) })];
  for (let depth = 0; depth < 60; depth++) {
    const children = layer;
    layer = [0, 1].map((side) => rule(`${1000 + depth * 2 + side}`, 3, { noalert: true, children }));
  }
  expect(run(ruleset(layer), ['a', 'b'])).toEqual([
    [undefined, 0, []],
    [undefined, 0, []],
  ]);
});
