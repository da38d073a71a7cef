// The suite that kills whole runs again and again, which takes its time: `npm run test:crash`.

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/crash/**/*.test.ts'],
    globalSetup: ['test/support/build.ts', 'test/support/cache.ts'],
    testTimeout: 300_000,
    hookTimeout: 60_000,
    env: { NO_COLOR: '1', npm_command: 'test' },
    pool: 'forks',
    maxWorkers: 2,
  },
});
