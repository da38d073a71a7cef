// stop.json: why a run ended before its last step.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { StopReason } from '../training/early_stopping.ts';
import { jsonText, writeFileAtomic } from '../util/files.ts';

const STOP = 'stop.json';

/** `step`: steps completed. Written before the status says that the run was stopped. */
export async function writeStop(directory: string, stop: StopReason & { step: number }): Promise<void> {
  await writeFileAtomic(join(directory, STOP), jsonText({ schema_version: 1, ...stop }));
}

/** A run that goes on has not stopped. */
export async function removeStop(directory: string): Promise<void> {
  await rm(join(directory, STOP), { force: true });
}
