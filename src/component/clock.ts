/** Time as components see it; tests give one that stands still until told to move. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Epoch nanoseconds, in whole milliseconds: what is left open below tells that the time is no finer than that. */
  nowUnixNano(): bigint;
  setTimeout(callback: () => void, delayMs: number): Timer;
}

export interface Timer {
  cancel(): void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  // Not `performance`: it does not follow corrections of the clock, and its digits would make records read in one go look
  // as if they had a precise time of their own, so that alerts on equal lines could not be told apart by a backend.
  nowUnixNano: () => BigInt(Date.now()) * 1_000_000n,
  setTimeout(callback, delayMs) {
    const timer = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Resolves after the delay, or at once when the signal aborts. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      timer.cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.setTimeout(done, delayMs);
    signal?.addEventListener('abort', done, { once: true });
  });
}
