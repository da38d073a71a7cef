// Drives a study: asks for trials, has their runs run, tells what they came to, and gives up on those that are not worth going on with.
//
// Whatever it decides is in the history before it acts on it, and what it acts on is read from run directories: killed at any moment, it
// goes on where it was.

import pLimit from 'p-limit';
import { objectiveOf } from '../../run_files/configurations.ts';
import { judgedAmong } from '../../run_files/producers.ts';
import { isFinished } from '../../run_files/status.ts';
import { type Proposal, Study, type StudyEvent } from '../../study/study.ts';
import type { Trial } from '../../study/types.ts';
import { messageOf, SpecError } from '../../util/errors.ts';
import { shortPath } from '../../util/files.ts';
import type { SweepPlan } from '../plan.ts';
import type { PlannedRun } from '../planned_run.ts';
import type { Outcome, SchedulerOptions } from '../scheduler.ts';
import { readHistory, replayed, type StudyHistory } from './history.ts';
import { JudgedRuns } from './judged_runs.ts';
import { Spending } from './spending.ts';
import type { StudyPlan } from './study_plan.ts';
import { loggedWithout, neverLogged } from './unlogged.ts';
import { eventOf, type Verdict } from './verdict.ts';

export interface DriveOptions extends SchedulerOptions {
  /** Runs that are under way at a time. */
  maxConcurrency: number;
  /** Milliseconds after which nothing more is begun; null = never. */
  mostMs: number | null;
  now(): number;
  /** Called once the first question was answered. */
  begun(): Promise<void>;
  /** Lists the runs of the sweep anew where workers and reports look for them. */
  planned(runs: readonly PlannedRun[]): Promise<void>;
}

export interface DrivenStudy {
  /** Of all runs that were asked for. */
  outcomes: Outcome[];
  /** Nothing is left to ask or to run that this command could have begun. */
  isComplete: boolean;
}

/** To the end of what there is to ask, or until it is stopped. */
export async function driveStudy(
  plan: SweepPlan,
  study: StudyPlan,
  history: StudyHistory,
  options: DriveOptions,
): Promise<DrivenStudy> {
  const { log_path } = plan;
  // What was read for the plan may have grown since.
  const events = await readHistory(log_path, study.decides);
  const state = replayed(log_path, () => new Study(study.options, events));
  const drive = new Drive(plan, study, { history, state, options });
  await drive.remember(events);
  await drive.toTheEnd();
  return { outcomes: drive.outcomes(), isComplete: drive.isComplete };
}

interface Task {
  trial: number;
  run: PlannedRun;
}

interface TrialRun {
  runs: readonly PlannedRun[];
  judged: ReadonlySet<PlannedRun>;
  verdicts: Map<PlannedRun, Verdict>;
  lineage?: Proposal['lineage'];
}

class Drive {
  readonly #plan: SweepPlan;
  readonly #study: StudyPlan;
  readonly #history: StudyHistory;
  readonly #state: Study;
  readonly #options: DriveOptions;
  readonly #judged: JudgedRuns;
  readonly #began: number;
  readonly #spending = new Spending();
  readonly #trials: TrialRun[] = [];
  /** All runs that were asked for, each once, by their hashes. */
  readonly #runs = new Map<string, PlannedRun>();
  /** The first trial of those that are judged by the same runs. */
  readonly #firsts = new Map<string, number>();
  readonly #queue: Task[] = [];
  /** By the hash of the run. */
  readonly #outcomes = new Map<string, Outcome>();
  /** Aborted when this process cannot go on: what runs saves a checkpoint and ends. */
  readonly #broken = new AbortController();
  /** What is asked and told has one order, that of the history: the next question knows all that stands before it. */
  readonly #turn = pLimit(1);
  /** A run could not even be begun, as on a full disk: to ask on would only use up trials. */
  #isHalted = false;
  /** Trials of the same runs as one before them, by its number. */
  readonly #repeats = new Map<number, number[]>();
  /** Hashes of the stages that were begun. */
  readonly #stages = new Set<string>();
  /** Of a run without a value. */
  #hasWarned = false;

  constructor(
    plan: SweepPlan,
    study: StudyPlan,
    { history, state, options }: { history: StudyHistory; state: Study; options: DriveOptions },
  ) {
    const { objective } = plan.fields;
    if (objective === null) throw new Error('a study without an objective is refused where it is planned');
    this.#plan = plan;
    this.#study = study;
    this.#history = history;
    this.#state = state;
    this.#options = options;
    this.#began = options.now();
    this.#judged = new JudgedRuns({
      objective: objectiveOf(objective),
      goal: objective.goal,
      rule: study.options.early_stopping,
      lower: (value) => state.lower(value),
      scheduling: { ...options, stop: AbortSignal.any([options.stop, this.#broken.signal]) },
    });
  }

  /** The trials of the history: those that failed are tried again, those that are open gone on with. */
  async remember(events: readonly StudyEvent[]): Promise<void> {
    for (const event of events) {
      if (event.event !== 'asked') continue;
      const runs = event.runs.length === 0 ? [] : await this.#study.runsOf(event, this.#trials);
      this.#add(runs, event.lineage);
    }
    await this.#options.planned([...this.#runs.values()]);
    this.#options.standings.expect([...this.#runs.values()]);
    const waiting = new Set(this.#state.waiting);
    for (const [number, { runs }] of this.#trials.entries()) {
      for (const { hash, directory } of runs) this.#spending.add(hash, directory, null);
      const told = this.#state.trials[number]?.state ?? 'pending';
      if (told !== 'pending' && !waiting.has(number) && this.#isToBeToldAnew(runs, told)) {
        await this.#write({ event: 'retried', trial: number });
      } else if (told !== 'pending') {
        for (const run of runs) this.#judged.remember(run, number, told === 'finished');
      }
    }
    for (const trial of this.#state.open) await this.#begin(trial);
  }

  /** Failed, killed, or deleted by hand, so that there is something to run; or brought to its end by somebody else since. */
  #isToBeToldAnew(runs: readonly PlannedRun[], told: Trial['state']): boolean {
    const states = runs.map(({ found }) => found?.status?.state ?? 'pending');
    if (!states.every(isFinished)) return true;
    const isDone = states.every((state) => state !== 'diverged');
    return told === 'failed' && isDone && runs.some(({ directory }) => this.#judged.measured(directory) !== null);
  }

  async toTheEnd(): Promise<void> {
    const { launching } = this.#judged.scheduler;
    const underWay = new Set<Promise<void>>();
    let hasBegun = false;
    try {
      for (;;) {
        while (underWay.size < this.#options.maxConcurrency && !launching.aborted) {
          this.#history.lost.throwIfAborted();
          const task = this.#queue.shift() ?? (await this.#turn(() => this.#next()));
          if (task === null) break;
          if (!hasBegun) await this.#options.begun();
          hasBegun = true;
          const work: Promise<void> = this.#run(task).finally(() => underWay.delete(work));
          // Told of by the race below, or by those that are waited for when this fails.
          work.catch(() => undefined);
          underWay.add(work);
        }
        if (underWay.size === 0) break;
        await Promise.race(underWay);
      }
    } catch (error) {
      if (underWay.size > 0) this.#broken.abort();
      await Promise.allSettled(underWay);
      throw error;
    }
    if (!launching.aborted && this.#state.open.length === 0) await this.#settleThoseThatWait();
  }

  /** Whether it ended by itself. */
  get isComplete(): boolean {
    return !this.#judged.scheduler.launching.aborted && !this.#isHalted && this.#state.open.length === 0;
  }

  /** Of all runs that were asked for. */
  outcomes(): Outcome[] {
    return [...this.#runs.values()].map((run): Outcome => {
      const state = run.found?.status?.state ?? 'pending';
      return this.#outcomes.get(run.hash) ?? { run, directory: run.directory, state, error: null };
    });
  }

  /** The first run of what comes next, the others queued behind it; null where nothing can be begun now. */
  async #next(): Promise<Task | null> {
    if (this.#isEnough()) return null;
    const promoted = this.#state.promoted();
    if (promoted !== null) {
      await this.#write({ event: 'promoted', trial: promoted });
      const until = this.#state.milestoneOf(promoted)?.step ?? null;
      for (const run of this.#trials[promoted]?.judged ?? []) this.#options.onEvent({ type: 'promoted', run, until });
      this.#enqueue(promoted);
      return this.#queue.shift() ?? null;
    }
    for (;;) {
      const proposal = await this.#state.ask();
      if (proposal === null) return null;
      await this.#asked(proposal);
      const task = this.#queue.shift();
      // What cannot be run, or was run before, is told already.
      if (task !== undefined) return task;
      if (this.#isEnough()) return null;
    }
  }

  async #asked(proposal: Proposal): Promise<void> {
    const trial = this.#trials.length;
    const runs = await this.#runsOf(trial, proposal);
    await this.#write({ event: 'asked', trial, ...proposal, runs: runs.map(({ hash }) => hash) });
    const added = runs.filter(({ hash }) => !this.#runs.has(hash));
    this.#add(runs, proposal.lineage);
    if (added.length > 0) {
      await this.#options.planned([...this.#runs.values()]);
      this.#options.standings.expect(added);
    }
    this.#options.onEvent({ type: 'asked', trial, runs: added });
    await this.#begin(trial);
  }

  /** None where the values of the point do not go together. */
  async #runsOf(trial: number, proposal: Proposal): Promise<readonly PlannedRun[]> {
    try {
      return await this.#study.runsOf(proposal, this.#trials);
    } catch (error) {
      if (!(error instanceof SpecError)) throw error;
      this.#options.onEvent({ type: 'unfit', trial, message: messageOf(error) });
      return [];
    }
  }

  #isEnough(): boolean {
    if (this.#isHalted) return true;
    const { mostMs, now } = this.#options;
    if (mostMs !== null && now() - this.#began >= mostMs) return true;
    const { target, max_cost } = this.#plan.fields;
    if (max_cost !== null && this.#spending.dollars >= max_cost) return true;
    if (target === null) return false;
    const wanted = this.#state.lower(target);
    return this.#state.trials.some(({ state, value }) => state === 'finished' && value !== null && value <= wanted);
  }

  #add(runs: readonly PlannedRun[], lineage: Proposal['lineage']): void {
    const judged = new Set(judgedAmong(runs, this.#plan.fields.objective?.stage));
    for (const run of runs) this.#runs.set(run.hash, run);
    const key = keyOf(judged);
    if (!this.#firsts.has(key)) this.#firsts.set(key, this.#trials.length);
    this.#trials.push({ runs, judged, verdicts: new Map(), ...(lineage !== undefined && { lineage }) });
  }

  /** Queues the runs of a trial, unless nothing has to be run for it. */
  async #begin(number: number): Promise<void> {
    const { runs = [], judged = new Set<PlannedRun>() } = this.#trials[number] ?? {};
    if (runs.length === 0) return await this.#write({ event: 'told', trial: number, ...NOTHING });
    const first = this.#firsts.get(keyOf(judged)) ?? number;
    if (first === number) return this.#enqueue(number);
    this.#repeats.set(first, [...(this.#repeats.get(first) ?? []), number]);
    await this.#tellRepeats(first);
  }

  /** What a trial has come to, its repeats have too. One that waits has come to what it has: the promotion is its own. */
  async #tellRepeats(first: number): Promise<void> {
    const trial = this.#state.trials[first];
    if (trial === undefined || trial.state === 'pending') return;
    const value = trial.value === null ? null : this.#state.lower(trial.value);
    for (const number of this.#repeats.get(first) ?? []) {
      await this.#write({ event: 'told', trial: number, state: trial.state, value, step: trial.step });
    }
    this.#repeats.delete(first);
  }

  #enqueue(number: number): void {
    const trial = this.#trials[number];
    if (trial === undefined) return;
    trial.verdicts.clear();
    for (const run of trial.runs) this.#queue.push({ trial: number, run });
  }

  async #record(event: StudyEvent): Promise<void> {
    await this.#turn(async () => {
      await this.#write(event);
      await this.#tellRepeats(event.trial);
    });
  }

  /** Within a turn. */
  async #write(event: StudyEvent): Promise<void> {
    await this.#history.append(event);
    this.#state.apply(event);
  }

  async #run({ trial, run }: Task): Promise<void> {
    const own = this.#trials[trial];
    if (own === undefined) return;
    if (!own.judged.has(run)) {
      await this.#runStage(run);
      return;
    }
    const goal = this.#state.milestoneOf(trial);
    const { max_cost } = this.#plan.fields;
    const { outcome, verdict } = await this.#judged.follow(run, trial, goal);
    this.#outcomes.set(run.hash, outcome);
    const warning = this.#spending.add(run.hash, outcome.directory, max_cost);
    if (warning !== null) this.#options.onEvent({ type: 'trouble', run, message: warning });
    if (verdict.kind === 'at_rung') {
      this.#options.onEvent({ type: 'waiting', run, step: goal?.step ?? 0, value: verdict.value });
    } else await this.#judged.scheduler.settle(outcome);
    this.#refuseUnlogged(outcome, verdict);
    this.#isHalted ||= outcome.state === 'failed' && verdict.kind === 'unfinished';
    own.verdicts.set(run, verdict);
    if (own.verdicts.size < own.judged.size) return;
    const event = eventOf(trial, [...own.verdicts.values()], goal);
    if (event !== null) await this.#record(event);
  }

  /**
   * Where no trial has a value and a run that is done has logged nothing under the name of the objective, none ever will. Before the
   * trial is told of, so that the same command stops here again.
   */
  #refuseUnlogged({ run, directory, state }: Outcome, { kind, value }: Verdict): void {
    const { file, log_path, fields } = this.#plan;
    if (state !== 'done' || kind !== 'finished' || value !== null || fields.objective === null) return;
    const { metric } = fields.objective;
    const logged = loggedWithout(directory, metric);
    if (logged !== null && this.#state.trials.every((trial) => trial.value === null)) {
      throw neverLogged(metric, logged, { file: shortPath(file), log_path, name: run.name });
    }
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const message = `has logged no ${metric}, which is the objective: its trial counts as failed`;
    this.#options.onEvent({ type: 'trouble', run, message });
  }

  /** One that several trials start from is run once. */
  async #runStage(run: PlannedRun): Promise<void> {
    if (this.#stages.has(run.hash)) return;
    this.#stages.add(run.hash);
    const outcome = await this.#judged.scheduler.follow(run);
    this.#spending.add(run.hash, outcome.directory, null);
    this.#outcomes.set(run.hash, await this.#judged.scheduler.settle(outcome));
  }

  /** For this command they are over; the next one may promote them still, with more runs or hours. */
  async #settleThoseThatWait(): Promise<void> {
    for (const number of this.#state.waiting) {
      for (const run of this.#trials[number]?.judged ?? []) {
        const directory = await this.#options.locate(run);
        const outcome: Outcome = { run, directory, state: 'stopped', error: null };
        this.#outcomes.set(run.hash, await this.#judged.scheduler.settle(outcome));
      }
    }
  }
}

const keyOf = (judged: ReadonlySet<PlannedRun>) => [...judged].map(({ hash }) => hash).join();

const NOTHING = { state: 'failed', value: null, step: null } as const;
