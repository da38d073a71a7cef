// The data of the Tinker API as they come out of a message: guards that make types of what is unknown.

import type { LoraScaling } from '../../formats/lora_scaling.ts';
import type {
  CreateFullTrainingClientOptions,
  CreateLoraTrainingClientOptions,
  SampleOptions,
} from '../../tinker/clients.ts';
import { LOSS_FUNCTIONS } from '../../tinker/loss_functions.ts';
import type {
  AdamParams,
  AnyTensorData,
  Datum,
  EncodedTextChunk,
  ForwardBackwardOutput,
  ImageChunk,
  LossFnType,
  ModelInfo,
  ModelInput,
  ModelInputChunk,
  OptimStepResponse,
  PromptAltTokens,
  ProvenanceSpan,
  SampledSequence,
  SampleResponse,
  SamplingParams,
  SaveWeightsResponse,
  ServerCapabilities,
  SparseTensorData,
  SupportedModel,
  TensorData,
} from '../../tinker/types.ts';
import { isJsonObject } from '../../util/json.ts';
import {
  isArrayOf,
  isBoolean,
  isCount,
  isNullOr,
  isNumber,
  isOneOf,
  isOptional,
  isRecordOf,
  isString,
  jsonShape,
} from '../../util/json_shape.ts';
import type { LoraOptions } from '../adapter_shape.ts';
import { PRECISIONS } from '../precision.ts';
import type { SessionOptions } from '../service.ts';

const isAbsent = (value: unknown): value is undefined => value === undefined;
const isStrings = isArrayOf(isString);
const isNumberArray = isArrayOf(isNumber);
const isNumbers = (value: unknown): value is number[] | Float32Array =>
  value instanceof Float32Array || isNumberArray(value);
const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array;

export const isLossFn = (value: unknown): value is LossFnType =>
  typeof value === 'string' && Object.hasOwn(LOSS_FUNCTIONS, value);

const textChunk = jsonShape<EncodedTextChunk>({ type: isOneOf(['encoded_text']), tokens: isNumberArray });
const imageChunk = jsonShape<ImageChunk>({
  type: isOneOf(['image']),
  data: isBytes,
  format: isOneOf(['png', 'jpeg', 'webp']),
  expected_tokens: isNumber,
});
const isChunk = (value: unknown): value is ModelInputChunk => textChunk.is(value) || imageChunk.is(value);

export const isModelInput = jsonShape<ModelInput>({ chunks: isArrayOf(isChunk) }).is;

const isTensor = jsonShape<TensorData>({
  data: isNumbers,
  dtype: isOneOf(['float32', 'int64']),
  shape: isNumberArray,
  sparse_crow_indices: isAbsent,
  sparse_col_indices: isAbsent,
}).is;

const isSparseTensor = jsonShape<SparseTensorData>({
  data: isNumbers,
  dtype: isOneOf(['float32', 'int64']),
  shape: isNumberArray,
  sparse_crow_indices: isNumberArray,
  sparse_col_indices: isNumberArray,
}).is;
const isAnyTensor = (value: unknown): value is AnyTensorData => isTensor(value) || isSparseTensor(value);

const isSpan = jsonShape<ProvenanceSpan>({
  type: isOneOf(['prompt', 'sampled']),
  sequence_id: isString,
  offset: isNumber,
  length: isNumber,
}).is;

export const isDatum = jsonShape<Datum>({
  model_input: isModelInput,
  loss_fn_inputs: isRecordOf(isTensor),
  model_input_spans: isOptional(isArrayOf(isSpan)),
  loss_fn_input_spans: isOptional(isArrayOf(isSpan)),
}).is;

/** Which positions report log-probs; of a mask, 1 where one does. */
export type LogprobsAsked = 'all' | 'trained' | Uint8Array[];
export const isLogprobsAsked = (value: unknown): value is LogprobsAsked =>
  value === 'all' || value === 'trained' || isArrayOf(isBytes)(value);

export const isAdamParams = jsonShape<AdamParams>({
  learning_rate: isNumber,
  beta1: isNumber,
  beta2: isNumber,
  eps: isNumber,
  weight_decay: isNumber,
  grad_clip_norm: isNumber,
}).is;

const isStop = (value: unknown): value is NonNullable<SamplingParams['stop']> =>
  isString(value) || isStrings(value) || isNumberArray(value);

export const isSamplingParams = jsonShape<SamplingParams>({
  max_tokens: isOptional(isNumber),
  seed: isOptional(isNumber),
  stop: isOptional(isStop),
  temperature: isOptional(isNumber),
  top_k: isOptional(isNumber),
  top_p: isOptional(isNumber),
}).is;

/** What comes with samples; signals and listeners are no part of a message. */
export type SentSampleOptions = Omit<SampleOptions, 'signal' | 'onToken'>;
export const isSampleOptions = jsonShape<SentSampleOptions>({
  include_prompt_logprobs: isOptional(isBoolean),
  topk_prompt_logprobs: isOptional(isNumber),
  prompt_logprobs_last_n: isOptional(isNumber),
  target_prompt_logprobs: isOptional(isAnyTensor),
  prompt_alt_tokens_k: isOptional(isNumber),
  topk_sample_logprobs: isOptional(isNumber),
}).is;

const isRanks = isRecordOf(isNumber);
const isLora = jsonShape<LoraOptions & Omit<LoraScaling, 'rank'>>({
  alpha: isNumber,
  use_rslora: isOptional(isBoolean),
  rank_pattern: isOptional(isRanks),
  alpha_pattern: isOptional(isRanks),
  loraplus_lr_ratio: isNullOr(isNumber),
}).is;

/** A session without what cannot be sent: who is told of what takes long is the other end of the connection. */
export type SentSessionOptions = Omit<SessionOptions, 'notify' | 'caughtUp'>;

export const isSessionOptions = jsonShape<SentSessionOptions>({
  checkpoints: isString,
  microbatchTokens: isCount,
  activationCheckpointing: isOptional(isBoolean),
  batchInvariant: isOptional(isBoolean),
  precision: isOptional(isOneOf(PRECISIONS)),
  lora: isOptional(isLora),
  neftuneAlpha: isOptional(isNumber),
  seed: isNumber,
}).is;

export const isLoraClientOptions = jsonShape<CreateLoraTrainingClientOptions>({
  base_model: isString,
  rank: isNumber,
  seed: isOptional(isNumber),
  train_mlp: isOptional(isBoolean),
  train_attn: isOptional(isBoolean),
  train_unembed: isOptional(isBoolean),
  user_metadata: isOptional(isRecordOf(isString)),
}).is;

export const isFullClientOptions = jsonShape<CreateFullTrainingClientOptions>({
  config: isJsonObject,
  tokenizer_path: isString,
  seed: isNumber,
}).is;

export const isModelInfo = jsonShape<ModelInfo>({
  base_model: isString,
  is_lora: isBoolean,
  lora_rank: isNullOr(isNumber),
  max_context_length: isNumber,
}).is;

const isSupportedModel = jsonShape<SupportedModel>({ model_name: isString, max_context_length: isNumber }).is;
export const isCapabilities = jsonShape<ServerCapabilities>({ supported_models: isArrayOf(isSupportedModel) }).is;

export const isForwardBackwardOutput = jsonShape<ForwardBackwardOutput>({
  loss_fn_output_type: isString,
  loss_fn_outputs: isArrayOf(isRecordOf(isTensor)),
  metrics: isRecordOf(isNumber),
}).is;

export const isOptimStepResponse = jsonShape<OptimStepResponse>({ metrics: isOptional(isRecordOf(isNumber)) }).is;
export const isSaved = jsonShape<SaveWeightsResponse>({ path: isString }).is;

/** `null` for the first token, which nothing comes before. */
export const isLogprobs = isArrayOf(isNullOr(isNumber));

const isPair = (value: unknown): value is [number, number] => isNumberArray(value) && value.length === 2;
const isTopk = isArrayOf(isNullOr(isArrayOf(isPair)));

const isSequence = jsonShape<SampledSequence>({
  stop_reason: isOneOf(['stop', 'length']),
  tokens: isNumberArray,
  logprobs: isNumberArray,
  sequence_id: isOptional(isString),
  topk_sampled_logprobs: isOptional(isTopk),
}).is;

const isAltTokens = jsonShape<PromptAltTokens>({ tokens: isTensor, logprobs: isTensor }).is;

/** What the embedded engine answers, which has no word of caches. */
export const isSampleResponse = jsonShape<SampleResponse>({
  sequences: isArrayOf(isSequence),
  prompt_cache_hit_tokens: isAbsent,
  prompt_logprobs: isOptional(isLogprobs),
  topk_prompt_logprobs: isOptional(isTopk),
  target_prompt_logprobs: isOptional(isAnyTensor),
  prompt_alt_tokens: isOptional(isAltTokens),
}).is;
