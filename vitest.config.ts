import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/temp-root.ts'],
    setupFiles: ['test/support/property-seed.ts'],
    exclude: ['test/real/**', '**/node_modules/**'],
    // A limit against hanging, not a promise of speed: machines may be slow and busy.
    testTimeout: 120_000,
    coverage: {
      provider: 'v8',
      include: ['src/**'],
      exclude: ['src/**/generated/**'],
      reporter: ['text-summary', 'lcov'],
    },
  },
});
