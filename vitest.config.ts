import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/interop/**'],
    globalSetup: ['test/support/build.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Where CI is set, picocolors would colour what the tests compare.
    env: { NO_COLOR: '1' },
    pool: 'forks',
    maxWorkers: 2,
  },
});
