// The journal of a run: everything that every loop does around its steps. It resumes and rewinds, saves and evaluates when
// that is due, logs each step once, notices divergence and interruption, and says at the end how the run has gone.

import type { PlainRef } from '../registry/slot.ts';
import { meterOf } from '../tinker/capabilities.ts';
import type { TokenMeter } from '../tinker/token_meter.ts';
import { ConfigurationError, DivergedError } from '../util/errors.ts';
import { isJsonObject, type JsonObject } from '../util/json.ts';
import type { Position } from './cadence.ts';
import { CheckpointManager, type CheckpointPolicy, type LoopState, type SavingClient } from './checkpoint_manager.ts';
import { trainedTokens } from './common_metrics.ts';
import type { EarlyStoppingRule, EvaluationJudge } from './early_stopping.ts';
import { whatWasLearned } from './learned.ts';
import { type Past, resumeRun, type StateRecord } from './resume.ts';
import { type SpanChart, spanChart } from './span_chart.ts';
import type { IterationTimer } from './trace.ts';
import type { Judgement, Metrics, TrainingContext, TrainingOutcome } from './types.ts';

/** Something that is measured before every so many steps, and after the last. */
export interface Evaluation<Client> {
  /** Of its time span. */
  name: string;
  /** Steps between measurements; 0 = never. */
  every: number;
  /** Measures the weights as they are after everything that was submitted so far. */
  evaluate(client: Client, step: number): Promise<Metrics>;
}

export interface JournalOptions<Client> extends CheckpointPolicy {
  total_steps: number;
  /** Left out by a loop without epochs. */
  steps_per_epoch?: number;
  /** Steps that `collect` leaves unfinished before it waits for the oldest. */
  submit_ahead?: number;
  /** The metric that must stay finite: a run in which it is NaN or infinite has diverged. */
  loss?: string;
  evaluations?: readonly Evaluation<Client>[];
  /** When to end before the last step, by what the evaluations say; null or absent = never. */
  early_stopping?: EarlyStoppingRule | null;
  /** What every row says of how far the run is, under the loop's own names; `share` is that of the steps done, at most 1. */
  progress?(step: number, share: number): Metrics;
  /** What the loop needs to go on, beside what the client saves. An attempt that resumes finds it in `restored`. */
  state?(): JsonObject;
  /** What the rows say at the end. With a failure the run fails before it is saved, and has no checkpoints any more. */
  judge?(rows: readonly Metrics[]): Judgement;
  /** What conversations were rendered with: checkpoints remember it, so that nobody goes on with another unawares. */
  renderer?: PlainRef;
  /** Steps between charts of where the time goes; 0 or absent = none. */
  span_chart_every?: number;
  /** Milliseconds of a clock that goes forward. */
  now?(): number;
}

/** A step that was submitted and whose row is not known yet. */
interface UnfinishedStep {
  step: number;
  finish(): Promise<Metrics>;
  timer: IterationTimer | undefined;
  /** What had been spent when all of it was submitted. */
  spent: Metrics;
}

/**
 *     const journal = await Journal.open(context, openClient, { total_steps, save_every, loss: 'train_mean_nll' });
 *     for await (const step of journal.steps()) {
 *       …submit, wait…
 *       await journal.log(step, metrics);
 *     }
 *     return await journal.finish();
 *
 * A loop that submits ahead calls `collect` in the place of `log`.
 */
export class Journal<Client extends SavingClient> {
  readonly client: Client;
  /** The `state` of the checkpoint that this attempt resumes from; empty in the first. */
  readonly restored: JsonObject;
  readonly #context: TrainingContext;
  readonly #options: JournalOptions<Client>;
  readonly #checkpoints: CheckpointManager;
  readonly #resumed: StateRecord | null;
  readonly #now: () => number;
  readonly #chart: SpanChart;
  readonly #judge: EvaluationJudge | null;
  readonly #meter: TokenMeter | null;
  readonly #unfinished: UnfinishedStep[] = [];
  /** Steps that have a row. */
  #logged: number;
  #tokens: number;
  #lastStepEnded: number;
  #state: 'running' | 'stopped' | 'diverged' | 'interrupted' = 'running';
  /** What a checkpoint of the weights that are evaluated says. */
  #evaluated: LoopState | null = null;

  /** Continues from the run's last checkpoint, if it has one. `openClient` is given its state, or null to start anew. */
  static async open<Client extends SavingClient>(
    context: TrainingContext,
    openClient: (statePath: string | null) => Promise<Client>,
    options: JournalOptions<Client>,
  ): Promise<Journal<Client>> {
    // Who was asked to stop before may have left the directory to another process by now.
    context.signal.throwIfAborted();
    const judge = judgeOf(context, options);
    const past = await resumeRun(context);
    const client = await openClient(past.resumed?.state_path ?? null);
    context.signal.throwIfAborted();
    const journal = new Journal(client, context, options, past, judge);
    await journal.#begin();
    return journal;
  }

  private constructor(
    client: Client,
    context: TrainingContext,
    options: JournalOptions<Client>,
    { records, resumed }: Past,
    judge: EvaluationJudge | null,
  ) {
    const { elapsed_tokens, spent, state } = resumed?.extra ?? {};
    this.client = client;
    this.#context = context;
    this.#options = options;
    this.#resumed = resumed;
    this.#judge = judge;
    this.#meter = meterOf(context.service);
    if (resumed !== null) this.#meter?.restore(spent);
    this.#now = options.now ?? (() => performance.now());
    this.#chart = spanChart(context, options.span_chart_every ?? 0);
    this.#logged = resumed?.batch ?? 0;
    this.#tokens = Number(elapsed_tokens ?? 0);
    this.#lastStepEnded = this.#now();
    this.restored = isJsonObject(state) ? state : {};
    const start = this.#position(this.#logged);
    this.#checkpoints = new CheckpointManager(client, context, { policy: options, records, start });
  }

  /** The step that this attempt begins with. */
  get start(): number {
    return this.#resumed?.batch ?? 0;
  }

  async #begin(): Promise<void> {
    const { total_steps } = this.#options;
    const resumed = this.#resumed;
    if (resumed !== null) await this.#checkpoints.dropRolling(resumed.name);
    await this.#checkpoints.dropOlderBest();
    await this.#recallEvaluations();
    this.#context.emit({ type: 'started', total_steps, resumed_from: resumed === null ? null : resumed.batch });
    // A run made longer saves another `final`. Until that is safe, this is where it goes on from.
    if (resumed?.final === true && resumed.batch < total_steps && !this.#isStopped()) {
      const { batch, epoch, extra = {} } = resumed;
      await this.#checkpoints.saveRolling({ batch, epoch, extra });
    }
  }

  /** What the attempts before have measured says how much patience is left. */
  async #recallEvaluations(): Promise<void> {
    const judge = this.#judge;
    if (judge === null) return;
    for (const row of await this.#context.metrics.read()) {
      const value = row[judge.metric];
      if (typeof value === 'number') judge.observe(row.step, value);
    }
  }

  #isStopped(): boolean {
    return this.#judge !== null && this.#judge.stop !== null;
  }

  /** The steps that are left, up to the last or to a reason to stop. Before each one is saved what is due. */
  async *steps(): AsyncGenerator<number, void, undefined> {
    for (let step = this.start; step < this.#options.total_steps; step++) {
      if (await this.#stopsBefore(step)) return;
      yield step;
    }
    await this.#drain();
  }

  async #saveBeforeStop(): Promise<void> {
    await this.#drain();
    const position = this.#position(this.#logged);
    if (this.#state === 'diverged' || !this.#checkpoints.isBehind(position)) return;
    await this.#saved(() => this.#checkpoints.save('periodic', this.#loopState(), position));
  }

  /** What is submitted is finished first: a checkpoint stands for exactly the steps that were logged before it. */
  async #stopsBefore(step: number): Promise<boolean> {
    const { signal, until } = this.#context;
    const interrupted = signal.aborted || (until !== null && step >= until);
    const due = interrupted ? 'periodic' : this.#checkpoints.due(this.#position(step));
    const judged = this.#judge !== null && (this.#isStopped() || this.#dueEvaluations(step).length > 0);
    if (due !== null || judged) await this.#drain();
    if (this.#state === 'diverged') return true;
    if (this.#isStopped()) {
      this.#state = 'stopped';
      return true;
    }
    this.#evaluated = judged ? this.#loopState() : null;
    const position = this.#position(step);
    if (due !== null && this.#checkpoints.isBehind(position)) {
      await this.#saved(() => this.#checkpoints.save(due, this.#loopState(), position));
      if (this.#isDiverged()) return true;
    }
    if (interrupted) this.#state = 'interrupted';
    return interrupted;
  }

  #isDiverged(): boolean {
    return this.#state === 'diverged';
  }

  /** What `save` gives; null where the weights are no numbers, which ends the run as a loss does that is none. */
  async #saved<T>(save: () => Promise<T>): Promise<T | null> {
    try {
      return await save();
    } catch (error) {
      if (!(error instanceof DivergedError)) throw error;
      this.#state = 'diverged';
      this.#context.emit({ type: 'notice', message: error.message });
      return null;
    }
  }

  /** Work of a step, before it trains, that gives up when the run is asked to stop. What was trained before it is saved then. */
  async stoppable<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (this.#context.signal.aborted) await this.#saveBeforeStop();
      throw error;
    }
  }

  /** The metrics of the evaluations that are due before a step, to be part of its row. */
  async evaluate(step: number, timer?: IterationTimer): Promise<Metrics> {
    const measured: Metrics = {};
    for (const { name, evaluate } of this.#dueEvaluations(step)) {
      const measure = () => evaluate(this.client, step);
      const metrics = await this.stoppable(() => (timer === undefined ? measure() : timer.timed(name, measure)));
      this.#context.emit({ type: 'evaluation', step, metrics });
      Object.assign(measured, metrics);
    }
    await this.#weigh(step, measured);
    return measured;
  }

  #dueEvaluations(step: number): Evaluation<Client>[] {
    return (this.#options.evaluations ?? []).filter(({ every }) => every > 0 && step % every === 0);
  }

  /** Keeps the weights that did best so far. That a run is to stop shows before its next step: this one is finished. */
  async #weigh(step: number, measured: Metrics): Promise<void> {
    const judge = this.#judge;
    if (judge === null || this.#evaluated === null) return;
    const value = measured[judge.metric];
    if (typeof value === 'number') {
      const [evaluated, position] = [this.#evaluated, this.#position(step)];
      if (judge.observe(step, value)) await this.#saved(() => this.#checkpoints.saveBest(evaluated, position));
    } else if (step === 0) {
      throw new ConfigurationError(`early_stopping goes by ${judge.metric}, which no evaluation reports`, {
        hint: `Set early_stopping.metric to one of ${Object.keys(measured).join(', ') || 'what an evaluator reports, and evaluators to one that does'}.`,
      });
    }
  }

  /**
   * Logs a step, last of all that is done for it. Every listener hears of it here: metrics.jsonl first, then whoever
   * listens to the events of the run. With a timer the row has the times of the step too.
   */
  async log(step: number, row: Metrics, timer?: IterationTimer): Promise<void> {
    await this.#log(step, { ...row, ...this.#spent() }, timer);
  }

  async #log(step: number, row: Metrics, timer?: IterationTimer): Promise<void> {
    const { total_steps, loss } = this.#options;
    const times = timer === undefined ? {} : { ...timer.metrics(), 'time/total': this.#secondsSinceLastStep() };
    const metrics = { ...this.#progress(step), ...row, ...times };
    this.#tokens += trainedTokens(row);
    await this.#context.metrics.append(step, metrics);
    await timer?.write(this.#context.logPath, step);
    if (timer !== undefined) await this.#chart(step, timer.spans);
    this.#logged = step + 1;
    this.#context.emit({ type: 'step', step, total_steps, metrics });
    const value = loss === undefined ? 0 : row[loss];
    if (typeof value === 'number' && !Number.isFinite(value)) this.#state = 'diverged';
  }

  /** Logs a submitted step once its row is there, and waits for that only when more than `submit_ahead` are unfinished. */
  async collect(step: number, finish: () => Promise<Metrics>, timer?: IterationTimer): Promise<void> {
    this.#unfinished.push({ step, finish, timer, spent: this.#spent() });
    while (this.#unfinished.length > (this.#options.submit_ahead ?? 0)) await this.#finishOldest();
  }

  /**
   * Saves and measures what training has come to, unless it stopped before its end.
   * @throws the failure that the rows are judged to be
   */
  async finish(): Promise<TrainingOutcome> {
    if (this.#state === 'diverged' || this.#state === 'interrupted') return await this.#outcome(this.#state, null);
    const { total_steps } = this.#options;
    const state = this.#state === 'stopped' ? 'stopped' : 'done';
    if (state === 'done' && this.#logged !== total_steps)
      throw new Error(`the loop ended after ${this.#logged} of ${total_steps} steps`);
    const { failure = null } = this.#options.judge?.(await this.#context.metrics.read()) ?? {};
    if (failure !== null) {
      await this.#checkpoints.dropAll();
      throw failure;
    }
    const resumed = this.#resumed;
    const saved = resumed?.final === true && resumed.batch === this.#logged ? resumed.sampler_path : undefined;
    const sampler_path = saved ?? (await this.#saved(() => this.#checkpoints.saveFinal(this.#loopState())));
    if (sampler_path === null) return await this.#outcome('diverged', null);
    await this.#evaluateAtEnd();
    return await this.#outcome(state, sampler_path);
  }

  /** One more row, after that of the last step. */
  async #evaluateAtEnd(): Promise<void> {
    const step = this.#logged;
    const due = (this.#options.evaluations ?? []).filter(({ every }) => every > 0);
    if (due.length === 0) return;
    const metrics: Metrics = {};
    for (const { evaluate } of due) Object.assign(metrics, await evaluate(this.client, step));
    await this.#context.metrics.append(step, { ...this.#progress(step), ...metrics, ...this.#spent() });
    this.#context.emit({ type: 'evaluation', step, metrics, final: true });
  }

  #progress(step: number): Metrics {
    const { total_steps, progress } = this.#options;
    return progress?.(step, Math.min((step + 1) / total_steps, 1)) ?? {};
  }

  /** Of all steps up to this one; nothing where nobody counts. */
  #spent(): Metrics {
    return this.#meter?.metrics() ?? {};
  }

  async #drain(): Promise<void> {
    while (this.#unfinished.length > 0) await this.#finishOldest();
  }

  /** Steps that were submitted behind one that diverged have learned from garbage: they are awaited and not logged. */
  async #finishOldest(): Promise<void> {
    const oldest = this.#unfinished.shift();
    if (oldest === undefined) return;
    const row = await oldest.finish();
    if (this.#state !== 'diverged') await this.#log(oldest.step, { ...row, ...oldest.spent }, oldest.timer);
  }

  #position(step: number): Position {
    return { step, tokens: this.#tokens, seconds: this.#now() / 1000 };
  }

  #loopState(): LoopState {
    const { steps_per_epoch, state, renderer } = this.#options;
    const epoch = steps_per_epoch === undefined ? 0 : Math.floor(this.#logged / steps_per_epoch);
    const extra: JsonObject = { elapsed_tokens: this.#tokens };
    if (this.#meter !== null) extra.spent = this.#meter.state();
    if (renderer !== undefined) extra.renderer = renderer;
    if (state !== undefined) extra.state = state();
    return { batch: this.#logged, epoch, extra };
  }

  /** What a step costs: steps overlap, so the time from its submission would count its neighbours too. */
  #secondsSinceLastStep(): number {
    const before = this.#lastStepEnded;
    this.#lastStepEnded = this.#now();
    return (this.#lastStepEnded - before) / 1000;
  }

  async #outcome(state: TrainingOutcome['state'], sampler_path: string | null): Promise<TrainingOutcome> {
    const rows = await this.#context.metrics.read();
    const learned = whatWasLearned(rows, this.#context.headline);
    const { warnings = [] } = this.#options.judge?.(rows) ?? {};
    const stop = state === 'stopped' ? this.#judge?.stop : null;
    const outcome = { state, step: this.#logged, learned, sampler_path, ...(warnings.length > 0 && { warnings }) };
    return stop === null || stop === undefined ? outcome : { ...outcome, stop };
  }
}

/** @throws ConfigurationError where nothing is evaluated, or nobody says what to go by */
function judgeOf<Client extends SavingClient>(
  context: TrainingContext,
  { early_stopping = null, evaluations = [] }: JournalOptions<Client>,
): EvaluationJudge | null {
  if (early_stopping === null) return null;
  if (evaluations.every(({ every }) => every === 0)) {
    throw new ConfigurationError('early_stopping has nothing to go by: this run evaluates nothing', {
      hint: 'Hold data out (test_size or test_file_path of the dataset) or list evaluators, with eval_every above 0.',
    });
  }
  return context.judgeEvaluations(early_stopping);
}
