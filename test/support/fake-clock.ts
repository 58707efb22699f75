import type { Clock, Timer } from '../../src/component/clock.ts';

interface Waiting {
  at: number;
  order: number;
  callback: () => void;
}

/** A clock that stands still until the test moves it; timers run inside `advance`, in order of their time. */
export class FakeClock implements Clock {
  #now: number;
  #order = 0;
  #timers: Waiting[] = [];

  /** Starts at the given epoch milliseconds. */
  constructor(now = Date.UTC(2026, 0, 1)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  nowUnixNano(): bigint {
    return BigInt(Math.round(this.#now * 1000)) * 1000n;
  }

  setTimeout(callback: () => void, delayMs: number): Timer {
    const waiting = { at: this.#now + Math.max(0, delayMs), order: this.#order++, callback };
    this.#timers.push(waiting);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((timer) => timer !== waiting);
      },
    };
  }

  /** Timers that have not run yet. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Milliseconds until the next timer; undefined where none waits. */
  get nextDelay(): number | undefined {
    const next = this.#next(Number.POSITIVE_INFINITY);
    return next && next.at - this.#now;
  }

  /** Jumps as NTP or an operator does: no timer runs because of it, and those that wait keep their remaining time. */
  jump(ms: number): void {
    this.#now += ms;
    for (const timer of this.#timers) timer.at += ms;
  }

  /** Moves time on and runs what becomes due; between two timers pending promises get their turn. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (let timer = this.#next(end); timer; timer = this.#next(end)) {
      const due = timer;
      this.#timers = this.#timers.filter((other) => other !== due);
      this.#now = Math.max(this.#now, due.at);
      due.callback();
      await settle();
    }
    this.#now = end;
  }

  #next(end: number): Waiting | undefined {
    let found: Waiting | undefined;
    for (const timer of this.#timers) {
      if (timer.at > end) continue;
      if (!found || timer.at < found.at || (timer.at === found.at && timer.order < found.order)) found = timer;
    }
    return found;
  }
}

/** Lets promises and immediates that are ready run; waits for no time and no input or output. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}
