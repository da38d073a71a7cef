// The suite that opens pages in a real browser, Debian's Chromium: `npm run test:browser`.

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/browser/**/*.test.ts'],
    globalSetup: ['test/browser/setup.ts', 'test/support/cache.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
    // Each file has a browser of its own.
    maxWorkers: 1,
  },
});
