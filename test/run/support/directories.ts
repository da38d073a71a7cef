// A temporary directory for each test of a file, deleted behind it.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'cookbook-run-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}
