// How each version of the official SDK writes what it sends, and which answers it reads.

import type { ExactJsonObject } from '../../tinker/wire/json.ts';
import type { SdkVersion } from '../versions.ts';
import { EITHER, PROTOBUF } from './bench.ts';

export interface Dialect {
  version: SdkVersion;
  /** Whether `client/config` is asked for, without which newer versions do not begin. */
  asksConfig: boolean;
  asksDynamicConfig: boolean;
  /** Fields without a value are sent as null, and no body says its type. */
  sendsNulls: boolean;
  passesAs: 'json' | 'protobuf';
  /** What it accepts as the result of a pass, and of a sample. */
  accepts: { pass: string; sample: string };
  /** A model is made from a checkpoint by one request, under a name that the client makes. */
  resumesAtOnce: boolean;
  /** Names of sampled sequences are asked for. */
  namesSequences: boolean;
  /** Fields that come with each such request. */
  extras: { create_model: ExactJsonObject; save_weights_for_sampler: ExactJsonObject; asample: ExactJsonObject };
}

const JSON_TYPE = 'application/json';
const NO_EXTRAS = { create_model: {}, save_weights_for_sampler: {}, asample: {} };

const OLDEST: Dialect = {
  version: '0.16.1',
  asksConfig: false,
  asksDynamicConfig: false,
  sendsNulls: true,
  passesAs: 'json',
  accepts: { pass: JSON_TYPE, sample: JSON_TYPE },
  resumesAtOnce: false,
  namesSequences: false,
  extras: NO_EXTRAS,
};
const OF_0_18: Dialect = {
  ...OLDEST,
  version: '0.18.2',
  asksConfig: true,
  sendsNulls: false,
  accepts: { pass: JSON_TYPE, sample: EITHER },
};
const OF_0_22: Dialect = { ...OF_0_18, version: '0.22.0', accepts: { pass: EITHER, sample: EITHER } };
const OF_0_25: Dialect = {
  ...OF_0_22,
  version: '0.25.0',
  asksDynamicConfig: true,
  passesAs: 'protobuf',
  accepts: { pass: PROTOBUF, sample: PROTOBUF },
};

export const DIALECTS: readonly Dialect[] = [
  OLDEST,
  OF_0_18,
  OF_0_22,
  { ...OF_0_22, version: '0.24.1' },
  OF_0_25,
  {
    ...OF_0_25,
    version: '0.38.0',
    resumesAtOnce: true,
    namesSequences: true,
    extras: {
      create_model: { optimizer_config: { type: 'adamw' } },
      save_weights_for_sampler: { kind: 'snapshot' },
      asample: { record_stability_info: false, topk_sample_logprobs: 0, prompt_alt_tokens_k: 0 },
    },
  },
];

/** A body in a dialect. `empty`: the fields that the request could have besides, and has no value for. */
export function bodyIn(
  { sendsNulls }: Dialect,
  type: string,
  fields: ExactJsonObject,
  empty: readonly string[] = [],
): ExactJsonObject {
  return sendsNulls ? { ...Object.fromEntries(empty.map((name) => [name, null])), ...fields } : { ...fields, type };
}
