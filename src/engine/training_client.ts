// The training client of the embedded engine: one set of parameters, its gradients and optimizer, and a queue of requests.

import type {
  APIFuture,
  CustomLossFn,
  ForwardBackwardOptions,
  SamplingClient,
  TrainingClient,
} from '../tinker/clients.ts';
import { forwardBackwardCustom } from '../tinker/custom_loss.ts';
import type {
  AdamParams,
  Datum,
  ForwardBackwardOutput,
  LossFnConfig,
  LossFnType,
  ModelInfo,
  OptimStepResponse,
  SaveWeightsResponse,
} from '../tinker/types.ts';
import { RequestError } from '../util/errors.ts';
import { randomFor } from '../util/random.ts';
import { type AdamState, adamStep } from './adamw.ts';
import { factorB } from './adapter_shape.ts';
import { type Example, inContext, parseDatum } from './examples.ts';
import { gspo } from './gspo.ts';
import type { Lease } from './lease.ts';
import { configureLoss, type Loss, lossOfToken, type SequenceLoss, type TokenLoss } from './losses.ts';
import { microbatches } from './microbatches.ts';
import { frozenFeeds, type Parameters as ModelParameters, snapshot } from './parameters.ts';
import { runPass } from './pass.ts';
import { uniform } from './random.ts';
import { gradientOf } from './training_graph.ts';

/** What training continues from: everything that a checkpoint holds. */
export interface TrainingState {
  parameters: ModelParameters;
  optimizer: AdamState;
}

/** The service's side of a client: how it computes, where saves go and who samples. */
export interface TrainingHost {
  /** Tokens that are computed at once; bounds memory. */
  microbatchTokens: number;
  /** Blocks are computed again for their gradients instead of kept. */
  activationCheckpointing: boolean;
  /** Learning rate of the factors B over that of the factors A. */
  loraPlusRatio: number;
  /** NEFTune: how much noise embeddings get in passes of cross-entropy, 0 = none, and what decides it. */
  neftune: { alpha: number; seed: number };
  saveState(name: string, state: TrainingState): Promise<string>;
  saveWeights(name: string, parameters: ModelParameters): Promise<string>;
  samplingClient(parameters: ModelParameters): SamplingClient;
  /** Told when the client is closed. */
  closed(): void;
}

interface ParsedRequest {
  loss: Loss;
  examples: Example[];
  trainedOnly: boolean;
}

/** Cross-entropy: the loss whose slope is what its weights say. */
const WEIGHTED = configureLoss('cross_entropy');

export class LocalTrainingClient implements TrainingClient {
  readonly #lease: Lease;
  readonly #info: ModelInfo;
  readonly #state: TrainingState;
  readonly #host: TrainingHost;
  #gradients = new Map<string, Float32Array>();
  /** Examples of passes with noise since the last optimizer step. */
  #trained = 0;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(lease: Lease, info: ModelInfo, state: TrainingState, host: TrainingHost) {
    this.#lease = lease;
    this.#info = info;
    this.#state = state;
    this.#host = host;
  }

  async forward(
    data: Datum[],
    lossFn: LossFnType,
    config?: LossFnConfig,
    options?: ForwardBackwardOptions,
  ): Promise<APIFuture<ForwardBackwardOutput>> {
    const { loss, examples, trainedOnly } = this.#parse(data, lossFn, config, options);
    return this.#submit(async () => this.#output(loss, examples, await this.#compute(examples, { trainedOnly })));
  }

  async forwardBackward(
    data: Datum[],
    lossFn: LossFnType,
    config?: LossFnConfig,
    options?: ForwardBackwardOptions,
  ): Promise<APIFuture<ForwardBackwardOutput>> {
    return this.#train(this.#parse(data, lossFn, config, options), { noisy: lossFn === 'cross_entropy' });
  }

  forwardBackwardCustom(
    data: Datum[],
    lossFn: CustomLossFn,
    options?: { logprobs?: 'all' | 'trained' },
  ): Promise<APIFuture<ForwardBackwardOutput>> {
    const calm: Pick<TrainingClient, 'forward' | 'forwardBackward'> = {
      forward: (...request) => this.forward(...request),
      forwardBackward: (...request) => this.forwardBackwardCalm(...request),
    };
    return forwardBackwardCustom(calm, data, lossFn, options);
  }

  /** Without NEFTune's noise: slopes are those at the log-probs that a custom loss was given, which have none. */
  async forwardBackwardCalm(
    ...request: Parameters<TrainingClient['forwardBackward']>
  ): Promise<APIFuture<ForwardBackwardOutput>> {
    return this.#train(this.#parse(...request), { noisy: false });
  }

  async optimStep(params: AdamParams): Promise<APIFuture<OptimStepResponse>> {
    for (const [name, value] of Object.entries(params)) {
      if (!Number.isFinite(value) || value < 0)
        throw new RequestError(`${name} must be a finite number ≥ 0, not ${value}`);
    }
    // The means would never reach what they are means of, and their correction divides by zero.
    for (const name of ['beta1', 'beta2'] as const) {
      if (params[name] >= 1) throw new RequestError(`${name} must be below 1, not ${params[name]}`);
    }
    const step = async () => {
      const { parameters, optimizer } = this.#state;
      const rateOf = (name: string) => (name.endsWith(factorB('')) ? this.#host.loraPlusRatio : 1);
      const grad_norm = adamStep(parameters.values, this.#gradients, optimizer, params, rateOf);
      this.#gradients = new Map();
      this.#trained = 0;
      return { metrics: { grad_norm } };
    };
    return this.#submit(() => this.#lease.lane.run(step));
  }

  async saveState(name: string): Promise<APIFuture<SaveWeightsResponse>> {
    return this.#submit(async () => ({ path: await this.#host.saveState(name, this.#state) }));
  }

  async saveWeightsForSampler(name: string): Promise<APIFuture<SaveWeightsResponse>> {
    return this.#submit(async () => ({ path: await this.#host.saveWeights(name, this.#state.parameters) }));
  }

  saveWeightsAndGetSamplingClient(): Promise<SamplingClient> {
    return this.#submit(async () => this.#host.samplingClient(snapshot(this.#state.parameters))).result();
  }

  getInfo(): Promise<ModelInfo> {
    return Promise.resolve(this.#info);
  }

  async close(): Promise<void> {
    const closed = this.#lease.close();
    await this.#tail;
    await closed;
    this.#host.closed();
  }

  /** Checks a request before it is queued, so that its error reaches the one who made it, at once. */
  #parse(
    data: Datum[],
    lossFn: LossFnType,
    config?: LossFnConfig,
    { logprobs = 'all' }: ForwardBackwardOptions = {},
  ): ParsedRequest {
    if (data.length === 0) throw new RequestError('there are no datums to compute');
    const loss = configureLoss(lossFn, config);
    const limits = { vocab_size: this.#lease.model.base.config.vocab_size, ...this.#info };
    const examples = data.map((datum, index) => parseDatum(datum, index, loss, limits));
    if (logprobs === 'all') return { loss, examples, trainedOnly: false };
    const asking = logprobs === 'trained' ? examples : examples.map((example, d) => askingFor(logprobs[d], example, d));
    return { loss, examples: asking.map(inContext), trainedOnly: true };
  }

  #train(
    { loss, examples, trainedOnly }: ParsedRequest,
    { noisy }: { noisy: boolean },
  ): APIFuture<ForwardBackwardOutput> {
    return this.#submit(async () =>
      loss.fn === 'gspo'
        ? this.#trainSequences(loss, examples, trainedOnly)
        : this.#output(loss, examples, await this.#compute(examples, { loss, trainedOnly, noisy })),
    );
  }

  /** Requests run one after another in the order of submission; one that fails does not stop those behind it. */
  #submit<T>(work: () => Promise<T>): APIFuture<T> {
    const done = this.#tail.then(() => {
      this.#lease.lane.throwIfClosed();
      return work();
    });
    this.#tail = done.catch(() => undefined);
    return { result: () => done };
  }

  /** The ratio of a sequence is known when all its log-probs are, so these are computed first; then the slopes are, too. */
  async #trainSequences(loss: SequenceLoss, examples: Example[], trainedOnly: boolean): Promise<ForwardBackwardOutput> {
    const logprobs_D = await this.#compute(examples, { trainedOnly });
    const weighted = examples.map((example, d) => ({
      ...example,
      weights: gspo(loss, example, logprobs_D[d]).weights,
      advantages: new Float32Array(example.advantages.length),
      ratioMask: null,
      asked: null,
    }));
    await this.#compute(weighted, { loss: WEIGHTED, trainedOnly: true });
    return this.#output(loss, examples, logprobs_D);
  }

  #output(loss: Loss, examples: Example[], logprobs_D: Float32Array[]): ForwardBackwardOutput {
    return {
      loss_fn_output_type: 'ArrayRecord',
      loss_fn_outputs: examples.map(({ shape }, d) => ({
        logprobs: { data: logprobs_D[d], dtype: 'float32', shape: [...shape] },
      })),
      metrics: { 'loss:sum': totalLoss(loss, examples, logprobs_D) },
    };
  }

  /** The log-probs of every example; with a loss, its gradients are accumulated. `noisy`: NEFTune's noise is on, where it is set. */
  async #compute(
    given: Example[],
    { loss, trainedOnly, noisy = false }: { loss?: TokenLoss; trainedOnly: boolean; noisy?: boolean },
  ): Promise<Float32Array[]> {
    const { model, lane } = this.#lease;
    const { microbatchTokens, activationCheckpointing: checkpointing } = this.#host;
    const logprobs_D: Float32Array[] = new Array(given.length);
    const noise = noisy ? this.#noise(given) : null;
    // What sequences begin with has noise of its own in each.
    const examples = noise === null ? given : given.map((example) => ({ ...example, context: 0 }));
    for (const indices of microbatches(examples, microbatchTokens)) {
      const members = indices.map((i) => examples[i]);
      const options = { model, trainedOnly, ...(loss === undefined ? {} : { loss, checkpointing }) };
      const { logprobs, outputs } = await lane.run(async () => {
        const { parameters } = this.#state;
        const session = await (loss === undefined
          ? model.scoring(parameters)
          : model.training(parameters, { checkpointing, noise: noise !== null }));
        const feeds = loss === undefined ? frozenFeeds(model.base, parameters) : parameters.feeds();
        const noiseOf = noise === null ? {} : { noiseOf: (e: number) => noise(indices[e]) };
        return await runPass(session, members, feeds, { ...options, ...noiseOf });
      });
      for (const [at, index] of indices.entries()) logprobs_D[index] = logprobs[at];
      if (loss !== undefined) this.#accumulate(outputs);
    }
    return logprobs_D;
  }

  /**
   * Uniform in ±α/√(T·D) for an example of T tokens (NEFTune, arXiv 2310.05914): a function of the seed, the optimizer's step
   * and the place of the example among those since, so that microbatches and resuming change nothing.
   */
  #noise(examples: readonly Example[]): ((index: number) => Float32Array) | null {
    const { alpha, seed } = this.#host.neftune;
    const first = this.#trained;
    this.#trained += examples.length;
    if (alpha === 0) return null;
    const { step } = this.#state.optimizer;
    const D = this.#lease.model.base.config.hidden_size;
    return (index) => {
      const size = examples[index].tokens.length * D;
      return uniform(randomFor(seed, 'neftune', step, first + index), size, alpha / Math.sqrt(size));
    };
  }

  #accumulate(outputs: Record<string, { data: Float32Array }>): void {
    for (const name of this.#state.parameters.values.keys()) {
      const gradient = outputs[gradientOf(name)]?.data;
      if (gradient === undefined) continue;
      const sum = this.#gradients.get(name);
      if (sum === undefined) this.#gradients.set(name, gradient);
      else for (let i = 0; i < sum.length; i++) sum[i] += gradient[i];
    }
  }
}

function askingFor(mask: ArrayLike<number> | undefined, example: Example, d: number): Example {
  if (mask?.length !== example.tokens.length) {
    throw new RequestError(
      `the mask of log-probs of datum ${d} has ${mask?.length ?? 'no'} values for ${example.tokens.length} positions`,
    );
  }
  return { ...example, asked: mask };
}

/** The loss in float64, over the positions whose log-prob was computed. */
function totalLoss(loss: Loss, examples: readonly Example[], logprobs_D: readonly Float32Array[]): number {
  let sum = 0;
  for (const [d, example] of examples.entries()) {
    if (loss.fn === 'gspo') {
      sum += gspo(loss, example, logprobs_D[d]).loss;
      continue;
    }
    const { weights, advantages, q } = example;
    for (const [i, logprob] of logprobs_D[d].entries()) {
      const weight = weights[i];
      const advantage = advantages[i];
      if (weight !== 0 || advantage !== 0) sum += lossOfToken(loss, { logprob, weight, q: q[i], advantage });
    }
  }
  return sum;
}
