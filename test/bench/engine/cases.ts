import { createEngine, type Engine, type EventInput } from '../../../src/processor/ruleset/evaluate/engine.ts';
import { EngineState } from '../../../src/processor/ruleset/evaluate/state.ts';
import type { RulesetOptions } from '../../../src/processor/ruleset/load.ts';
import { localTime } from '../../../src/processor/ruleset/local-time.ts';
import type { BenchCase, Workload } from '../runner/case.ts';
import { CORPORA } from './corpora.ts';
import { HAS_STOCK, load, ossecOptions, wazuhOptions } from './rulesets.ts';

/** The clock goes on as if so many events came in a second: windows are as full as at full load. */
const EVENTS_A_SECOND = 20_000;

function engineCase(
  name: string,
  target: number | undefined,
  options: () => RulesetOptions | undefined,
  lines: () => readonly string[] | undefined,
): BenchCase {
  return {
    name: `engine: ${name}`,
    unit: 'events',
    ...(target !== undefined && HAS_STOCK ? { target } : {}),
    prepare: async () => {
      const texts = lines();
      const from = options();
      if (!texts || !from) return undefined;
      const start = performance.now();
      const cpu = process.cpuUsage();
      const engine = openEngine(await load(from));
      feed(engine, texts, 0);
      const { user, system } = process.cpuUsage(cpu);
      return {
        ...engineWorkload(engine, texts),
        startMs: performance.now() - start,
        startCpuMs: (user + system) / 1000,
      };
    },
  };
}

export function openEngine(ruleset: Awaited<ReturnType<typeof load>>): Engine {
  return createEngine(ruleset, new EngineState(), { mode: 'live', hostname: 'bench', localTime });
}

export function engineWorkload(engine: Engine, lines: readonly string[]): Workload {
  let next = 1;
  return {
    bytes: lines.reduce((sum, line) => sum + line.length, 0) / lines.length,
    run(items) {
      runLines(engine, lines, items, next);
      next += items;
      return items;
    },
    one: () => feed(engine, lines, next++),
  };
}

/** Evaluates so many lines, from the one of number `from` on, again from the first behind the last. */
export function runLines(engine: Engine, lines: readonly string[], count: number, from = 0): void {
  for (let index = 0; index < count; index++) feed(engine, lines, from + index);
}

const START_MS = Date.UTC(2026, 0, 5, 12);

function feed(engine: Engine, lines: readonly string[], index: number): void {
  const input: EventInput = {
    log: lines[index % lines.length]!,
    location: '/var/log/messages',
    queue: '1',
    timeMs: START_MS + Math.floor(index / EVENTS_A_SECOND) * 1000,
    trusted: false,
  };
  engine.evaluate(input);
}

export const ENGINE_CASES: readonly BenchCase[] = [
  engineCase('mixed', 163_000, wazuhOptions, CORPORA.mixed),
  engineCase('sshd', 295_000, wazuhOptions, CORPORA.sshd),
  engineCase('sshd, a thousand sources', undefined, wazuhOptions, CORPORA.sshdSources),
  engineCase('no decoder, no rule', 275_000, wazuhOptions, CORPORA.none),
  engineCase('JSON', 115_000, wazuhOptions, CORPORA.json),
  engineCase('auditd', 178_000, wazuhOptions, CORPORA.auditd),
  engineCase('OSSEC, mixed', 178_000, ossecOptions, CORPORA.ossec),
  engineCase('OSSEC, sshd', 220_000, ossecOptions, CORPORA.ossecSshd),
];
