// Builder of the `supervised` trainer: fine-tuning with an adapter.

import { defineBuilder } from '../registry/builder.ts';
import { trainerSlot } from '../training/types.ts';
import { loopHeadline, supervisedParams } from './fields.ts';

export const supervised = defineBuilder({
  slot: trainerSlot,
  name: 'supervised',
  version: 1,
  doc: 'Supervised fine-tuning of a LoRA adapter (tinker_cookbook/supervised/train.py).',
  params: supervisedParams,
  async build(config, _, make) {
    const { estimateSupervised, trainSupervised } = await import('./train.ts');
    return {
      train: (context) => trainSupervised(config, context, make),
      estimate: (context) => estimateSupervised(config, context, make),
    };
  },
  headline: loopHeadline,
});
