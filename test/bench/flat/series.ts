import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createEngine, type Engine, type EventInput } from '../../../src/processor/ruleset/evaluate/engine.ts';
import { DEFAULT_STATE_LIMITS } from '../../../src/processor/ruleset/evaluate/state/limits.ts';
import { EngineState } from '../../../src/processor/ruleset/evaluate/state.ts';
import { loadRuleset, type RulesetOptions } from '../../../src/processor/ruleset/load.ts';
import { localTime } from '../../../src/processor/ruleset/local-time.ts';
import { createRandom, type Random } from '../../support/random.ts';
import { writeListRule, writePrograms, writeSiblings, writeWindowRule } from './content.ts';

/** How the cost of an event depends on the number of one thing. */
export interface FlatSeries {
  readonly name: string;
  /** What the numbers count. */
  readonly unit: string;
  readonly numbers: readonly number[];
  /** Everything that is there before the first event that is measured; `folder` is empty and goes away. */
  open(count: number, folder: string): Promise<FlatCase>;
}

export interface FlatCase {
  readonly engine: Engine;
  /** Inputs in order, made outside of what is measured. */
  next(count: number): EventInput[];
  /** Events that are evaluated first, so that as much is remembered as there is to be. */
  readonly fill: number;
  /** What the memory is measured for: the list, the windows. */
  readonly memory: boolean;
}

const SEED = 20_260_101;
const START_MS = Date.UTC(2026, 0, 5, 12);
const EVENTS_A_SECOND = 20_000;

export const FLAT_SERIES: readonly FlatSeries[] = [
  {
    name: 'rules, 25 of each program',
    unit: 'rules',
    numbers: [100, 300, 1000, 3000, 10_000],
    open: async (count, folder) => {
      const { programs, ...options } = writePrograms(folder, count);
      const kinds = (random: Random) => `app${random.int(0, programs - 1)}[7]: kind-${random.int(0, 23)}`;
      return openCase(options, (random) => ({ log: lineOf(kinds(random), sourceOf(random.int(0, 999))) }));
    },
  },
  {
    name: 'rules below one rule',
    unit: 'rules',
    numbers: [100, 300, 1000, 3000, 10_000],
    open: async (count, folder) =>
      openCase(writeSiblings(folder, count), (random) => ({
        log: lineOf(`app0[7]: kind-${random.int(0, count - 1)}`, sourceOf(random.int(0, 999))),
      })),
  },
  {
    name: 'keys of a list',
    unit: 'keys',
    numbers: [10, 1000, 100_000, 1_000_000, 10_000_000],
    open: async (count, folder) => {
      const list = join(folder, 'list');
      writeList(list, count);
      const flat = await openCase(writeListRule(folder, list), (random) => ({
        log: lineOf('app0[7]: kind-0', sourceOf(random.int(0, count * 2 - 1))),
      }));
      return { ...flat, memory: true };
    },
  },
  {
    name: 'open correlation keys',
    unit: 'keys',
    numbers: [1, 100, 10_000, 100_000, 1_000_000],
    open: async (count, folder) => {
      const flat = await openCase(
        writeWindowRule(folder),
        (_random, index) => ({ log: lineOf('app0[7]: kind-0', sourceOf(index % count)) }),
        count,
      );
      return { ...flat, fill: Math.max(count, 10_000), memory: true };
    },
  },
  {
    name: 'hosts',
    unit: 'hosts',
    numbers: [1, 10, 100, 1000, 10_000],
    open: async (count, folder) => {
      const flat = await openCase(writeWindowRule(folder), (random, index) => {
        const name = `host${index % count}`;
        const log = lineOf('app0[7]: kind-0', sourceOf(random.int(0, 99_999)));
        return { log, agentId: name, agentName: name, location: `(${name}) any->/var/log/app.log` };
      });
      return { ...flat, fill: 40_000 };
    },
  },
];

async function openCase(
  options: RulesetOptions,
  inputOf: (random: Random, index: number) => Partial<EventInput> & { log: string },
  keys = 0,
): Promise<FlatCase> {
  const { ruleset, diagnostics } = await loadRuleset(options);
  const wrong = diagnostics.filter(({ severity }) => severity !== 'info');
  if (!ruleset || wrong.length > 0) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
  const history = { entries: keys, bytes: 2 ** 40, hostEntries: keys, hostBytes: 2 ** 40 };
  const state = new EngineState({ history: keys === 0 ? DEFAULT_STATE_LIMITS.history : history });
  const engine = createEngine(ruleset, state, { mode: 'live', hostname: 'bench', localTime });
  const random = createRandom(SEED);
  let index = 0;
  const next = (count: number) =>
    Array.from({ length: count }, (): EventInput => {
      const timeMs = START_MS + Math.floor(index / EVENTS_A_SECOND) * 1000;
      return { location: '/var/log/app.log', queue: '1', timeMs, trusted: false, ...inputOf(random, index++) };
    });
  return { engine, next, fill: 50_000, memory: false };
}

function lineOf(message: string, source: string): string {
  return `Dec 10 01:02:02 web01 ${message} happened for user alice from ${source}`;
}

/** Far apart, as addresses in lists are. */
function sourceOf(index: number): string {
  const mixed = Math.imul(index, 0x9e3779b1) >>> 0;
  return `${mixed >>> 24}.${(mixed >>> 16) & 255}.${(mixed >>> 8) & 255}.${mixed & 255}`;
}

function writeList(path: string, keys: number): void {
  const file = openSync(path, 'w');
  let text = '';
  for (let index = 0; index < keys; index++) {
    text += `${sourceOf(index)}:red\n`;
    if (text.length < 4 * 1024 * 1024 && index < keys - 1) continue;
    writeSync(file, text, null, 'latin1');
    text = '';
  }
  closeSync(file);
}
