// The suite that holds the engine against transformers and peft: `npm run test:interop`.

import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { alias: { 'tinker-cookbook': new URL('src/index.ts', import.meta.url).pathname } },
  test: {
    include: ['test/interop/**/*.test.ts'],
    globalSetup: ['test/interop/setup.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
    // One worker that keeps its modules: all files share one Python process.
    maxWorkers: 1,
    isolate: false,
    reporters: ['default', './test/interop/agreement_reporter.ts'],
  },
});
