// What a session refuses before anything is read or made for it.

import type { ModelConfig } from '../formats/hf_config.ts';
import { isUniform } from '../formats/lora_scaling.ts';
import { RequestError } from '../util/errors.ts';
import {
  type AdapterKind,
  checkAdapter,
  factorShapes,
  LORA_ALPHA,
  type LoraOptions,
  widestRank,
} from './adapter_shape.ts';
import type { BaseWeights } from './base_weights.ts';
import { requireMemory } from './memory.ts';
import { trainedBytes } from './memory_estimates.ts';
import type { Precision } from './precision.ts';

/** Where all parameters are trained none is frozen. */
export function refusePrecision(precision: Precision = 'float32'): void {
  if (precision === 'float32') return;
  throw new RequestError(`precision "${precision}" is of weights that are frozen, and here all of them are trained`, {
    hint: 'Leave it out of the service: these are computed in float32.',
  });
}

/** Where all parameters are trained there is no adapter for them to be of. */
export function refuseAdapterOptions(lora: LoraOptions | undefined): void {
  if (lora === undefined) return;
  const { loraplus_lr_ratio, ...scaling } = lora;
  if (loraplus_lr_ratio === null && scaling.alpha === LORA_ALPHA && isUniform({ rank: 1, ...scaling })) return;
  throw new RequestError('lora_alpha, use_rslora, rank_pattern, alpha_pattern and loraplus_lr_ratio are of adapters', {
    hint: 'This run trains all parameters: leave them out of the service.',
  });
}

/** Throws RequestError for a model whose weights, gradients and moments do not fit. */
export function requireModel({ shapes }: BaseWeights): void {
  requireMemory(trainedBytes(shapes), 'training all parameters', 'Make the model smaller.');
}

/** Throws RequestError for an adapter that the model cannot have, or the machine. */
export function requireAdapter(kind: AdapterKind, config: ModelConfig): void {
  checkAdapter(kind, config);
  requireMemory(
    trainedBytes(factorShapes(config, kind)),
    `an adapter of rank ${widestRank(config, kind)}`,
    'Lower lora_rank, or adapt less of the model (train_mlp, train_attn, train_unembed).',
  );
}
