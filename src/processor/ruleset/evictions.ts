import type { Counter } from '@opentelemetry/api';
import type { Host, Settings } from '../../component/host.ts';
import type { EngineState } from './evaluate/state.ts';

type Kind = keyof ReturnType<EngineState['evictions']>;

/** How rules and people know the kinds. */
const NAMES: Readonly<Record<Kind, string>> = {
  diff: 'check_diff snapshots',
  fts: 'first-seen keys',
  ignore: 'ignore keys',
  accumulator: 'accumulated events',
};

/**
 * Counts what the engine forgot for want of room, and tells the rules: the next event of its kind is taken for the first
 * one, which somebody may have brought about.
 */
export class EvictionReports {
  readonly #settings: Settings;
  readonly #host: Host;
  readonly #counter: Counter;
  readonly #known = new Map<Kind, number>();

  constructor(settings: Settings, host: Host) {
    this.#settings = settings;
    this.#host = host;
    this.#counter = settings.meter.createCounter('hids_ruleset_state_evicted', {
      unit: '{entry}',
      description: 'Entries of detection state that were forgotten for want of room, by kind',
    });
  }

  /** To be called after every batch. */
  look(state: Pick<EngineState, 'evictions'>): void {
    for (const [name, total] of Object.entries(state.evictions())) {
      const kind = name as Kind;
      const count = total - (this.#known.get(kind) ?? 0);
      if (count === 0) continue;
      this.#known.set(kind, total);
      if (count < 0) continue;
      this.#counter.add(count, { processor: this.#settings.id, kind });
      this.#host.reportHealth({ name: 'state evicted', subject: NAMES[kind], totals: { count } });
    }
  }
}
