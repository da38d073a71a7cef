// The suite of sweeps on a Slurm cluster that it builds, and breaks: `npm run test:slurm`.

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/slurm/**/*.test.ts'],
    globalSetup: ['test/slurm/setup.ts', 'test/support/cache.ts'],
    testTimeout: 900_000,
    hookTimeout: 60_000,
    env: { NO_COLOR: '1', npm_command: 'test' },
    pool: 'forks',
    // A cluster each.
    maxWorkers: 2,
  },
});
