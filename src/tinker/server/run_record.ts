// What is kept of a training run beside its checkpoints, in training_run.json.

import {
  isArrayOf,
  isBoolean,
  isCount,
  isNullOr,
  isOneOf,
  isOptional,
  isRecordOf,
  isString,
  jsonShape,
} from '../../util/json_shape.ts';
import { isCheckpointName } from '../local_path.ts';
import type { ServedKind } from './checkpoint_paths.ts';

export interface CheckpointRecord {
  kind: ServedKind;
  name: string;
  /** Where it lies below the directory of the run. Absent: under its kind and name, as older servers had it. */
  directory?: string | undefined;
  /** ISO 8601, as all times here. */
  time: string;
  size_bytes: number;
  /** Null: never. */
  expires_at: string | null;
  public: boolean;
  user_metadata: Record<string, string>;
}

/** The kind of its adapter, which a model that is made from one of its checkpoints has too. */
export interface AdapterRecord {
  /** What the server called the model. */
  base_model: string;
  lora_rank: number;
  train_attn: boolean;
  train_mlp: boolean;
  train_unembed: boolean;
}

export interface RunRecord extends AdapterRecord {
  schema_version: 1;
  training_run_id: string;
  last_request_time: string;
  user_metadata: Record<string, string>;
  checkpoints: CheckpointRecord[];
}

function isPlace(value: unknown): value is string {
  const [kind, name, ...rest] = isString(value) ? value.split('/') : [];
  return ['weights', 'sampler_weights'].includes(kind) && isCheckpointName(name ?? '') && rest.length === 0;
}

/** What is no time would never come. */
const isTime = (value: unknown): value is string => isString(value) && !Number.isNaN(Date.parse(value));

/** A name is part of a path, which must not lead out of the directory of the run. */
const isName = (value: unknown): value is string => isString(value) && isCheckpointName(value);

const checkpointShape = jsonShape<CheckpointRecord>({
  kind: isOneOf(['weights', 'sampler_weights', 'external_weights']),
  name: isName,
  directory: isOptional(isPlace),
  time: isTime,
  size_bytes: isCount,
  expires_at: isNullOr(isTime),
  public: isBoolean,
  user_metadata: isRecordOf(isString),
});

export const runShape = jsonShape<RunRecord>({
  schema_version: isOneOf([1]),
  training_run_id: isString,
  base_model: isString,
  lora_rank: isCount,
  train_attn: isBoolean,
  train_mlp: isBoolean,
  train_unembed: isBoolean,
  last_request_time: isString,
  user_metadata: isRecordOf(isString),
  checkpoints: isArrayOf(checkpointShape.is),
});
