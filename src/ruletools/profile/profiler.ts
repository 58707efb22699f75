import { basename } from 'node:path';
import { bytesToText } from '../../processor/ruleset/bytes.ts';
import type { Decoder, Rule } from '../../processor/ruleset/compile/ruleset.ts';
import type { EngineTracer } from '../../processor/ruleset/evaluate/engine.ts';
import type { Session } from '../session.ts';

/** What one rule or decoder took. */
export interface Cost {
  /** Rule id, or name of the decoder as written. */
  readonly name: string;
  /** File name and line. */
  readonly place: string;
  /** How often it was asked: rules and decoders that an index rules out are not. */
  readonly checks: number;
  readonly matches: number;
  readonly microseconds: number;
}

export interface Profile {
  readonly events: number;
  /** Time of all events; more than the sum of what follows, which leaves the work in between out. */
  readonly microseconds: number;
  /** The most expensive first. */
  readonly decoders: readonly Cost[];
  readonly rules: readonly Cost[];
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/**
 * Measures which rules and decoders the time of a session goes into, with all indexes in use, as in production. Reading
 * the clock takes about 50 ns a check, so the figures are for comparing with each other.
 */
export class Profiler implements EngineTracer {
  readonly onlyAsked = true;
  readonly #decoders = new Map<Decoder, Writable<Cost>>();
  readonly #rules = new Map<Rule, Writable<Cost>>();
  #events = 0;
  #milliseconds = 0;
  #mark = 0;

  /** Runs one line through a session. */
  evaluate(session: Session, line: string): void {
    session.engine.trace(this);
    const begun = performance.now();
    this.#mark = begun;
    session.evaluate(line);
    this.#milliseconds += performance.now() - begun;
    this.#events++;
  }

  decoded(decoder: Decoder, _step: unknown, matched: boolean): void {
    let cost = this.#decoders.get(decoder);
    if (!cost) {
      cost = createCost(bytesToText(decoder.ownName), decoder.span);
      this.#decoders.set(decoder, cost);
    }
    this.#charge(cost, matched);
  }

  tried(): void {
    this.#mark = performance.now();
  }

  tested(rule: Rule, failed: unknown): void {
    let cost = this.#rules.get(rule);
    if (!cost) {
      cost = createCost(rule.id, rule.span);
      this.#rules.set(rule, cost);
    }
    this.#charge(cost, failed === undefined);
  }

  finish(): Profile {
    return {
      events: this.#events,
      microseconds: this.#milliseconds * 1000,
      decoders: byTime(this.#decoders.values()),
      rules: byTime(this.#rules.values()),
    };
  }

  #charge(cost: Writable<Cost>, matched: boolean): void {
    const now = performance.now();
    cost.checks++;
    if (matched) cost.matches++;
    cost.microseconds += (now - this.#mark) * 1000;
    this.#mark = now;
  }
}

function createCost(name: string, { file, line }: Rule['span']): Writable<Cost> {
  return { name, place: `${basename(file)}:${line}`, checks: 0, matches: 0, microseconds: 0 };
}

function byTime(costs: Iterable<Cost>): Cost[] {
  return [...costs].sort((a, b) => b.microseconds - a.microseconds);
}
