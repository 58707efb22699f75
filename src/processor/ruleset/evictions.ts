import type { Counter } from '@opentelemetry/api';
import type { Host, Settings } from '../../component/host.ts';
import { bytesToText } from './bytes.ts';
import type { Evicted, StateKind } from './evaluate/state/limits.ts';
import type { EngineState } from './evaluate/state.ts';

/** How rules and people know the kinds. */
const NAMES: Readonly<Record<StateKind, string>> = {
  history: 'past events of correlations',
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

  constructor(settings: Settings, host: Host) {
    this.#settings = settings;
    this.#host = host;
    this.#counter = settings.meter.createCounter('hids_ruleset_state_evicted', {
      unit: '{entry}',
      description:
        'Entries of detection state that were forgotten for want of room, by kind and bound: that of one host, or of all',
    });
  }

  /** To be called after every batch. */
  look(state: Pick<EngineState, 'takeEvictions'>): void {
    for (const evicted of state.takeEvictions()) this.#tell(evicted);
  }

  #tell({ kind, bound, count, host }: Evicted): void {
    this.#counter.add(count, { processor: this.#settings.id, kind, bound });
    this.#host.reportHealth({
      name: 'state evicted',
      subject: NAMES[kind],
      fields: { host: bytesToText(host), bound },
      totals: { count },
    });
  }
}
