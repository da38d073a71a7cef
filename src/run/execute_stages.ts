// The runs of one spec, one after the other: each once those that it starts from are done.

import { readRunRecord } from '../run_files/directory.ts';
import { pendingStatus, readStatus } from '../run_files/status.ts';
import { type EndedRun, howItEnded } from './execute_directory.ts';
import type { PreparedRun } from './run_spec.ts';

/** What a run came to, or lies there as where it was not reached. */
export interface EndedStage extends PreparedRun {
  run: EndedRun;
  /** The stages that it starts from and that are not done: it was not run for want of them. */
  missing: readonly string[];
  /** One of those diverged, and would again. */
  isHopeless: boolean;
}

/**
 * The failure of a stage leaves those alone that do not start from it; a stage that was asked to stop is the last one.
 * @param execute brings what lies in a directory to its end
 */
export async function executeStages(
  runs: readonly PreparedRun[],
  execute: (directory: string) => Promise<EndedRun>,
): Promise<EndedStage[]> {
  const ended: EndedStage[] = [];
  for (const prepared of runs) {
    const missing = prepared.after.filter((name) => !ended.some(({ stage, run }) => stage === name && isDone(run)));
    const isStopped = ended.some(({ run: { executed, status } }) => executed && status.state === 'interrupted');
    const run =
      missing.length > 0 || isStopped ? await untouched(prepared.directory) : await execute(prepared.directory);
    const isHopeless = ended.some(
      ({ stage, run: { status }, isHopeless }) =>
        missing.some((name) => name === stage) && (isHopeless || status.state === 'diverged'),
    );
    ended.push({ ...prepared, run, missing, isHopeless });
  }
  return ended;
}

/** One that was stopped early has its last weights like any. */
function isDone({ status }: EndedRun): boolean {
  return status.state === 'done' || status.state === 'stopped';
}

async function untouched(directory: string): Promise<EndedRun> {
  const status = (await readStatus(directory)).value ?? pendingStatus();
  return {
    directory,
    record: await readRunRecord(directory),
    status,
    executed: false,
    resumable: false,
    transcript: null,
    ...howItEnded(directory),
  };
}
