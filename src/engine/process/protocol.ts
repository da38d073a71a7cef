// What a run and its engine say to each other: the calls of a service and its clients, and the answers to them.

import type { CreateFullTrainingClientOptions, CreateLoraTrainingClientOptions } from '../../tinker/clients.ts';
import type {
  AdamParams,
  Datum,
  LossFnConfig,
  LossFnType,
  ModelInfo,
  ModelInput,
  SamplingParams,
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
  type Shape,
} from '../../util/json_shape.ts';
import { DEVICES, type Device } from '../device.ts';
import {
  isAdamParams,
  isDatum,
  isFullClientOptions,
  isLogprobsAsked,
  isLoraClientOptions,
  isLossFn,
  isModelInfo,
  isModelInput,
  isSampleOptions,
  isSamplingParams,
  isSessionOptions,
  type LogprobsAsked,
  type SentSampleOptions,
  type SentSessionOptions,
} from './values.ts';

/** The first message of a run. */
interface Open {
  op: 'open';
  id: number;
  device: Device;
  session: SentSessionOptions;
}

interface Capabilities {
  op: 'capabilities';
  id: number;
  models: string[];
}

interface CreateLora {
  op: 'create_lora';
  id: number;
  options: CreateLoraTrainingClientOptions;
}

interface CreateFull {
  op: 'create_full';
  id: number;
  options: CreateFullTrainingClientOptions;
}

interface FromState {
  op: 'from_state';
  id: number;
  path: string;
  optimizer: boolean;
}

interface CreateSampler {
  op: 'create_sampler';
  id: number;
  base_model?: string;
  model_path?: string;
}

interface DeleteCheckpoint {
  op: 'delete_checkpoint';
  id: number;
  path: string;
}

/** `forward_backward_calm`: without the noise of NEFTune, for losses that the run differentiates itself. */
export interface Pass {
  op: 'forward' | 'forward_backward' | 'forward_backward_calm';
  id: number;
  client: number;
  data: Datum[];
  loss_fn: LossFnType;
  config?: LossFnConfig;
  logprobs?: LogprobsAsked;
}

interface OptimStep {
  op: 'optim_step';
  id: number;
  client: number;
  params: AdamParams;
}

interface Save {
  op: 'save_state' | 'save_weights';
  id: number;
  client: number;
  name: string;
}

/** A sampler of the weights as they are. */
interface Snapshot {
  op: 'snapshot';
  id: number;
  client: number;
}

export interface Sample {
  op: 'sample';
  id: number;
  client: number;
  prompt: ModelInput;
  num_samples: number;
  params: SamplingParams;
  /** What comes with the samples. */
  asked: SentSampleOptions;
  /** Whether each token is told of. */
  tells: boolean;
}

interface ComputeLogprobs {
  op: 'compute_logprobs';
  id: number;
  client: number;
  input: ModelInput;
  /** Tokens at the end that are asked about; all unless given. */
  last_n?: number;
}

/** A client, or all of them and the session. */
interface Close {
  op: 'close';
  id: number;
  client: number | null;
}

/** Nobody waits for the answer to this request any more. */
interface Abort {
  op: 'abort';
  id: number;
}

/** Calls that are submitted: their order counts, and they are answered twice. */
export type Submission = Pass | OptimStep | Save;
export type Request =
  | Open
  | Capabilities
  | CreateLora
  | CreateFull
  | FromState
  | CreateSampler
  | DeleteCheckpoint
  | Submission
  | Snapshot
  | Sample
  | ComputeLogprobs
  | Close
  | Abort;

const id = isCount;
const client = isCount;
const isAnything = (_value: unknown): _value is unknown => true;
const named = <const Op extends string>(op: Op) => isOneOf([op]);

const pass = jsonShape<Pass>({
  op: isOneOf(['forward', 'forward_backward', 'forward_backward_calm']),
  id,
  client,
  data: isArrayOf(isDatum),
  loss_fn: isLossFn,
  config: isOptional(isRecordOf(isNumber)),
  logprobs: isOptional(isLogprobsAsked),
});

const save = jsonShape<Save>({ op: isOneOf(['save_state', 'save_weights']), id, client, name: isString });

const REQUESTS: Record<Request['op'], Shape<Request>> = {
  open: jsonShape<Open>({ op: named('open'), id, device: isOneOf(DEVICES), session: isSessionOptions }),
  capabilities: jsonShape<Capabilities>({ op: named('capabilities'), id, models: isArrayOf(isString) }),
  create_lora: jsonShape<CreateLora>({ op: named('create_lora'), id, options: isLoraClientOptions }),
  create_full: jsonShape<CreateFull>({ op: named('create_full'), id, options: isFullClientOptions }),
  from_state: jsonShape<FromState>({ op: named('from_state'), id, path: isString, optimizer: isBoolean }),
  create_sampler: jsonShape<CreateSampler>({
    op: named('create_sampler'),
    id,
    base_model: isOptional(isString),
    model_path: isOptional(isString),
  }),
  delete_checkpoint: jsonShape<DeleteCheckpoint>({ op: named('delete_checkpoint'), id, path: isString }),
  forward: pass,
  forward_backward: pass,
  forward_backward_calm: pass,
  optim_step: jsonShape<OptimStep>({ op: named('optim_step'), id, client, params: isAdamParams }),
  save_state: save,
  save_weights: save,
  snapshot: jsonShape<Snapshot>({ op: named('snapshot'), id, client }),
  sample: jsonShape<Sample>({
    op: named('sample'),
    id,
    client,
    prompt: isModelInput,
    num_samples: isNumber,
    params: isSamplingParams,
    asked: isSampleOptions,
    tells: isBoolean,
  }),
  compute_logprobs: jsonShape<ComputeLogprobs>({
    op: named('compute_logprobs'),
    id,
    client,
    input: isModelInput,
    last_n: isOptional(isNumber),
  }),
  close: jsonShape<Close>({ op: named('close'), id, client: isNullOr(isCount) }),
  abort: jsonShape<Abort>({ op: named('abort'), id }),
};

const shapesByName: ReadonlyMap<unknown, Shape<Request>> = new Map(Object.entries(REQUESTS));

/** @throws Error for what is no request: the two ends are of one version, so it is a defect */
export function requestOf(message: unknown): Request {
  const shape = isJsonObject(message) ? shapesByName.get(message.op) : undefined;
  if (shape?.is(message)) return message;
  throw new Error(`the engine was sent what is no request: ${shape?.problem(message) ?? 'it names no operation'}`);
}

/** An error as it is sent. */
export interface SentError {
  /** Of a CookbookError; null for any other, which is a defect. */
  code: string | null;
  message: string;
  hint?: string;
  stack: string;
}

/** The answer to a request. `accepted` goes before that to a submission, unless it is refused. */
export type Reply =
  | { type: 'accepted'; id: number }
  | { type: 'result'; id: number; value: unknown }
  | { type: 'error'; id: number; error: SentError }
  /** Drawn for a sample of a request that asked to be told. */
  | { type: 'token'; id: number; token: number; member: number }
  /** Of no request: something takes long. */
  | { type: 'notice'; message: string };

const sentError = jsonShape<SentError>({
  code: isNullOr(isString),
  message: isString,
  hint: isOptional(isString),
  stack: isString,
});

const REPLIES: Record<Reply['type'], Shape<Reply>> = {
  accepted: jsonShape<{ type: 'accepted'; id: number }>({ type: named('accepted'), id }),
  result: jsonShape<{ type: 'result'; id: number; value: unknown }>({
    type: named('result'),
    id,
    value: isAnything,
  }),
  error: jsonShape<{ type: 'error'; id: number; error: SentError }>({ type: named('error'), id, error: sentError.is }),
  token: jsonShape<{ type: 'token'; id: number; token: number; member: number }>({
    type: named('token'),
    id,
    token: isCount,
    member: isCount,
  }),
  notice: jsonShape<{ type: 'notice'; message: string }>({ type: named('notice'), message: isString }),
};

const replyShapes: ReadonlyMap<unknown, Shape<Reply>> = new Map(Object.entries(REPLIES));

/** @throws Error for what is no reply */
export function replyOf(message: unknown): Reply {
  const shape = isJsonObject(message) ? replyShapes.get(message.type) : undefined;
  if (shape?.is(message)) return message;
  throw new Error(`the engine has sent what is no reply: ${shape?.problem(message) ?? 'it has no type'}`);
}

/** What is told of a client when it is made. */
export interface MadeClient {
  client: number;
  info: ModelInfo;
}

export const isMadeClient = jsonShape<MadeClient>({ client, info: isModelInfo }).is;
