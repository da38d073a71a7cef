// The data of the Tinker API under the names that the Python SDK and the wire use (hence snake_case fields).

import { RequestError } from '../util/errors.ts';

/** A run of token ids. */
export interface EncodedTextChunk {
  type: 'encoded_text';
  tokens: number[];
}

/** A picture, which takes the place of as many tokens as the model makes of it. */
export interface ImageChunk {
  type: 'image';
  /** The file's bytes. */
  data: Uint8Array;
  format: 'png' | 'jpeg' | 'webp';
  /** Positions that it takes, as the model's image processor counts them. */
  expected_tokens: number;
}

export type ModelInputChunk = EncodedTextChunk | ImageChunk;

/** What the model reads: chunks that are consumed one after another. */
export interface ModelInput {
  chunks: ModelInputChunk[];
}

export type TensorDType = 'float32' | 'int64';

/** A dense tensor, row-major. `int64` values are token ids and counts, exact as JavaScript numbers. */
export interface TensorData {
  data: number[] | Float32Array;
  dtype: TensorDType;
  shape: number[];
  /** What has them is a sparse tensor, whose `data` is read otherwise. */
  sparse_crow_indices?: never;
  sparse_col_indices?: never;
}

/** A matrix in rows of which few cells are listed (CSR). What the other cells hold is a matter of the field that it stands in. */
export interface SparseTensorData {
  /** Of the listed cells, row by row. */
  data: number[] | Float32Array;
  dtype: TensorDType;
  /** Rows and columns. */
  shape: number[];
  /** Where the cells of each row begin in `data`, and where the last row's end. */
  sparse_crow_indices: number[];
  /** Column of each cell, ascending within a row. */
  sparse_col_indices: number[];
}

export type AnyTensorData = TensorData | SparseTensorData;

/**
 * One training example of N input positions. `loss_fn_inputs` holds what the loss asks for, aligned to the input:
 * `target_tokens[i]` is the token to predict after reading position i.
 */
export interface Datum {
  model_input: ModelInput;
  loss_fn_inputs: Record<string, TensorData>;
  /** Where the positions of the input come from, and those of the targets; in order and without gaps. */
  model_input_spans?: ProvenanceSpan[];
  loss_fn_input_spans?: ProvenanceSpan[];
}

/**
 * Positions that stood in an earlier sampling request: in its prompt, or among the tokens that it sampled. Losses that the
 * service computes from what it noted while sampling ask for them.
 */
export interface ProvenanceSpan {
  type: 'prompt' | 'sampled';
  sequence_id: string;
  /** Of the first position, in the prompt or among the sampled tokens. */
  offset: number;
  length: number;
}

export type LossFnType =
  | 'cross_entropy'
  | 'importance_sampling'
  | 'ppo'
  | 'cispo'
  | 'dro'
  | 'gspo'
  | 'stable_reinforce';
export type LossFnConfig = Record<string, number>;

/** AdamW with bias correction. SDK defaults: 1e-4, 0.9, 0.95, 1e-12, 0, 0. */
export interface AdamParams {
  learning_rate: number;
  beta1: number;
  beta2: number;
  eps: number;
  /** Decoupled weight decay. */
  weight_decay: number;
  /** Bound on the global L2 norm of the gradient; 0 = no clipping. */
  grad_clip_norm: number;
}

export interface SamplingParams {
  /** Absent: up to the model's context length. */
  max_tokens?: number;
  seed?: number;
  /**
   * Strings, or token ids. The stop token (or the tokens that complete the string) is part of the result. The model's
   * end-of-sequence token stops as well, unless the list is empty: then nothing does.
   */
  stop?: string | string[] | number[];
  /** 0 = greedy. */
  temperature?: number;
  /** -1 = off. */
  top_k?: number;
  top_p?: number;
}

/** At each position the most likely tokens, most likely first; null where nothing is told of a position. */
export type TopkLogprobs = ([token: number, logprob: number][] | null)[];

export type SampleStopReason = 'stop' | 'length';

export interface SampledSequence {
  stop_reason: SampleStopReason;
  tokens: number[];
  /** Natural-log probability of each token under the untempered, unfiltered distribution. */
  logprobs: number[];
  /** Names the sequence to the service that sampled it. */
  sequence_id?: string;
  /** Of each sampled token, when asked for. */
  topk_sampled_logprobs?: TopkLogprobs;
}

/** Other tokens that the model draws at positions 1, 2, … of the prompt: matrices of a row a position. */
export interface PromptAltTokens {
  tokens: TensorData;
  logprobs: TensorData;
}

export interface SampleResponse {
  sequences: SampledSequence[];
  /** Tokens of the prompt that the service had in its cache. */
  prompt_cache_hit_tokens?: number;
  /** Entry i = log p(token i | tokens before it); the first is null. Present when asked for. */
  prompt_logprobs?: (number | null)[];
  /** Of each position of the prompt, when asked for; the first is null. */
  topk_prompt_logprobs?: TopkLogprobs;
  /** Of tokens that the request names, in its own layout; row i tells of position i + 1 of the prompt. */
  target_prompt_logprobs?: AnyTensorData;
  prompt_alt_tokens?: PromptAltTokens;
}

/** Metric keys are `name:reduction`, e.g. `loss:sum`. */
export interface ForwardBackwardOutput {
  loss_fn_output_type: string;
  /** One record a datum; `logprobs` has the shape of the targets. */
  loss_fn_outputs: Record<string, TensorData>[];
  metrics: Record<string, number>;
}

export interface OptimStepResponse {
  metrics?: Record<string, number>;
}

export interface SaveWeightsResponse {
  /** Where the service keeps it; only the service reads meaning into it. */
  path: string;
}

export interface ModelInfo {
  base_model: string;
  is_lora: boolean;
  lora_rank: number | null;
  /** Longest sequence, in tokens. */
  max_context_length: number;
}

export interface SupportedModel {
  model_name: string;
  /** Longest sequence, in tokens. */
  max_context_length: number;
}

export interface ServerCapabilities {
  supported_models: SupportedModel[];
}

export function modelInputFromTokens(tokens: number[]): ModelInput {
  return { chunks: [{ type: 'encoded_text', tokens }] };
}

/** All token ids of an input, in order. Throws a RequestError for one that holds a picture. */
export function tokensOf(input: ModelInput): number[] {
  return input.chunks.flatMap((chunk) => {
    if (chunk.type === 'encoded_text') return chunk.tokens;
    throw new RequestError('the input holds a picture where only text can be read', {
      hint: 'Take the pictures out of the data, or use a service and a model that read them.',
    });
  });
}

/** Positions that an input takes. */
export function lengthOf(input: ModelInput): number {
  return input.chunks.reduce(
    (sum, chunk) => sum + (chunk.type === 'image' ? chunk.expected_tokens : chunk.tokens.length),
    0,
  );
}

/** Positions that the inputs of datums take together. */
export function positionsOf(data: readonly Pick<Datum, 'model_input'>[]): number {
  return data.reduce((sum, { model_input }) => sum + lengthOf(model_input), 0);
}
