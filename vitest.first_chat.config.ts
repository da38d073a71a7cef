// What a newcomer does first, in full and over ten seeds: `npm run test:first-chat`, some ten minutes.

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/first_chat/**/*.test.ts'],
    globalSetup: ['test/support/build.ts', 'test/support/cache.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    env: { NO_COLOR: '1', npm_command: 'test' },
    pool: 'forks',
    // Each training takes all cores.
    maxWorkers: 1,
  },
});
