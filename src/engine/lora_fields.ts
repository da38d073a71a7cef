// Spec fields of the embedded engine for adapters that are more than the Tinker API says, under the names of PEFT.

import { type Static, Type } from '@sinclair/typebox';
import { idlePattern, isUniform, type LoraScaling } from '../formats/lora_scaling.ts';
import type { FieldProblem } from '../registry/builder.ts';
import { nullable, semantic } from '../registry/fields.ts';
import { WeightsError } from '../util/errors.ts';
import { LORA_ALPHA, type LoraOptions } from './adapter_shape.ts';

/** More would make infinities. */
const MOST_ALPHA = 1e12;

export const loraFields = {
  lora_alpha: semantic(
    Type.Number({
      exclusiveMinimum: 0,
      maximum: MOST_ALPHA,
      default: LORA_ALPHA,
      description: 'An adapter counts lora_alpha over its rank. The Tinker service has 32.',
    }),
  ),
  use_rslora: semantic(
    Type.Boolean({ default: false, description: 'Rank-stabilised LoRA: lora_alpha over the root of the rank.' }),
  ),
  rank_pattern: semantic(
    Type.Record(Type.String(), Type.Integer({ minimum: 1, maximum: 16_384 }), {
      default: {},
      description: 'Other ranks for some modules, by regular expressions for their names: {down_proj: 8}.',
    }),
  ),
  alpha_pattern: semantic(
    Type.Record(Type.String(), Type.Number({ exclusiveMinimum: 0, maximum: MOST_ALPHA }), {
      default: {},
      description: 'Other alphas for some modules, in the same way.',
    }),
  ),
  loraplus_lr_ratio: nullable(
    semantic(
      Type.Number({
        exclusiveMinimum: 0,
        default: null,
        description: 'LoRA+: learning rate of the factors B over that of the factors A. null = the same.',
      }),
    ),
  ),
};

const loraParams = Type.Object(loraFields);

/** What is at its default is left out, as it is in adapter_config.json. */
export function loraOptions(fields: Static<typeof loraParams>): LoraOptions {
  const { lora_alpha: alpha, use_rslora, rank_pattern, alpha_pattern, loraplus_lr_ratio } = fields;
  return {
    alpha,
    ...(use_rslora && { use_rslora }),
    ...(!isUniform({ rank: 1, alpha, rank_pattern }) && { rank_pattern }),
    ...(!isUniform({ rank: 1, alpha, alpha_pattern }) && { alpha_pattern }),
    loraplus_lr_ratio,
  };
}

/** What is no regular expression. Whether it matches a module shows with the model. */
export function badPattern(patterns: Pick<LoraScaling, 'rank_pattern' | 'alpha_pattern'>): FieldProblem | null {
  for (const field of ['rank_pattern', 'alpha_pattern'] as const) {
    try {
      idlePattern({ rank: 1, alpha: 1, [field]: patterns[field] ?? {} }, []);
      for (const key of Object.keys(patterns[field] ?? {})) new RegExp(key);
    } catch (error) {
      if (error instanceof WeightsError || error instanceof SyntaxError) return { field, message: error.message };
      throw error;
    }
  }
  return null;
}
