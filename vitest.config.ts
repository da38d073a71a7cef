import { defineConfig } from 'vitest/config';

export default defineConfig({
  // What a plugin imports is this very source, as it is for the plugins that a spec names.
  resolve: { alias: { 'tinker-cookbook': new URL('src/index.ts', import.meta.url).pathname } },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [
      'test/**/*.cli.test.ts',
      'test/bridges/**',
      'test/browser/**',
      'test/crash/**',
      'test/first_chat/**',
      'test/install/**',
      'test/interop/**',
      'test/machines/**',
      'test/slurm/**',
    ],
    globalSetup: ['test/support/build.ts', 'test/support/cache.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Where CI is set, picocolors would colour what the tests compare; under npx, programs tell of npx.
    env: { NO_COLOR: '1', npm_command: 'test' },
    pool: 'forks',
    maxWorkers: 2,
  },
});
