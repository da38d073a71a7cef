// Runs what a plan found missing, and says what the sweep has come to.

import type { Registry } from '../registry/registry.ts';
import { type BestConfiguration, bestConfigurations, seedsByConfiguration } from '../run_files/configurations.ts';
import { LeaseHeldError } from '../run_files/lease.ts';
import type { Undecided } from '../run_files/objective.ts';
import { readStatus } from '../run_files/status.ts';
import { readGivenUp, reopenRun } from '../run_files/stop.ts';
import type { RunState, RunStatus } from '../run_files/types.ts';
import { writeUntil } from '../run_files/until.ts';
import { revealSecrets } from '../spec/secrets.ts';
import type { JsonObject } from '../util/json.ts';
import { executorSlot } from './executor.ts';
import { parseDuration } from './grammar.ts';
import { machineOf, type PlannedRun, type SweepPlan } from './plan.ts';
import { Preparation, recordFailure } from './prepare.ts';
import { beDriver, drivenAlready, type Presence } from './presence.ts';
import { type Outcome, type SchedulerOptions, type SweepEvent, schedule } from './scheduler.ts';
import { mostAtATime, resourcesByStage } from './sizes.ts';
import { Standings } from './standings.ts';
import { driveStudy } from './study/drive.ts';
import { StudyHistory } from './study/history.ts';
import { mostRuns } from './study/study_plan.ts';
import { warningOfUnlogged } from './study/unlogged.ts';
import { freezePlan } from './sweep_directory.ts';

export interface SweepOptions {
  /** The command line behind the name of the program. */
  argv: readonly string[];
  /** Aborted to stop with checkpoints, and to end at once. */
  stop: AbortSignal;
  kill: AbortSignal;
  onEvent(event: SweepEvent): void;
}

/** What `--json` prints. */
export interface SweepResult {
  log_path: string;
  /** Number of runs in the plan, and how many were finished before it started. */
  runs: number;
  reused: number;
  /** Of a study: false where it was stopped before all was asked. */
  complete?: boolean;
  states: Record<RunState, number>;
  /** Runs that are anything but done, divergence included: finished ones first, then in the order of the plan. */
  not_done: RunReport[];
  objective: SweepPlan['fields']['objective'];
  best: BestConfiguration | null;
  /** Where the sweep itself gave up the best run, after how many steps of how many; absent otherwise. */
  best_stopped?: { step: number; of: number | null };
  /** Other configurations that are as good as the best. */
  tied: BestConfiguration[];
  /** Why none is the best; null where one is, or no objective says what that would be. */
  undecided: Undecided | null;
}

export interface RunReport {
  name: string;
  directory: string;
  state: RunState;
  error: RunStatus['error'];
}

/** Time for the last step and the checkpoint of a run whose timeout is over. */
const GRACE_MS = 30_000;

/** Freezes the plan to disk, then runs exactly that. */
export async function runSweep(plan: SweepPlan, registry: Registry, options: SweepOptions): Promise<SweepResult> {
  // Whoever asks the questions of a study is alone with it before it changes anything.
  const history = plan.study && (await aloneWith(plan.log_path, plan.study.decides));
  try {
    await freezePlan(plan, options.argv);
    const presence = await beDriver(plan, options.argv, options);
    try {
      const { stop, kill, begun } = presence;
      return await drive(plan, registry, history, { ...options, stop, kill, begun });
    } finally {
      await presence.leave();
    }
  } finally {
    await history?.close();
  }
}

/** @throws RunDirectoryError where another process goes on with the study: one that is at work is looked at and stopped, not its lease deleted */
async function aloneWith(log_path: string, decides: JsonObject): Promise<StudyHistory> {
  try {
    return await StudyHistory.open(log_path, decides);
  } catch (error) {
    if (!(error instanceof LeaseHeldError)) throw error;
    throw (await drivenAlready(log_path)) ?? error;
  }
}

async function drive(
  plan: SweepPlan,
  registry: Registry,
  history: StudyHistory | null,
  options: SweepOptions & Pick<Presence, 'begun'>,
): Promise<SweepResult> {
  const finished = plan.runs.filter(({ state }) => state === 'done');
  const missing = plan.runs.filter(({ state }) => state !== 'done');
  const { execution } = plan.fields;
  const toRun = plan.study === null ? missing.length : mostRuns(plan);
  const maxConcurrency = Math.max(1, Math.min(mostAtATime(execution, machineOf(execution)), toRun));
  const resourcesOf = resourcesByStage(execution);
  const preparation = new Preparation(plan, registry, options.argv);
  const timeout = execution.timeout === null ? null : parseDuration(execution.timeout);
  const standings = new Standings(plan);
  const before = finished.map(finishedOutcome);
  for (const { run, directory, state } of before) await standings.add(run, directory, state);
  const executor = await registry.build(executorSlot, revealSecrets(execution.executor, process.env), {
    maxConcurrency,
    resources: resourcesOf(null),
  });
  const scheduling: SchedulerOptions = {
    executor,
    locate: (run) => preparation.locate(run),
    prepare: (run) => preparation.prepare(run),
    recordFailure,
    standings,
    retries: execution.retries,
    onFailure: execution.on_failure,
    resourcesOf: ({ stage }) => resourcesOf(stage),
    timeoutMs: timeout === null ? null : timeout * 1000,
    graceMs: GRACE_MS,
    ...options,
  };
  try {
    if (plan.study === null || history === null) {
      for (const run of missing) await liftLimits(run);
      await options.begun();
      const onEvent = warningOfUnlogged(plan, options.onEvent);
      return await resultOf(plan, [...before, ...(await schedule(missing, { ...scheduling, onEvent }))]);
    }
    const mostMs = plan.fields.max_hours === null ? null : plan.fields.max_hours * 3_600_000;
    const planned = async (runs: readonly PlannedRun[]) => {
      preparation.expect(runs);
      await freezePlan({ ...plan, runs }, options.argv);
    };
    const driving = {
      ...scheduling,
      maxConcurrency,
      mostMs,
      now: () => performance.now(),
      planned,
      begun: options.begun,
    };
    const { outcomes, isComplete } = await driveStudy(plan, plan.study, history, driving);
    const runs = outcomes.map(({ run }) => run);
    return { ...(await resultOf({ ...plan, runs }, outcomes)), complete: isComplete };
  } finally {
    await plan.study?.options.search.close?.();
    await executor.close?.();
  }
}

/** A rule of an earlier command may have said how far the run goes, or have given it up: without a rule it is trained to its end. */
async function liftLimits({ found, directory }: PlannedRun): Promise<void> {
  if (found === null) return;
  await writeUntil(directory, null);
  if (readGivenUp(directory) !== null) await reopenRun(directory);
}

/** 0 when every run has finished, 1 when some failed, 3 when there is something left that has not. */
export function exitCodeOf({ states, runs, complete = true }: SweepResult, interrupted: boolean): 0 | 1 | 3 {
  if (complete && states.done + states.stopped + states.diverged === runs) return 0;
  return states.failed > 0 && !interrupted ? 1 : 3;
}

function finishedOutcome(run: PlannedRun): Outcome {
  return { run, directory: run.directory, state: run.found?.status?.state ?? 'done', error: null };
}

/** How far a run came that the sweep gave up; null for any other. */
async function whereGivenUp(directory: string): Promise<SweepResult['best_stopped'] | null> {
  const { value: status } = await readStatus(directory);
  if (status?.state !== 'stopped' || readGivenUp(directory) === null) return null;
  return { step: status.step, of: status.total_steps };
}

async function resultOf(plan: SweepPlan, outcomes: readonly Outcome[]): Promise<SweepResult> {
  const states: Record<RunState, number> = {
    pending: 0,
    running: 0,
    done: 0,
    stopped: 0,
    diverged: 0,
    failed: 0,
    interrupted: 0,
  };
  for (const { state } of outcomes) states[state] += 1;
  const { log_path, runs, fields } = plan;
  const { objective } = fields;
  const ranked = objective === null ? null : await bestConfigurations(log_path, seedsByConfiguration(runs), objective);
  const [best = null, ...tied] = ranked?.best ?? [];
  const stopped = best?.best_run ? await whereGivenUp(best.best_run.directory) : null;
  return {
    log_path,
    runs: runs.length,
    reused: runs.filter(({ state }) => state === 'done').length,
    states,
    not_done: outcomes
      .filter(({ state }) => state !== 'done')
      .map(({ run, directory, state, error }) => ({ name: run.name, directory, state, error })),
    objective,
    best,
    ...(stopped !== null && { best_stopped: stopped }),
    tied,
    undecided: ranked?.undecided ?? null,
  };
}
