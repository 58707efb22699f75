import { defineConfig } from 'vitest/config';

/** Tests against real peers, which they build or start themselves: minutes, not seconds. Run by `npm run test:real`. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/real/**/*.test.ts'],
    globalSetup: ['test/support/temp-root.ts'],
    testTimeout: 180_000,
    hookTimeout: 1_800_000,
    fileParallelism: false,
  },
});
