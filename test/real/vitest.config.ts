import { defineConfig } from 'vitest/config';

/** Tests against real servers; `npm test` leaves them out. */
export default defineConfig({
  test: {
    include: ['test/real/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
