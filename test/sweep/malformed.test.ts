// Every malformed sweep of the table gets its exact message, without an exception of another kind and without a directory.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MALFORMED } from './malformed.ts';
import { complaints, sweepWorkspace } from './support/sweeps.ts';

describe('a malformed sweep is told what is wrong, and where', () => {
  test.each(MALFORMED)('$name', async ({ yaml, files = {}, overrides, message }) => {
    const directory = await sweepWorkspace('', { ...files, 'sweep.yaml': yaml });
    expect(await complaints(directory, { overrides })).toBe(message);
    expect(existsSync(join(directory, 'runs'))).toBe(false);
  });
});
