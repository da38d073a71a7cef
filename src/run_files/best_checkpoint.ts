// The best checkpoint of a run, by what the run itself declares that it is judged by.

import { CheckpointError } from '../util/errors.ts';
import { shortPath } from '../util/files.ts';
import { isJsonObject, type JsonObject, type JsonValue, objectOf, textOf } from '../util/json.ts';
import { readForeignLines } from './foreign_json.ts';
import { measureRows } from './measure.ts';
import { type DeclaredObjective, GOALS, type Goal, stoppingObjective } from './objective.ts';
import { type SavedCheckpoint, savedCheckpoints } from './saved_checkpoints.ts';
import type { SeenRun } from './seen_run.ts';
import { isFinished } from './status.ts';

/**
 * The checkpoint whose weights had the best value of the run's objective, or of what its trainer names first as its result;
 * of equal ones the first. A value logged at a step is one of the weights that have seen the batches before that step.
 * @throws CheckpointError when the run declares neither, or has no number for any checkpoint
 */
export function bestCheckpoint(run: SeenRun, saved: readonly SavedCheckpoint[]): SavedCheckpoint {
  const place = shortPath(run.directory);
  const judged = judgedBy(run);
  if (judged === null) {
    throw new CheckpointError(`${place} does not say what its best checkpoint is judged by`, {
      hint: `Name one of its checkpoints: ${saved.map(({ name }) => name).join(', ')}.`,
    });
  }
  const best = bestOf(run, saved, judged);
  if (best !== null) return best.checkpoint;
  throw new CheckpointError(`${place} has logged no ${judged.metric} for any of its checkpoints, so none is the best`, {
    hint: `Name one of them: ${saved.map(({ name }) => name).join(', ')}.`,
  });
}

/** Weights that did better than those that a run ended with. */
export interface KeptBest {
  metric: string;
  value: number;
  /** Batches that they have seen. */
  step: number;
  /** Where the service has them. */
  sampler_path: string;
}

/** What early stopping has kept of a finished run; null where its last weights are the best, or nothing tells. Never throws. */
export function keptBest(run: SeenRun): KeptBest | null {
  const judged = judgedBy(run);
  if (judged === null || !isJsonObject(run.spec.early_stopping) || !isFinished(run.state)) return null;
  const best = bestOf(run, lastingCheckpoints(run), judged);
  if (best === null || best.checkpoint.final || best.checkpoint.sampler_path === null) return null;
  const { batch, sampler_path } = best.checkpoint;
  return { metric: judged.metric, value: best.value, step: batch, sampler_path };
}

function lastingCheckpoints(run: SeenRun): SavedCheckpoint[] {
  try {
    return savedCheckpoints(run).filter(({ rolling }) => !rolling);
  } catch (error) {
    if (error instanceof CheckpointError) return [];
    throw error;
  }
}

function bestOf(run: SeenRun, saved: readonly SavedCheckpoint[], { metric, goal }: Judged): Valued | null {
  const rows = run.metricsFile === null ? [] : readForeignLines(run.metricsFile).objects;
  let best: Valued | null = null;
  for (const checkpoint of saved) {
    const before = rows.filter(({ step }) => typeof step === 'number' && step <= checkpoint.batch);
    const { value } = measureRows(before, { metric, goal, at: { kind: 'last' } });
    if (value === null || !Number.isFinite(value)) continue;
    if (best === null || isBetter({ checkpoint, value }, best, goal)) best = { checkpoint, value };
  }
  return best;
}

interface Valued {
  checkpoint: SavedCheckpoint;
  value: number;
}

/** Of two with the same weights, the one that was kept for being the best: the other may be deleted in time. */
function isBetter(one: Valued, other: Valued, goal: Goal): boolean {
  if (one.value === other.value) return one.checkpoint.best && one.checkpoint.batch === other.checkpoint.batch;
  return goal === 'minimize' ? one.value < other.value : one.value > other.value;
}

type Judged = Pick<DeclaredObjective, 'metric' | 'goal'>;

/** What early stopping went by, since those are the checkpoints that were kept; else the objective, or the headline. */
function judgedBy({ record, objective, spec }: SeenRun): Judged | null {
  const headline = [record.headline].flat().flatMap((each) => judgedOf(objectOf(each)) ?? []);
  const [first = null] = headline;
  if (!isJsonObject(spec.early_stopping)) return objective ?? first;
  const { metric, goal } = spec.early_stopping;
  const stopping = stoppingObjective({ metric: textOf(metric), goal: goalOf(goal) }, headline);
  return stopping === null || stopping.goal === null ? null : { metric: stopping.metric, goal: stopping.goal };
}

function judgedOf({ metric, goal }: JsonObject): Judged | null {
  const known = goalOf(goal);
  return typeof metric === 'string' && known !== null ? { metric, goal: known } : null;
}

function goalOf(goal: JsonValue | undefined): Goal | null {
  return GOALS.find((each) => each === goal) ?? null;
}
