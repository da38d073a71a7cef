// The suite of what other programs do for a sweep, Ray and Optuna from pip: `npm run test:bridges`.

import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { alias: { 'tinker-cookbook': new URL('src/index.ts', import.meta.url).pathname } },
  test: {
    include: ['test/bridges/**/*.test.ts'],
    globalSetup: ['test/support/build.ts', 'test/support/cache.ts'],
    testTimeout: 300_000,
    hookTimeout: 120_000,
    env: { NO_COLOR: '1', npm_command: 'test' },
    pool: 'forks',
    maxWorkers: 1,
  },
});
