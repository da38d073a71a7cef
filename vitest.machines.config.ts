// The suite of several machines: runs that sshd starts, and two that share a directory, one of which freezes: `npm run test:machines`.

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/machines/**/*.test.ts'],
    globalSetup: ['test/support/build.ts', 'test/machines/setup.ts'],
    testTimeout: 240_000,
    hookTimeout: 60_000,
    env: { NO_COLOR: '1', npm_command: 'test' },
    pool: 'forks',
    maxWorkers: 2,
  },
});
