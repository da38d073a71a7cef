// A plan in figures: runs by state, steps, and how long what is missing will take.

import { stageRecord } from '../run/record.ts';
import type { RunRecord, RunSnapshot } from '../run_files/types.ts';
import type { JsonValue } from '../util/json.ts';
import { type Estimates, NO_ESTIMATES, type RunEstimate } from './estimate.ts';
import { type TotalEstimate, totalOf } from './estimate_text.ts';
import type { Plan, PlannedRun, PointState, SweepPlan } from './plan.ts';
import { valuesOf } from './space.ts';
import { mostRuns } from './study/study_plan.ts';
import { type StudySummary, summarizeStudy } from './study/study_text.ts';

export interface PlanSummary {
  runs: number;
  /** Runs by state. Those that were stopped early or diverged are among the done. */
  counts: Record<PointState, number>;
  stopped: number;
  diverged: number;
  orphans: number;
  /** Optimizer steps of all runs, and those still to do; null where they are not known beforehand. */
  total_steps: number | null;
  remaining_steps: number | null;
  /** From the time that finished runs took; null when there is none to go by. */
  estimated_seconds: number | null;
  /** Where the sweep decides as it goes on which runs there are, or how far they go. */
  study?: StudySummary;
  /** Of what is to be run, as if nothing of it were done; absent where nothing has a price. */
  estimate?: TotalEstimate;
}

/** What `--json` prints of a plan. */
export interface PlanDocument extends PlanSummary {
  file: string;
  log_path: string;
  points: PlannedPoint[];
  orphan_directories: string[];
}

interface PlannedPoint {
  name: string;
  directory: string;
  state: PointState;
  hash: string;
  config_hash: string;
  seed: number;
  /** Where there are stages: its name, and the runs that it starts from. */
  stage?: NonNullable<RunRecord['stage']>;
  /** What the point sets, by dotted path. */
  axes: Record<string, JsonValue>;
  stale: PlannedRun['stale'];
  problem: string | null;
  /** What it will cost, or why nobody knows; absent where nothing has a price, and of runs that are done. */
  estimate?: RunEstimate | { unknown: string };
}

export function planDocument(
  { file, log_path, runs, orphans }: Plan,
  summary: PlanSummary,
  estimates: Estimates = NO_ESTIMATES,
): PlanDocument {
  const points = runs.map(
    ({ name, directory, state, hash, config_hash, seed, configuration, stage, after, stale, found }) => {
      const axes = valuesOf(configuration);
      const ofStage = stage === null ? {} : { stage: stageRecord(stage, after) };
      const problem = found?.problem ?? null;
      const known = estimates.get(hash);
      const estimate = typeof known === 'string' ? { unknown: known } : known;
      const point = { name, directory, state, hash, config_hash, seed, ...ofStage, axes, stale, problem };
      return estimate === undefined ? point : { ...point, estimate };
    },
  );
  return { file, log_path, ...summary, points, orphan_directories: orphans.map(({ directory }) => directory) };
}

export function summarize(
  plan: Plan | SweepPlan,
  maxConcurrency: number,
  estimates: Estimates = NO_ESTIMATES,
): PlanSummary {
  const { runs, orphans } = plan;
  const study = 'study' in plan && plan.study !== null ? summarizeStudy(plan.study, plan.fields) : null;
  const cost = totalOf(estimates);
  const counts = { new: 0, resume: 0, retry: 0, stale: 0, running: 0, done: 0 };
  const total = new Tally();
  const remaining = new Tally();
  const finished: Effort[] = [];
  let stopped = 0;
  let diverged = 0;
  for (const run of runs) {
    counts[run.state] += 1;
    total.add(totalSteps(run));
    remaining.add(remainingSteps(run));
    if (run.found === null) continue;
    if (run.found.status?.state === 'stopped') stopped += 1;
    if (run.found.status?.state === 'diverged') diverged += 1;
    const effort = undisturbed(run.found);
    if (effort !== null) finished.push(effort);
  }
  const toAsk = stepsToAsk(plan);
  total.add(toAsk);
  remaining.add(toAsk);
  return {
    runs: runs.length,
    counts,
    stopped,
    diverged,
    orphans: orphans.length,
    total_steps: total.value,
    remaining_steps: remaining.value,
    estimated_seconds: estimate(finished, runs.length - counts.done, remaining.value, maxConcurrency),
    ...(study !== null && { study }),
    ...(cost !== null && { estimate: cost }),
  };
}

/** At most, of trials that were not asked for yet. */
function stepsToAsk(plan: Plan | SweepPlan): number | null {
  if (!('study' in plan) || plan.study === null) return 0;
  const { total_steps } = plan.study.options;
  return total_steps === null ? null : (mostRuns(plan) - plan.runs.length) * total_steps;
}

/** A sum that is unknown as soon as one of its parts is. */
class Tally {
  value: number | null = 0;

  add(part: number | null): void {
    this.value = this.value === null || part === null ? null : this.value + part;
  }
}

/** What a run itself has told, or its spec says. */
function totalSteps({ max_steps, found }: PlannedRun): number | null {
  return found?.status?.total_steps ?? max_steps;
}

function remainingSteps(run: PlannedRun): number | null {
  if (run.state === 'done') return 0;
  const total = totalSteps(run);
  return total === null ? null : Math.max(total - (run.found?.status?.step ?? 0), 0);
}

interface Effort {
  seconds: number;
  steps: number;
}

/** By the step where both are known in steps, else by the run. Runs are taken to go on at full concurrency. */
function estimate(
  finished: readonly Effort[],
  missing: number,
  remainingSteps: number | null,
  maxConcurrency: number,
): number | null {
  if (missing === 0) return 0;
  if (finished.length === 0) return null;
  const seconds = finished.reduce((sum, effort) => sum + effort.seconds, 0);
  const steps = finished.reduce((sum, effort) => sum + effort.steps, 0);
  const bySteps = remainingSteps !== null && steps > 0;
  const left = bySteps ? (seconds / steps) * remainingSteps : (seconds / finished.length) * missing;
  return left / Math.min(maxConcurrency, missing);
}

/** What a run took that was done in one attempt: what a later attempt took says little about a whole run. */
function undisturbed({ status }: RunSnapshot): Effort | null {
  if (status?.state !== 'done' || status.attempt !== 1) return null;
  if (status.started_at === null || status.ended_at === null) return null;
  return { seconds: (Date.parse(status.ended_at) - Date.parse(status.started_at)) / 1000, steps: status.step };
}
