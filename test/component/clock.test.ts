import { afterEach, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/component/clock.ts';

afterEach(() => {
  vi.useRealTimers();
});

it('tells nanoseconds from the clock of the system, corrections included, and no finer than it knows them', () => {
  vi.useFakeTimers({ now: 1_700_000_000_123, toFake: ['Date'] });
  expect(systemClock.nowUnixNano()).toBe(1_700_000_000_123_000_000n);
  vi.setSystemTime(1_600_000_000_007);
  expect(systemClock.nowUnixNano()).toBe(1_600_000_000_007_000_000n);
});
