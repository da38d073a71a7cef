// Every malformed spec of the table gets its exact message, once, without an exception of another kind.

import { describe, expect, test } from 'vitest';
import { MALFORMED } from './malformed.ts';
import { complaints, DATA, type Files, workspace } from './workspace.ts';

describe('a malformed spec is told what is wrong, and where', () => {
  test.each(MALFORMED)('$name', async ({ yaml, files = {}, overrides, env, message }) => {
    const run: Files = yaml === undefined ? {} : { 'run.yaml': yaml };
    const directory = await workspace({ ...DATA, ...run, ...files });
    expect(await complaints(directory, { overrides, env })).toBe(message);
  });
});
