// stop.json: why a run ended before its last step.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { StopReason } from '../training/early_stopping.ts';
import { jsonText, writeFileAtomic } from '../util/files.ts';
import { numberOf } from '../util/json.ts';
import { plural } from '../util/plural.ts';
import { readForeignObject } from './foreign_json.ts';

const STOP = 'stop.json';

/** `step`: steps completed. Written before the status says that the run was stopped. */
export async function writeStop(directory: string, stop: StopReason & { step: number }): Promise<void> {
  await writeFileAtomic(join(directory, STOP), jsonText({ schema_version: 1, ...stop }));
}

/** A run that goes on has not stopped. */
export async function removeStop(directory: string): Promise<void> {
  await rm(join(directory, STOP), { force: true });
}

/** Why a run was stopped, in a few words; null where nothing says it. Never throws. */
export function whyStopped(directory: string): string | null {
  const { metric, patience, min_delta } = readForeignObject(join(directory, STOP)).value ?? {};
  if (typeof metric !== 'string' || typeof patience !== 'number') return null;
  return notImproved({ metric, patience, min_delta: numberOf(min_delta) ?? 0 });
}

export function notImproved({
  metric,
  patience,
  min_delta,
}: Pick<StopReason, 'metric' | 'patience' | 'min_delta'>): string {
  const by = min_delta === 0 ? '' : ` by more than ${min_delta}`;
  return `${metric} has not improved${by} in ${plural(patience, 'evaluation')}`;
}
