import { z } from 'zod';
import { duration } from './duration.ts';
import { section } from './section.ts';

const schema = z.strictObject({
  enabled: z.boolean().default(true).describe('false: one attempt'),
  initial_interval: duration().prefault('5s').describe('Wait before the second attempt'),
  randomization_factor: z.number().min(0).max(1).default(0.5).describe('Part of each wait that is left to chance'),
  multiplier: z.number().min(1).default(1.5).describe('Each wait is longer than the one before by this factor'),
  max_interval: duration().prefault('30s').describe('Longest wait, unless the other side asks for more'),
  max_elapsed_time: duration().prefault('0s').describe('Give up after this time; 0: never'),
});

/** The Collector's `retry_on_failure` block; unlike there, trying ends by default only with success. */
export const retryOnFailureSchema = section(schema);

export type RetryConfig = z.output<typeof schema>;

/** Pure checks of the block; `path` is where it stands in the component's configuration. */
export function validateRetry(config: RetryConfig, path = 'retry_on_failure'): string[] {
  const problems: string[] = [];
  if (config.enabled && config.initial_interval === 0) problems.push(`${path}.initial_interval must not be 0`);
  if (config.max_interval < config.initial_interval) {
    problems.push(`${path}.max_interval is shorter than initial_interval`);
  }
  return problems;
}

/** Waits between attempts: exponential, jittered, and started anew for each thing that is tried. */
export class Backoff {
  readonly #config: RetryConfig;
  readonly #random: () => number;
  #interval: number;

  /** `random` gives numbers from 0 up to 1. */
  constructor(config: RetryConfig, random: () => number = Math.random) {
    this.#config = config;
    this.#random = random;
    this.#interval = config.initial_interval;
  }

  /** Milliseconds to wait before the next attempt, at least what the other side asked for. */
  next(askedMs = 0): number {
    const { multiplier, max_interval: longest, randomization_factor: spread } = this.#config;
    const wait = this.#interval * (1 + spread * (2 * this.#random() - 1));
    this.#interval = Math.min(longest, this.#interval * multiplier);
    return Math.max(wait, askedMs);
  }
}
