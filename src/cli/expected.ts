import { ConfigError } from '../component/errors.ts';
import { StoreCorruptError, StoreLockedError, StoreWriteError } from '../storage/errors.ts';

const EXPECTED = [ConfigError, StoreCorruptError, StoreLockedError, StoreWriteError];

/**
 * Whether an error comes from the world and not from a fault of this program: an address that is taken, a server that is away, a
 * file that may not be read. Its message says it all, where a fault needs its stack.
 */
export function isExpected(error: unknown): error is Error {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const found: Error = cause;
    if (EXPECTED.some((type) => found instanceof type)) return true;
    if (/^E[A-Z0-9]+$/.test(String((found as NodeJS.ErrnoException).code))) return true;
  }
  return false;
}
