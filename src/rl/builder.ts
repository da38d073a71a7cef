// Builder of the trainer `rl`.

import { defineBuilder } from '../registry/builder.ts';
import { trainerSlot } from '../training/types.ts';
import { lossProblems } from './check_loss.ts';
import { rlHeadline, rlParams } from './fields.ts';

export const rl = defineBuilder({
  slot: trainerSlot,
  name: 'rl',
  version: 1,
  doc: 'Reinforcement learning of a LoRA adapter in environments (tinker_cookbook/rl/train.py).',
  params: rlParams,
  async build(config, _, make) {
    const { trainRL } = await import('./train.ts');
    const { estimateRL } = await import('./estimate.ts');
    return {
      train: (context) => trainRL(config, context, make),
      estimate: (context) => estimateRL(config, context, make),
    };
  },
  headline: rlHeadline,
  check: lossProblems,
});
