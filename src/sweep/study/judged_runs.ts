// The runs of a study that are judged: each followed as far as it may go for now, given up where a rule says so, and what it came to.

import { join } from 'node:path';
import { LeaseHeldError } from '../../run_files/lease.ts';
import { measureRun } from '../../run_files/measure.ts';
import type { Objective } from '../../run_files/objective.ts';
import { isFinished, readStatus } from '../../run_files/status.ts';
import { giveUpRun, readGivenUp, reopenRun, whyStopped } from '../../run_files/stop.ts';
import { writeUntil } from '../../run_files/until.ts';
import type { Milestone, Study } from '../../study/study.ts';
import type { EarlyStopping, Goal } from '../../study/types.ts';
import type { PlannedRun } from '../planned_run.ts';
import { type Outcome, Scheduler, type SchedulerOptions, type SweepEvent } from '../scheduler.ts';
import { Curves, type Grown } from './curves.ts';
import type { Verdict } from './verdict.ts';

export interface JudgedRunsOptions {
  objective: Objective;
  goal: Goal;
  rule: EarlyStopping | null;
  lower: Study['lower'];
  scheduling: SchedulerOptions;
}

/** Why and where a rule has given a run up. */
interface Decision {
  reason: string;
  value: number;
  step: number;
}

export class JudgedRuns {
  readonly scheduler: Scheduler;
  readonly #options: JudgedRunsOptions;
  readonly #curves: Curves;
  /** By the hash of the run. */
  readonly #goals = new Map<string, number | null>();
  readonly #decisions = new Map<string, Decision>();
  readonly #watched = new Map<string, AbortController>();

  constructor(options: JudgedRunsOptions) {
    const { objective, lower, scheduling } = options;
    this.#options = options;
    this.#curves = new Curves(objective.metric, lower);
    this.scheduler = new Scheduler({
      ...scheduling,
      prepare: async (run) => {
        const directory = await scheduling.prepare(run);
        await writeUntil(directory, this.#goals.get(run.hash) ?? null);
        return directory;
      },
      onEvent: (event) => {
        scheduling.onEvent(event);
        this.#watch(event);
      },
    });
  }

  /** What a run of an earlier command has measured, for rules that hold others against it. */
  remember(run: PlannedRun, trial: number, isOver: boolean): void {
    if (this.#options.rule?.kind === 'curve') this.#curves.read(run.hash, trial, run.directory, isOver);
  }

  /** As far as it may go for now; a goal of null = to its end. */
  async follow(
    run: PlannedRun,
    trial: number,
    goal: Milestone | null,
  ): Promise<{ outcome: Outcome; verdict: Verdict }> {
    this.#goals.set(run.hash, goal?.step ?? null);
    const directory = await this.#options.scheduling.locate(run);
    if (this.#waitsBefore(directory, goal)) {
      const isOurs = await reopened(directory);
      const outcome: Outcome = { run, directory, state: 'running', error: null };
      if (!isOurs) return { outcome, verdict: UNFINISHED };
    }
    const giveUp = new AbortController();
    this.#watched.set(run.hash, giveUp);
    this.#curves.begin(run.hash, trial);
    const outcome = await this.scheduler.follow(run, giveUp.signal);
    this.#watched.delete(run.hash);
    const concluded = await this.#conclude(outcome, goal);
    if (concluded.verdict.kind === 'finished') this.#curves.end(run.hash);
    return concluded;
  }

  /** Whether it was stopped at a rung before the step that it may go to now: its history says that it goes on. */
  #waitsBefore(directory: string, goal: Milestone | null): boolean {
    const given = this.#options.rule?.kind === 'rungs' ? readGivenUp(directory) : null;
    return given !== null && (goal === null || given.step < goal.step);
  }

  async #conclude(outcome: Outcome, goal: Milestone | null): Promise<{ outcome: Outcome; verdict: Verdict }> {
    const { run, directory, state } = outcome;
    // A run may be quicker than whoever watches it, or have been watched by a process that is gone.
    if (isFinished(state) || state === 'interrupted') this.#decide(run.hash, this.#curves.logged(run.hash, directory));
    const decision = this.#decisions.get(run.hash);
    if (decision !== undefined && (state === 'interrupted' || isFinished(state)) && state !== 'diverged') {
      if (state === 'interrupted') await this.#giveUp(directory, decision);
      const { reason: why, value, step } = decision;
      return { outcome: { ...outcome, state: 'stopped', why }, verdict: { kind: 'given_up', value, step } };
    }
    if (state === 'done') {
      return { outcome, verdict: { kind: 'finished', value: this.measured(directory), step: null } };
    }
    if (state === 'diverged') return { outcome, verdict: FAILED };
    if (state === 'failed') {
      const attempt = (await readStatus(directory)).value?.attempt ?? 0;
      return { outcome, verdict: attempt === 0 ? UNFINISHED : FAILED };
    }
    if (state === 'stopped') return { outcome, verdict: await this.#stopped(directory, goal) };
    if (state !== 'interrupted' || goal === null) return { outcome, verdict: UNFINISHED };
    const step = (await readStatus(directory)).value?.step ?? 0;
    if (step < goal.step) return { outcome, verdict: UNFINISHED };
    const value = this.measured(directory);
    const reason = `waits at step ${step}, where others were better`;
    await this.#giveUp(directory, { reason, value, step });
    return { outcome: { ...outcome, state: 'stopped' }, verdict: { kind: 'at_rung', value, step } };
  }

  /** By its own early stopping, or by an earlier word of this sweep. */
  async #stopped(directory: string, goal: Milestone | null): Promise<Verdict> {
    const given = readGivenUp(directory) ?? (await this.#unreadable(directory));
    if (given === null) return { kind: 'finished', value: this.measured(directory), step: null };
    const { value, step } = given;
    return { kind: goal !== null && step >= goal.step ? 'at_rung' : 'given_up', value, step };
  }

  /** Where stop.json says nothing: a rule with rungs has stopped it where it is. Null where the run's own early stopping did. */
  async #unreadable(directory: string): Promise<(Pick<Verdict, 'value'> & { step: number }) | null> {
    if (this.#options.rule?.kind !== 'rungs' || whyStopped(directory) !== null) return null;
    const { value: status } = await readStatus(directory);
    return { value: this.measured(directory), step: status?.step ?? 0 };
  }

  async #giveUp(directory: string, given: { reason: string; value: number | null; step: number }): Promise<void> {
    await giveUpRun(directory, { ...given, metric: this.#options.objective.metric });
  }

  measured(directory: string): number | null {
    return measureRun(join(directory, 'metrics.jsonl'), this.#options.objective).value;
  }

  /** Asks the rule about every value that a run logs. */
  #watch(event: SweepEvent): void {
    if (event.type !== 'progress' || event.change.type !== 'rows' || this.#options.rule?.kind !== 'curve') return;
    const { hash } = event.run;
    this.#decide(hash, this.#curves.added(hash, event.change.rows, event.change.anew));
    if (this.#decisions.has(hash)) this.#watched.get(hash)?.abort();
  }

  /** At the first value at which the rule gives the run up, however many are there by now. */
  #decide(hash: string, grown: Iterable<Grown>): void {
    const { rule, goal, lower } = this.#options;
    if (rule?.kind !== 'curve' || this.#decisions.has(hash)) return;
    for (const { curve, others } of grown) {
      const reason = rule.givesUp(curve, others, goal);
      const last = curve.values.at(-1);
      if (reason === null || last === undefined) continue;
      this.#decisions.set(hash, { reason, value: lower(last.value), step: last.step });
      return;
    }
  }
}

/** False where another process holds it, as one that executes it by hand. */
async function reopened(directory: string): Promise<boolean> {
  try {
    await reopenRun(directory);
    return true;
  } catch (error) {
    if (error instanceof LeaseHeldError) return false;
    throw error;
  }
}

const FAILED: Verdict = { kind: 'failed', value: null, step: null };
const UNFINISHED: Verdict = { kind: 'unfinished', value: null, step: null };
