// Builder of the `pretrain` trainer: a small model from nothing, all of its parameters trained.

import { defineBuilder } from '../registry/builder.ts';
import { trainerSlot } from '../training/types.ts';
import { loopHeadline, pretrainParams } from './fields.ts';

export const pretrain = defineBuilder({
  slot: trainerSlot,
  name: 'pretrain',
  version: 1,
  doc: 'Trains a small Llama model from scratch, tokenizer included, and writes it in Hugging Face layout.',
  params: pretrainParams,
  async build(config, _, make) {
    const { trainFromScratch } = await import('./pretrain.ts');
    return { train: (context) => trainFromScratch(config, context, make) };
  },
  headline: loopHeadline,
});
