// The suite of the commands as whole processes, as people start them: `npm run test:cli`.

import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { alias: { 'tinker-cookbook': new URL('src/index.ts', import.meta.url).pathname } },
  test: {
    include: ['test/**/*.cli.test.ts'],
    globalSetup: ['test/support/build.ts', 'test/support/cache.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    env: { NO_COLOR: '1', npm_command: 'test' },
    pool: 'forks',
    maxWorkers: 2,
  },
});
