import { textToBytes } from '../processor/ruleset/bytes.ts';
import type { Ruleset } from '../processor/ruleset/compile/ruleset.ts';
import type { LocalTime } from '../processor/ruleset/evaluate/conditions.ts';
import { createEngine, type Engine } from '../processor/ruleset/evaluate/engine.ts';
import { EngineState } from '../processor/ruleset/evaluate/state.ts';
import type { Verdict } from '../processor/ruleset/evaluate/verdict.ts';
import { localTime } from '../processor/ruleset/local-time.ts';

export const DEFAULT_LOCATION = 'stdin';

export interface SessionOptions {
  readonly ruleset: Ruleset;
  /** Own host as rules see it. */
  readonly hostname: string;
  /** Epoch milliseconds at which the clock stands still; then the zone is UTC. */
  readonly now?: number;
}

/** Logs of one session share histories, snapshots and counters; a new one knows nothing of them. */
export class Session {
  readonly #options: SessionOptions;
  readonly engine: Engine;
  #isUtc: boolean;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#isUtc = options.now !== undefined;
    this.engine = createEngine(options.ruleset, new EngineState(), {
      mode: 'session',
      hostname: textToBytes(options.hostname),
      localTime: (timeMs) => this.clockAt(timeMs),
    });
  }

  /** Wall clock as rules of this session see it. */
  clockAt(timeMs: number): LocalTime {
    return this.#isUtc ? utcTime(timeMs) : localTime(timeMs);
  }

  /** `log` and `location` are bytes (latin1); `timeMs` is given where the input says when a log arrived. */
  evaluate(log: string, location = DEFAULT_LOCATION, timeMs?: number, queue = '1'): Verdict {
    if (timeMs !== undefined) this.#isUtc = true;
    const time = timeMs ?? this.#options.now ?? Date.now();
    return this.engine.evaluate({ log, location, queue, timeMs: time, trusted: true });
  }
}

function utcTime(timeMs: number): LocalTime {
  const date = new Date(timeMs);
  return { minutes: date.getUTCHours() * 60 + date.getUTCMinutes(), weekday: date.getUTCDay() };
}
