// The shapes of run.json, status.json and lease, by which what lies on disk is checked before it is believed.

import type { Headline } from '../registry/headline.ts';
import { type Identity, isRunSpec } from '../spec/types.ts';
import type { Learned } from '../training/types.ts';
import { isJsonObject, type JsonValue } from '../util/json.ts';
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
} from '../util/json_shape.ts';
import { GOALS } from './objective.ts';
import { type LeaseRecord, RUN_STATES, type RunRecord, type RunStatus } from './types.ts';

export const isJsonValue = (value: unknown): value is JsonValue => value !== undefined;

const identity = jsonShape<Identity>({
  version: isCount,
  hash: isString,
  config_hash: isString,
  config: isJsonObject,
  seed: isNumber,
});

const versions = jsonShape<RunRecord['versions']>({
  cookbook: isString,
  node: isString,
  onnxruntime: isNullOr(isString),
  platform: isString,
});

const git = jsonShape<NonNullable<RunRecord['git']>>({
  commit: isString,
  branch: isNullOr(isString),
  dirty: isBoolean,
});

const objective = jsonShape<NonNullable<RunRecord['objective']>>({
  metric: isString,
  goal: isOneOf(GOALS),
  at: isString,
});

const producer = jsonShape<{ stage: string; hash: string }>({ stage: isString, hash: isString });
export const { is: isStage } = jsonShape<NonNullable<RunRecord['stage']>>({
  name: isString,
  after: isArrayOf(producer.is),
});

const headline = jsonShape<Headline>({ metric: isString, goal: isOneOf(['minimize', 'maximize']), label: isString });
export const isHeadline = isArrayOf(headline.is);

export const runRecordShape = jsonShape<RunRecord>({
  schema_version: isOneOf([1]),
  name: isString,
  identity: identity.is,
  spec: isRunSpec,
  axes: isRecordOf(isJsonValue),
  objective: isNullOr(objective.is),
  stage: isOptional(isStage),
  headline: isOptional(isHeadline),
  versions: versions.is,
  git: isNullOr(git.is),
  argv: isArrayOf(isString),
  created_at: isString,
});

const runError = jsonShape<NonNullable<RunStatus['error']>>({ code: isString, message: isString });
const learned = jsonShape<Learned>({ metric: isString, before: isNumber, after: isNumber });

export const runStatusShape = jsonShape<RunStatus>({
  schema_version: isOneOf([1]),
  state: isOneOf(RUN_STATES),
  attempt: isCount,
  step: isCount,
  total_steps: isNullOr(isCount),
  started_at: isNullOr(isString),
  updated_at: isString,
  ended_at: isNullOr(isString),
  host: isString,
  pid: isCount,
  error: isNullOr(runError.is),
  learned: isArrayOf(learned.is),
  warnings: isOptional(isArrayOf(isString)),
  sampler_path: isNullOr(isString),
});

/** The token becomes part of a file's name. */
const isToken = (value: unknown): value is string => isString(value) && /^[\w-]{1,64}$/.test(value);

export const leaseShape = jsonShape<LeaseRecord>({
  token: isToken,
  host: isString,
  pid: isCount,
  process_started: isString,
  boot_id: isString,
  pid_namespace: isString,
  taken_at: isString,
});
