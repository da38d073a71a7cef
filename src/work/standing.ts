// Whether a planned run is free to be taken by a worker, by nothing but what lies on disk.

import { inspectRunDirectory } from '../run_files/directory.ts';
import { readJob } from '../run_files/job.ts';
import { isFinished } from '../run_files/status.ts';
import { readStopRequest } from '../run_files/stop_request.ts';
import { type PlacedRun, stateOf } from '../run_files/sweep_runs.ts';
import type { RunStatus } from '../run_files/types.ts';
import { readUntil } from '../run_files/until.ts';
import { WORK } from '../sweep/executors/work.ts';
import { numberOf, objectOf } from '../util/json.ts';

/**
 * - `free`: may be taken. - `held`: another process executes it. - `finished`: never run again. - `waits`: for a driver, or
 * for a run that it starts from. - `given up`: failed once too often, asked to stop, or damaged; only a person goes on with it.
 */
export interface Standing {
  kind: 'free' | 'held' | 'finished' | 'waits' | 'given up';
  /** Null where it has none. */
  status: RunStatus | null;
}

/** Of the sweep, as its file says them. */
export interface Rules {
  /** How often a run that failed is tried again by workers themselves. */
  retries: number;
  /** A driver decides which runs there are and how far each may go: one that it has not handed over may not be all there. */
  isStudy: boolean;
  /** A driver lives, and decides what is tried again of that which it has handed over to workers. */
  hasDriver: boolean;
}

export async function standingOf(
  { directory }: PlacedRun,
  { retries, isStudy, hasDriver }: Rules,
  producers: readonly Standing[],
): Promise<Standing> {
  const found = await inspectRunDirectory(directory);
  const status = found?.status ?? null;
  const state = stateOf(found);
  const kind = async (): Promise<Standing['kind']> => {
    if (found === null || found.record === null) return 'waits';
    if (state === 'running') return 'held';
    if (state === 'damaged' || state === 'unknown') return 'given up';
    if (isFinished(state)) return 'finished';
    if ((await readStopRequest(directory)) !== null) return 'given up';
    if (producers.some(({ status }) => status?.state === 'diverged')) return 'given up';
    if (!producers.every(({ status }) => status?.state === 'done' || status?.state === 'stopped')) return 'waits';
    if (isStudy && (await readJob(directory)).value === null) return 'waits';
    const step = status?.step ?? 0;
    const until = await readUntil(directory).catch(() => 0);
    if (until !== null && step >= until) return 'waits';
    if (state === 'failed') return await ofFailed(directory, status?.attempt ?? 0, { retries, hasDriver });
    return 'free';
  };
  return { kind: await kind(), status };
}

/** A driver that leaves its runs to workers decides, with each submission, that there is one more attempt; without it they do. */
async function ofFailed(
  directory: string,
  attempt: number,
  { retries, hasDriver }: Pick<Rules, 'retries' | 'hasDriver'>,
): Promise<'free' | 'given up'> {
  const { value } = await readJob(directory);
  const isHandedOver = value?.executor === WORK;
  const isSaid = isHandedOver && numberOf(objectOf(value.handle).after_attempt) === attempt;
  const isFree = isSaid || (!(isHandedOver && hasDriver) && attempt <= retries);
  return isFree ? 'free' : 'given up';
}
