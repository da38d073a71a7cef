// The three clients of the Tinker API as interfaces. The embedded engine and the HTTP client implement them alike.

import type { JsonObject } from '../util/json.ts';
import type { TokenMeter } from './token_meter.ts';
import type {
  AdamParams,
  AnyTensorData,
  Datum,
  ForwardBackwardOutput,
  LossFnConfig,
  LossFnType,
  ModelInfo,
  ModelInput,
  OptimStepResponse,
  SampleResponse,
  SamplingParams,
  SaveWeightsResponse,
  ServerCapabilities,
} from './types.ts';

/**
 * A submitted request. Awaiting the method that made it waits for submission only; `result()` waits for completion.
 * Requests of one training client execute in the order of their submission, so loops submit ahead.
 */
export interface APIFuture<T> {
  result(): Promise<T>;
}

export interface CreateLoraTrainingClientOptions {
  base_model: string;
  rank: number;
  /** Decides the initial values of the adapter. */
  seed?: number;
  train_mlp?: boolean;
  train_attn?: boolean;
  train_unembed?: boolean;
  user_metadata?: Record<string, string>;
}

export interface CreateFullTrainingClientOptions {
  config: JsonObject;
  tokenizer_path: string;
  /** Decides the initial weights. */
  seed: number;
}

export interface SaveOptions {
  /** Seconds until the service may delete it; null = never. Services that never expire ignore it. */
  ttl_seconds?: number | null;
}

/** The loss of a whole batch as a function of log-probs: its value, its metrics and dLoss/dlogprobs, datum by datum. */
export type CustomLossFn = (
  data: Datum[],
  logprobs_D_T: Float32Array[],
) => { loss: number; grads_D_T: Float32Array[]; metrics?: Record<string, number> };

export interface ForwardBackwardOptions {
  /**
   * Which positions report log-probs: `all` as the wire protocol asks, or only those whose loss coefficient is not 0, or besides
   * them those where a mask of each datum's positions is not 0. The others may read NaN, which spares their projection onto the
   * vocabulary.
   */
  logprobs?: 'all' | 'trained' | readonly ArrayLike<number>[];
}

export interface TrainingClient {
  forward(
    data: Datum[],
    lossFn: LossFnType,
    config?: LossFnConfig,
    options?: ForwardBackwardOptions,
  ): Promise<APIFuture<ForwardBackwardOutput>>;
  /** Adds the gradient of the summed loss to what has accumulated since the last optimizer step. */
  forwardBackward(
    data: Datum[],
    lossFn: LossFnType,
    config?: LossFnConfig,
    options?: ForwardBackwardOptions,
  ): Promise<APIFuture<ForwardBackwardOutput>>;
  /** `trained` spares positions of weight 0, of which the loss is then told NaN. */
  forwardBackwardCustom(
    data: Datum[],
    lossFn: CustomLossFn,
    options?: { logprobs?: 'all' | 'trained' },
  ): Promise<APIFuture<ForwardBackwardOutput>>;
  optimStep(params: AdamParams): Promise<APIFuture<OptimStepResponse>>;
  /** Weights and optimizer state, for resuming. */
  saveState(name: string, options?: SaveOptions): Promise<APIFuture<SaveWeightsResponse>>;
  /** Weights only, for sampling. */
  saveWeightsForSampler(name: string, options?: SaveOptions): Promise<APIFuture<SaveWeightsResponse>>;
  /** A sampling client on a snapshot of the weights as they are now; later steps do not change it. */
  saveWeightsAndGetSamplingClient(): Promise<SamplingClient>;
  getInfo(): Promise<ModelInfo>;
  /** Gives back what only this client uses. Requests that have not begun are refused; one that runs, a save too, is finished. */
  close(): Promise<void>;
}

export interface RequestOptions {
  /** Aborted, the request rejects at once with the signal's reason, and is computed no further. */
  signal?: AbortSignal;
}

export interface SampleOptions extends RequestOptions {
  include_prompt_logprobs?: boolean;
  /** So many of the most likely tokens at every position of the prompt; 0 = none. */
  topk_prompt_logprobs?: number;
  /** Only so many positions at the end of the prompt are told of by the two above; needs `include_prompt_logprobs`. */
  prompt_logprobs_last_n?: number;
  /**
   * Tokens whose log-probs are wanted: row i holds ids for position i + 1 of the prompt, -1 for none. In a sparse tensor a cell that is
   * not listed is none.
   */
  target_prompt_logprobs?: AnyTensorData;
  /** So many tokens are drawn at every position of the prompt but the first, each by itself, at the request's temperature; 0 = none. */
  prompt_alt_tokens_k?: number;
  /** So many of the most likely tokens in the place of each token that is sampled; 0 = none. */
  topk_sample_logprobs?: number;
  /**
   * Told of each token of sample `member` as it is drawn, where the service can tell: the response has them all in any case.
   * A request whose listener throws fails with that.
   */
  onToken?(token: number, member: number): void;
}

export interface ScoreOptions extends RequestOptions {
  /** Only so many tokens at the end, at least 1, are asked about, which takes less; of the others a service may tell null. All unless given. */
  last_n?: number;
}

export interface SamplingClient {
  sample(
    prompt: ModelInput,
    numSamples: number,
    params: SamplingParams,
    options?: SampleOptions,
  ): Promise<SampleResponse>;
  /** Log-prob of each token given those before it; the first is null. */
  computeLogprobs(input: ModelInput, options?: ScoreOptions): Promise<(number | null)[]>;
  getInfo(): Promise<ModelInfo>;
  /** Gives back what only this client uses; requests that wait are refused. */
  close(): Promise<void>;
}

export interface CapabilitiesOptions {
  /**
   * The models to tell about. A hosted service lists all that it serves, whatever is asked. The embedded engine takes any
   * model that lies somewhere, so it has no list of its own and tells about these.
   */
  models?: readonly string[];
}

export interface ServiceClient {
  /** Models and the lengths of their contexts; no model is opened for it. */
  getServerCapabilities(options?: CapabilitiesOptions): Promise<ServerCapabilities>;
  createLoraTrainingClient(options: CreateLoraTrainingClientOptions): Promise<TrainingClient>;
  /** Weights from a saved state, fresh optimizer. */
  createTrainingClientFromState(path: string): Promise<TrainingClient>;
  /** Weights and optimizer state: goes on exactly where the save was made. */
  createTrainingClientFromStateWithOptimizer(path: string): Promise<TrainingClient>;
  /** A saved sampler path, or the base model itself. */
  createSamplingClient(options: { base_model?: string; model_path?: string }): Promise<SamplingClient>;
  /** Deletes a checkpoint that this service saved; deleting what is gone already is no error. */
  deleteCheckpoint(path: string): Promise<void>;
  /** Closes its clients, and gives back processes, sessions and memory. */
  close(): Promise<void>;
  /** Rejects when all that was not saved is gone, so that nothing that is asked later can be answered. Absent where it never does. */
  readonly lost?: Promise<never>;
}

/** A service that trains all parameters of a new model, which is no part of the Tinker API. */
export interface FullTrainingService extends ServiceClient {
  /** `config` is a config.json; `tokenizer_path` a directory whose tokenizer files go with every checkpoint. */
  createFullTrainingClient(options: CreateFullTrainingClientOptions): Promise<TrainingClient>;
}

/** A service that counts the tokens that it is asked to compute, which is no part of the Tinker API. */
export interface MeteredService extends ServiceClient {
  readonly meter: TokenMeter;
}
