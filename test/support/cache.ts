// A cache for the suite, deleted behind it: what the engine makes of the tests' models does not belong into the user's.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Processes of tests are started after this, and inherit the variable. */
export default async function setup(): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'cookbook-test-cache-'));
  process.env.XDG_CACHE_HOME = directory;
  return () => rm(directory, { recursive: true, force: true });
}
