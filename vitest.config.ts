import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/interop/**', 'test/first_chat/**'],
    globalSetup: ['test/support/build.ts', 'test/support/cache.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Where CI is set, picocolors would colour what the tests compare; under npx, programs tell of npx.
    env: { NO_COLOR: '1', npm_command: 'test' },
    pool: 'forks',
    maxWorkers: 2,
  },
});
