// The supervised loop: batches in order, each a forward-backward and an optimizer step, with a few submitted ahead
// (tinker_cookbook/supervised/train.py; its defects in checkpoints and resuming are not ours).

import type { APIFuture, TrainingClient } from '../tinker/clients.ts';
import type { Datum, ForwardBackwardOutput, OptimStepResponse } from '../tinker/types.ts';
import { lengthOf } from '../tinker/types.ts';
import type { Tokenizer } from '../tokenizers/types.ts';
import { CheckpointManager, type LoopState, lastState } from '../training/checkpoint_manager.ts';
import type { Evaluator } from '../training/evaluator.ts';
import { lrMultiplier } from '../training/lr_schedule.ts';
import { IterationTimer } from '../training/trace.ts';
import type { Learned, Metrics, TrainingContext, TrainingOutcome } from '../training/types.ts';
import { computeBpb, computeMeanNll } from './common.ts';
import type { LoopConfig } from './fields.ts';
import type { SupervisedDataset } from './types.ts';

export interface LoopParts {
  /** A client to start with, or one that continues from a state. */
  openClient(statePath: string | null): Promise<TrainingClient>;
  train: SupervisedDataset;
  evaluators: Evaluator[];
  infrequentEvaluators: Evaluator[];
  tokenizer: Tokenizer;
}

/** A step that was submitted and not yet awaited. */
interface PendingStep {
  step: number;
  data: Datum[];
  metrics: Metrics;
  timer: IterationTimer;
  forwardBackward: APIFuture<ForwardBackwardOutput>;
  optimStep: APIFuture<OptimStepResponse>;
}

/** Trains to the end, to a loss that is no number, or to the signal. Continues from the last checkpoint of the run. */
export async function superviseTraining(
  config: LoopConfig,
  parts: LoopParts,
  context: TrainingContext,
): Promise<TrainingOutcome> {
  const loop = new SupervisedLoop(config, parts, context, await parts.openClient(await resumePath(context)));
  return await loop.run();
}

async function resumePath({ checkpoints }: TrainingContext): Promise<string | null> {
  return lastState(await checkpoints.list())?.state_path ?? null;
}

class SupervisedLoop {
  readonly #config: LoopConfig;
  readonly #parts: LoopParts;
  readonly #context: TrainingContext;
  readonly #client: TrainingClient;
  readonly #checkpoints: CheckpointManager;
  readonly #totalSteps: number;
  #pending: PendingStep[] = [];
  #elapsedTokens = 0;
  #epoch = -1;
  #lastStepEnded = performance.now();
  #diverged = false;

  constructor(config: LoopConfig, parts: LoopParts, context: TrainingContext, client: TrainingClient) {
    this.#config = config;
    this.#parts = parts;
    this.#context = context;
    this.#client = client;
    this.#checkpoints = new CheckpointManager(client, context, config);
    this.#totalSteps = Math.min(parts.train.length * config.num_epochs, config.max_steps ?? Number.POSITIVE_INFINITY);
  }

  async run(): Promise<TrainingOutcome> {
    const { metrics, checkpoints, emit, signal } = this.#context;
    const resumed = lastState(await checkpoints.list());
    const start = resumed?.batch ?? 0;
    this.#elapsedTokens = Number(resumed?.extra?.elapsed_tokens ?? 0);
    await metrics.rewind(start);
    emit({ type: 'started', total_steps: this.#totalSteps, resumed_from: resumed === null ? null : start });

    for (let step = start; step < this.#totalSteps && !this.#diverged; step++) {
      if (signal.aborted) return await this.#interrupt(step, step > start);
      if (step > start) await this.#saveIfDue(step);
      await this.#submit(step);
      while (this.#pending.length > this.#config.submit_ahead) await this.#finishOldest();
    }
    await this.#drain();
    if (this.#diverged) return await this.#outcome('diverged', null);
    const finished = resumed?.final === true && start === this.#totalSteps ? resumed.sampler_path : undefined;
    const sampler_path = finished ?? (await this.#checkpoints.saveFinal(this.#state(this.#totalSteps)));
    await this.#evaluateAtEnd();
    return await this.#outcome('done', sampler_path);
  }

  async #interrupt(step: number, save: boolean): Promise<TrainingOutcome> {
    await this.#drain();
    if (save && !this.#diverged) await this.#checkpoints.savePeriodic(this.#state(step));
    return await this.#outcome(this.#diverged ? 'diverged' : 'interrupted', null);
  }

  /** What was submitted before this step is finished first: a checkpoint stands for exactly the steps logged before it. */
  async #saveIfDue(step: number): Promise<void> {
    const due = this.#checkpoints.due(step);
    if (due === null) return;
    await this.#drain();
    if (this.#diverged) return;
    if (due === 'periodic') await this.#checkpoints.savePeriodic(this.#state(step));
    else await this.#checkpoints.saveRolling(this.#state(step));
  }

  async #submit(step: number): Promise<void> {
    const { learning_rate, lr_schedule, warmup_steps, eval_every, infrequent_eval_every } = this.#config;
    const { train, evaluators, infrequentEvaluators } = this.#parts;
    const timer = new IterationTimer();
    const epoch = Math.floor(step / train.length);
    const rate = learning_rate * lrMultiplier(lr_schedule, step, this.#totalSteps, warmup_steps);
    if (epoch !== this.#epoch) train.setEpoch(epoch);
    this.#epoch = epoch;
    const data = await timer.timed('get_batch', () => train.getBatch(step % train.length));
    const evaluate = async (name: string, due: Evaluator[], every: number): Promise<Metrics> =>
      due.length > 0 && every > 0 && step % every === 0 ? await timer.timed(name, () => this.#evaluate(due, step)) : {};
    const measured = {
      ...(await evaluate('evals', evaluators, eval_every)),
      ...(await evaluate('infrequent_evals', infrequentEvaluators, infrequent_eval_every)),
    };
    const metrics = { epoch, progress: Math.min((step + 1) / this.#totalSteps, 1), learning_rate: rate, ...measured };
    const options = { logprobs: 'trained' as const };
    const forwardBackward = await this.#client.forwardBackward(data, 'cross_entropy', {}, options);
    const optimStep = await this.#client.optimStep({
      learning_rate: rate,
      beta1: this.#config.adam_beta1,
      beta2: this.#config.adam_beta2,
      eps: this.#config.adam_eps,
      weight_decay: this.#config.weight_decay,
      grad_clip_norm: this.#config.grad_clip_norm,
    });
    this.#pending.push({ step, data, metrics, timer, forwardBackward, optimStep });
  }

  async #drain(): Promise<void> {
    while (this.#pending.length > 0) await this.#finishOldest();
  }

  async #finishOldest(): Promise<void> {
    const pending = this.#pending.shift();
    if (pending === undefined) return;
    const { step, data, timer } = pending;
    const output = await timer.timed('forward_backward', () => pending.forwardBackward.result());
    const optim = await timer.timed('optim_step', () => pending.optimStep.result());
    // Steps that were submitted behind one that diverged have learned from garbage: they are not logged.
    if (this.#diverged) return;
    const trained = batchMetrics(data, output, this.#parts.tokenizer);
    this.#elapsedTokens += Number(trained.num_tokens);
    const times = { ...timer.metrics(), 'time/total': this.#secondsSinceLastStep() };
    const metrics = { ...pending.metrics, ...trained, ...optim.metrics, ...times };
    await this.#context.metrics.append(step, metrics);
    await timer.write(this.#context.logPath, step);
    this.#context.emit({ type: 'step', step, total_steps: this.#totalSteps, metrics });
    this.#diverged = !Number.isFinite(trained.train_mean_nll);
  }

  /** What a step costs: steps overlap, so the time from its submission would count its neighbours too. */
  #secondsSinceLastStep(): number {
    const before = this.#lastStepEnded;
    this.#lastStepEnded = performance.now();
    return (this.#lastStepEnded - before) / 1000;
  }

  /** Measures the weights as they are after everything that was submitted so far. */
  async #evaluate(evaluators: Evaluator[], step: number): Promise<Metrics> {
    if (evaluators.length === 0) return {};
    const sampling = evaluators.some(({ kind }) => kind === 'sampling')
      ? await this.#client.saveWeightsAndGetSamplingClient()
      : null;
    const metrics: Metrics = {};
    for (const evaluator of evaluators) {
      if (evaluator.kind === 'training') Object.assign(metrics, await evaluator.evaluate(this.#client));
      else if (sampling !== null) Object.assign(metrics, await evaluator.evaluate(sampling));
    }
    this.#context.emit({ type: 'evaluation', step, metrics });
    return metrics;
  }

  /** One more row, after the last step: what the run has reached. */
  async #evaluateAtEnd(): Promise<void> {
    const { eval_every, infrequent_eval_every } = this.#config;
    const step = this.#totalSteps;
    const metrics = {
      ...(eval_every > 0 ? await this.#evaluate(this.#parts.evaluators, step) : {}),
      ...(infrequent_eval_every > 0 ? await this.#evaluate(this.#parts.infrequentEvaluators, step) : {}),
    };
    if (Object.keys(metrics).length > 0) await this.#context.metrics.append(step, { progress: 1, ...metrics });
  }

  #state(batch: number): LoopState {
    const epoch = Math.floor(batch / this.#parts.train.length);
    return { batch, epoch, extra: { elapsed_tokens: this.#elapsedTokens } };
  }

  async #outcome(state: TrainingOutcome['state'], sampler_path: string | null): Promise<TrainingOutcome> {
    const rows = await this.#context.metrics.read();
    const steps = rows.filter((row) => 'train_mean_nll' in row).length;
    return { state, step: steps, learned: whatWasLearned(rows), sampler_path };
  }
}

function batchMetrics(data: Datum[], output: ForwardBackwardOutput, tokenizer: Tokenizer) {
  const logprobs_D_T = output.loss_fn_outputs.map(({ logprobs }) => logprobs.data);
  const weights_D_T = data.map(({ loss_fn_inputs }) => loss_fn_inputs.weights.data);
  const targets_D_T = data.map(({ loss_fn_inputs }) => loss_fn_inputs.target_tokens.data);
  let num_loss_tokens = 0;
  for (const weights_T of weights_D_T) for (const weight of weights_T) num_loss_tokens += weight > 0 ? 1 : 0;
  return {
    num_sequences: data.length,
    num_tokens: data.reduce((sum, { model_input }) => sum + lengthOf(model_input), 0),
    num_loss_tokens,
    train_mean_nll: computeMeanNll(logprobs_D_T, weights_D_T),
    train_mean_bpb: computeBpb(logprobs_D_T, weights_D_T, targets_D_T, tokenizer),
  };
}

/** Evaluated metrics at their first and last reading; the training loss where nothing was evaluated. */
function whatWasLearned(rows: readonly Metrics[]): Learned[] {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const evaluated = names.filter((name) => name.includes('/') && !name.startsWith('time/'));
  return (evaluated.length > 0 ? evaluated : ['train_mean_nll']).flatMap((metric) => {
    const readings = rows.flatMap((row) => (typeof row[metric] === 'number' ? [row[metric]] : []));
    const [before] = readings;
    const after = readings.at(-1);
    return before === undefined || after === undefined || readings.length < 2 ? [] : [{ metric, before, after }];
  });
}
