/** Time as components see it; tests give one that stands still until told to move. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Epoch nanoseconds, as fine as the machine tells. */
  nowUnixNano(): bigint;
  setTimeout(callback: () => void, delayMs: number): Timer;
}

export interface Timer {
  cancel(): void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  nowUnixNano: () => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e6)),
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
