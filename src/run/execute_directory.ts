// A prepared run directory to an executed run, with little to load: a sweep starts a process for each.

import type { Registry } from '../registry/registry.ts';
import { type KeptBest, keptBest } from '../run_files/best_checkpoint.ts';
import { listCheckpoints } from '../run_files/checkpoint_log.ts';
import { readRunRecord } from '../run_files/directory.ts';
import { seeRun } from '../run_files/seen_run.ts';
import { whyStopped } from '../run_files/stop.ts';
import type { RunRecord, RunStatus } from '../run_files/types.ts';
import { newestIterationFile } from '../training/iteration_directory.ts';
import { type ExecuteOptions, executeRun } from './execute.ts';

/** A run that this process has executed, or has found finished. */
export interface EndedRun {
  directory: string;
  record: RunRecord;
  status: RunStatus;
  /** False when there was nothing left to do. */
  executed: boolean;
  /** Whether there is a checkpoint to go on from. */
  resumable: boolean;
  /** The page with what a policy said in its last batch, from the directory; null where the run has none. */
  transcript: string | null;
  /** Why it was stopped early; null where it was not. */
  stopped: string | null;
  /** Weights that did better than the last ones; null where none are known to. */
  best: KeptBest | null;
}

/** Executes a directory with the builders that the registry holds. */
export async function executeDirectory(
  directory: string,
  registry: Registry,
  options: ExecuteOptions,
): Promise<EndedRun> {
  let executed = false;
  const onEvent: ExecuteOptions['onEvent'] = (event) => {
    executed = true;
    options.onEvent(event);
  };
  const status = await executeRun(directory, registry, { ...options, onEvent });
  // A log that is damaged is told by the run that reads it.
  const checkpoints = await listCheckpoints(directory).catch(() => []);
  const resumable = checkpoints.some(({ state_path }) => state_path !== undefined);
  const transcript = await newestIterationFile(directory, 'train.html');
  return {
    directory,
    record: await readRunRecord(directory),
    status,
    executed,
    resumable,
    transcript,
    ...howItEnded(directory),
  };
}

/** What the files of a run say of its end beside its status. */
export function howItEnded(directory: string): Pick<EndedRun, 'stopped' | 'best'> {
  const run = seeRun(directory);
  return { stopped: run.state === 'stopped' ? whyStopped(directory) : null, best: keptBest(run) };
}
