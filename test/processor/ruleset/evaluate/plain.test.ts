import { describe, expect, test } from 'vitest';
import { compileRuleset } from '../../../../src/processor/ruleset/compile/compile.ts';
import type { Compat, Dialect, Ruleset } from '../../../../src/processor/ruleset/compile/ruleset.ts';
import { createEngine, type Engine, type EngineOptions } from '../../../../src/processor/ruleset/evaluate/engine.ts';
import { EngineState } from '../../../../src/processor/ruleset/evaluate/state.ts';
import { listFields, type Verdict } from '../../../../src/processor/ruleset/evaluate/verdict.ts';
import { CORPORA } from '../../../bench/engine/corpora.ts';
import { compileOssec, compileWazuh, hasConformance, utcTime } from '../../../conformance/support.ts';
import { createRandom, testSeed } from '../../../support/random.ts';
import { createRandomRuleset } from './random-ruleset.ts';

/** The engine with all its indexes against the one that asks everything in order: the same ruleset, the same events. */
const RULESETS = 100;
const EVENTS = 150;
const START_MS = 1_700_000_000_000;

interface Sent {
  readonly log: string;
  readonly location: string;
  readonly timeMs: number;
}

function openPair(ruleset: Ruleset, mode: EngineOptions['mode']): [fast: Engine, plain: Engine] {
  const options = { mode, hostname: 'own', localTime: utcTime };
  return [
    createEngine(ruleset, new EngineState(), options),
    createEngine(ruleset, new EngineState(), { ...options, plain: true }),
  ];
}

/** All that is decided; match limits that were tripped on the way to the same answer may differ. */
function summarize({ event, rule, ...verdict }: Verdict, dialect: Dialect): unknown {
  return {
    ...verdict,
    tripped: undefined,
    rule: rule?.id,
    fields: listFields(event, dialect),
    decoder: [event.decoderName, event.decoderParent, event.category],
    header: [event.programName, event.hostname, event.timestamp, event.log, event.agentId, event.location],
    previous: [...event.previous],
    matched: event.matched,
  };
}

function expectSame([fast, plain]: readonly [Engine, Engine], { log, location, timeMs }: Sent): string | undefined {
  const input = { log, location, timeMs, queue: '1', trusted: true };
  const found = fast.evaluate(input);
  const wanted = plain.evaluate(input);
  const { dialect } = fast.ruleset;
  expect(summarize(found, dialect), log).toEqual(summarize(wanted, dialect));
  return wanted.rule?.id;
}

describe('the engine decides as the plain one', () => {
  const seed = testSeed();
  const variants: [Dialect, Compat, EngineOptions['mode']][] = [
    ['wazuh', 'default', 'live'],
    ['wazuh', 'strict', 'session'],
    ['ossec', 'default', 'session'],
    ['ossec', 'strict', 'live'],
  ];

  test.each(variants)(`random rulesets, %s, %s, %s, SEED=${seed}`, { timeout: 120_000 }, (dialect, compat, mode) => {
    const random = createRandom(seed);
    const fired = new Set<string>();
    let compiled = 0;
    for (let index = 0; index < RULESETS; index++) {
      const { source, line } = createRandomRuleset(random, dialect, compat);
      const { ruleset } = compileRuleset(source);
      if (!ruleset) continue;
      compiled++;
      const pair = openPair(ruleset, mode);
      let timeMs = START_MS;
      for (let count = 0; count < EVENTS; count++) {
        // Clocks go back at times.
        timeMs += random.int(0, 20) === 0 ? -random.int(0, 90_000) : random.int(0, 2000);
        fired.add(expectSame(pair, { ...line(), timeMs }) ?? 'none');
      }
    }
    expect(compiled).toBeGreaterThan(RULESETS / 2);
    expect(fired.size).toBeGreaterThan(20);
  });

  test.skipIf(!hasConformance)('stock lines, wazuh', { timeout: 120_000 }, () => {
    const pair = openPair(compileWazuh({ compat: 'default' }), 'live');
    for (const name of ['mixed', 'sshd', 'auditd', 'none', 'json'] as const) {
      CORPORA[name]()?.forEach((log, index) => {
        if (index < 3000) expectSame(pair, { log, location: '/var/log/x', timeMs: START_MS + index * 10 });
      });
    }
  });

  test.skipIf(!hasConformance)('stock lines, ossec', { timeout: 120_000 }, () => {
    const pair = openPair(compileOssec('default'), 'live');
    for (const name of ['ossec', 'mixed', 'sshd', 'none'] as const) {
      CORPORA[name]()?.forEach((log, index) => {
        if (index < 3000) expectSame(pair, { log, location: '/var/log/x', timeMs: START_MS + index * 10 });
      });
    }
  });
});
