// stop.json: why a run ended before its last step.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { StopReason } from '../training/early_stopping.ts';
import { jsonText, writeFileAtomic } from '../util/files.ts';
import { numberOf } from '../util/json.ts';
import { plural } from '../util/plural.ts';
import { readForeignObject } from './foreign_json.ts';
import { awaitLease } from './lease.ts';
import { isFinished, readStatus, writeStatus } from './status.ts';
import { removeStopRequest } from './stop_request.ts';
import type { RunStatus } from './types.ts';

const STOP = 'stop.json';
const SWEEP = 'sweep';
/** Its last process may still be letting go. */
const PATIENCE_MS = 5_000;

/** `step`: steps completed. Written before the status says that the run was stopped. */
export async function writeStop(directory: string, stop: StopReason & { step: number }): Promise<void> {
  await writeFileAtomic(join(directory, STOP), jsonText({ schema_version: 1, ...stop }));
}

/** What a sweep says of a run that it has given up, or that waits until it is worth going on with. */
export interface GivenUp {
  /** One sentence for people. */
  reason: string;
  metric: string;
  /** The value that it was judged by, and the steps completed then. */
  value: number | null;
  step: number;
}

/** Writes down that a run which has ended is not gone on with. One that has come to another end meanwhile keeps that. */
export async function giveUpRun(directory: string, given: GivenUp): Promise<void> {
  await underLease(directory, async (status) => {
    if (isFinished(status.state)) return;
    await writeFileAtomic(join(directory, STOP), jsonText({ schema_version: 1, by: SWEEP, ...given }));
    await writeStatus(directory, { ...status, state: 'stopped', error: null, updated_at: new Date().toISOString() });
  });
}

/** What a sweep said when it gave up the run; null where it was not a sweep. Never throws. */
export function readGivenUp(directory: string): GivenUp | null {
  const { by, reason, metric, value, step } = readForeignObject(join(directory, STOP)).value ?? {};
  if (by !== SWEEP || typeof reason !== 'string' || typeof metric !== 'string') return null;
  return { reason, metric, value: numberOf(value), step: numberOf(step) ?? 0 };
}

/** Has a run that a sweep gave up go on when it is executed next. */
export async function reopenRun(directory: string): Promise<void> {
  await underLease(directory, async (status) => {
    if (status.state !== 'stopped') return;
    await writeStatus(directory, { ...status, state: 'interrupted', updated_at: new Date().toISOString() });
    await removeStop(directory);
  });
}

async function underLease(directory: string, change: (status: RunStatus) => Promise<void>): Promise<void> {
  const lease = await awaitLease(directory, PATIENCE_MS);
  try {
    const { value } = await readStatus(directory);
    if (value !== null) await change(value);
    // Whoever was asked to stop it is past that.
    await removeStopRequest(directory);
  } finally {
    await lease.release();
  }
}

/** A run that goes on has not stopped. */
export async function removeStop(directory: string): Promise<void> {
  await rm(join(directory, STOP), { force: true });
}

/** Why a run was stopped, in a few words; null where nothing says it. Never throws. */
export function whyStopped(directory: string): string | null {
  const { by, reason, metric, patience, min_delta } = readForeignObject(join(directory, STOP)).value ?? {};
  if (by === SWEEP) return typeof reason === 'string' ? reason : null;
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
