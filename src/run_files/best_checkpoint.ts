// The best checkpoint of a run, by what the run itself declares that it is judged by.

import { CheckpointError } from '../util/errors.ts';
import { shortPath } from '../util/files.ts';
import { objectOf } from '../util/json.ts';
import { readForeignLines } from './foreign_json.ts';
import { measureRows } from './measure.ts';
import { type DeclaredObjective, GOALS } from './objective.ts';
import type { SavedCheckpoint } from './saved_checkpoints.ts';
import type { SeenRun } from './seen_run.ts';

/**
 * The checkpoint whose weights had the best value of the run's objective, or of what its trainer names first as its result;
 * of equal ones the first. A value logged at a step is one of the weights that have seen the batches before that step.
 * @throws CheckpointError when the run declares neither, or has no number for any checkpoint
 */
export function bestCheckpoint(run: SeenRun, saved: readonly SavedCheckpoint[]): SavedCheckpoint {
  const place = shortPath(run.directory);
  const judged = run.objective ?? headlineOf(run);
  if (judged === null) {
    throw new CheckpointError(`${place} does not say what its best checkpoint is judged by`, {
      hint: `Name one of its checkpoints: ${saved.map(({ name }) => name).join(', ')}.`,
    });
  }
  const { metric, goal } = judged;
  const rows = run.metricsFile === null ? [] : readForeignLines(run.metricsFile).objects;
  let best: { checkpoint: SavedCheckpoint; value: number } | null = null;
  for (const checkpoint of saved) {
    const before = rows.filter(({ step }) => typeof step === 'number' && step <= checkpoint.batch);
    const { value } = measureRows(before, { metric, goal, at: { kind: 'last' } });
    if (value === null || !Number.isFinite(value)) continue;
    if (best === null || (goal === 'minimize' ? value < best.value : value > best.value)) best = { checkpoint, value };
  }
  if (best !== null) return best.checkpoint;
  throw new CheckpointError(`${place} has logged no ${metric} for any of its checkpoints, so none is the best`, {
    hint: `Name one of them: ${saved.map(({ name }) => name).join(', ')}.`,
  });
}

/** What the trainer declared that it is judged by: one result, or the first of a list. */
function headlineOf({ record }: SeenRun): Pick<DeclaredObjective, 'metric' | 'goal'> | null {
  const [first] = [record.headline].flat();
  const { metric, goal } = objectOf(first);
  const known = GOALS.find((each) => each === goal);
  return typeof metric === 'string' && known !== undefined ? { metric, goal: known } : null;
}
