import { describe, expect, test } from 'vitest';
import type { Engine } from '../../src/processor/ruleset/evaluate/engine.ts';
import { openEngine, runLines } from './engine/cases.ts';
import { CORPORA } from './engine/corpora.ts';
import { HAS_STOCK, load, ossecOptions, wazuhOptions } from './engine/rulesets.ts';
import { calibrate } from './runner/calibrate.ts';

/**
 * Guards the speed of the engine by what is the same on every machine: how many rules and decoders an event makes it ask
 * once the indexes have ruled out the others. The limits are a third above what they were when they were written.
 */
interface Asked {
  /** On average for an event. */
  readonly rules: number;
  readonly decoders: number;
}

function countAsked(engine: Engine, lines: readonly string[]): Asked {
  let rules = 0;
  let decoders = 0;
  engine.trace({
    onlyAsked: true,
    tried: () => {
      rules++;
    },
    tested() {},
    decoded: () => {
      decoders++;
    },
  });
  runLines(engine, lines, lines.length);
  return { rules: rules / lines.length, decoders: decoders / lines.length };
}

describe('what an event makes the engine ask', () => {
  test.skipIf(!HAS_STOCK).each([
    ['mixed', { rules: 5.8, decoders: 11.6 }],
    ['json', { rules: 6.7, decoders: 2.7 }],
    ['sshdSources', { rules: 7.6, decoders: 5.9 }],
    ['auditd', { rules: 7.4, decoders: 23.4 }],
    ['none', { rules: 4, decoders: 4.1 }],
  ] as const)('stock Wazuh ruleset, %s', async (corpus, limit) => {
    const asked = countAsked(openEngine(await load(wazuhOptions())), CORPORA[corpus]() ?? []);
    expect(asked.rules).toBeLessThan(limit.rules);
    expect(asked.decoders).toBeLessThan(limit.decoders);
  });

  test.skipIf(!HAS_STOCK).each([
    ['ossec', { rules: 6.2, decoders: 4.5 }],
    ['ossecSshd', { rules: 6.3, decoders: 5 }],
  ] as const)('stock OSSEC ruleset, %s', async (corpus, limit) => {
    const asked = countAsked(openEngine(await load(ossecOptions()!)), CORPORA[corpus]() ?? []);
    expect(asked.rules).toBeLessThan(limit.rules);
    expect(asked.decoders).toBeLessThan(limit.decoders);
  });
});

describe('how fast that is', () => {
  /**
   * Events in the time of one round of the calibration loop, which runs before and after; a tenth of what an idle machine
   * gives, and the best of five tries, so that only a real mistake is seen.
   */
  test('an event costs no more than some rounds of a fixed loop', { timeout: 60_000 }, async () => {
    const engine = openEngine(await load(wazuhOptions()));
    const lines = CORPORA.sshdSources();
    runLines(engine, lines, 20_000);
    const ratios = Array.from({ length: 5 }, () => {
      const before = calibrate();
      const start = process.cpuUsage();
      runLines(engine, lines, 5_000);
      const { user, system } = process.cpuUsage(start);
      return (5_000 * 1e6) / (user + system) / ((before + calibrate()) / 2);
    });
    expect(Math.max(...ratios)).toBeGreaterThan(0.01);
  });
});
