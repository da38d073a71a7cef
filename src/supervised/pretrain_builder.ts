// Builder of the `pretrain` trainer: a small model from nothing, all of its parameters trained.

import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../registry/builder.ts';
import { builderOf, nullable, runtime, semantic } from '../registry/fields.ts';
import { tokenizerSlot } from '../tokenizers/slot.ts';
import { trainerSlot } from '../training/types.ts';
import { loopFields, loopHeadline } from './fields.ts';

const size = (description: string, value: number) =>
  semantic(Type.Integer({ minimum: 1, default: value, description }));

export const pretrain = defineBuilder({
  slot: trainerSlot,
  name: 'pretrain',
  version: 1,
  doc: 'Trains a small Llama model from scratch, tokenizer included, and writes it in Hugging Face layout.',
  params: Type.Object({
    tokenizer: semantic(builderOf(tokenizerSlot, { description: 'Where the tokenizer comes from.' })),
    hidden_size: size('Width of the residual stream.', 192),
    intermediate_size: size('Width inside the MLP.', 512),
    num_hidden_layers: size('Layers.', 6),
    num_attention_heads: size('Query heads; they divide hidden_size.', 6),
    num_key_value_heads: size('Key and value heads; they divide the query heads.', 2),
    max_position_embeddings: size('Longest sequence, in tokens.', 512),
    rope_theta: semantic(
      Type.Number({ exclusiveMinimum: 0, default: 10000, description: 'Base of the rotary frequencies.' }),
    ),
    save_model_path: nullable(
      runtime(
        Type.String({
          format: 'path',
          default: null,
          description: 'Directory that the finished model is copied to. null = it stays among the checkpoints.',
        }),
      ),
    ),
    ...loopFields,
  }),
  async build(params) {
    const { trainFromScratch } = await import('./pretrain.ts');
    return { train: (context) => trainFromScratch(params, context) };
  },
  headline: loopHeadline,
});
