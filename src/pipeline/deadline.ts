import type { Clock } from '../component/clock.ts';

/** Resolves with true when the work ends in time, with false when the time is over first; rejects when the work does. */
export function withDeadline(clock: Clock, work: Promise<unknown>, limitMs: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimeout(() => resolve(false), Math.max(0, limitMs));
    work.then(
      () => {
        timer.cancel();
        resolve(true);
      },
      (error: unknown) => {
        timer.cancel();
        reject(error);
      },
    );
  });
}
