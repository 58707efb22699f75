import type { BatchObservableResult } from '@opentelemetry/api';
import type { Settings } from '../../component/host.ts';

/** Rules with numbers of their own; the stock rulesets have about 4500. */
const MAX_RULES = 20_000;
const OTHERS = 'others';
const NONE = 'none';

interface Numbers {
  matches: number;
  seconds: number;
}

/**
 * Counts events by the rule that won, and the time that deciding about them took. Adds up by itself and is asked when
 * somebody looks, since a counter of the SDK would cost as much as evaluating a line does.
 */
export class RuleTelemetry {
  readonly #rules = new Map<string, Numbers>();
  readonly #close: () => void;

  constructor({ meter, id, pipeline }: Settings) {
    const matches = meter.createObservableCounter('hids_rule_matches', {
      unit: '{event}',
      description: 'Events by the rule that won, of any level; `none` where no rule did',
    });
    const time = meter.createObservableCounter('hids_rule_evaluation_time', {
      unit: 's',
      description: 'Time for decoding and evaluating events, by the rule that won',
    });
    const common = { processor: id, ...(pipeline !== undefined && { pipeline }) };
    const observe = (result: BatchObservableResult) => {
      for (const [rule, numbers] of this.#rules) {
        result.observe(matches, numbers.matches, { ...common, rule });
        result.observe(time, numbers.seconds, { ...common, rule });
      }
    };
    meter.addBatchObservableCallback(observe, [matches, time]);
    this.#close = () => meter.removeBatchObservableCallback(observe, [matches, time]);
  }

  count(rule: string | undefined, milliseconds: number): void {
    this.add(rule ?? NONE, 1, milliseconds / 1000);
  }

  /** What was added up elsewhere. */
  add(name: string, matches: number, seconds: number): void {
    let numbers = this.#rules.get(name);
    if (numbers === undefined) {
      const key = this.#rules.size < MAX_RULES ? name : OTHERS;
      numbers = this.#rules.get(key) ?? { matches: 0, seconds: 0 };
      this.#rules.set(key, numbers);
    }
    numbers.matches += matches;
    numbers.seconds += seconds;
  }

  /** Rules with numbers of their own by now, `none` and `others` included. */
  get size(): number {
    return this.#rules.size;
  }

  close(): void {
    this.#close();
  }
}
