// Builder of the trainer `rl`.

import { defineBuilder } from '../registry/builder.ts';
import { trainerSlot } from '../training/types.ts';
import { ConfigurationError } from '../util/errors.ts';
import { rlHeadline, rlParams } from './fields.ts';

export const rl = defineBuilder({
  slot: trainerSlot,
  name: 'rl',
  version: 1,
  doc: 'Reinforcement learning of a LoRA adapter in environments (tinker_cookbook/rl/train.py).',
  params: rlParams,
  async build(config, _, make) {
    const { trainRL } = await import('./train.ts');
    return { train: (context) => trainRL(config, context, make) };
  },
  headline: rlHeadline,
  async check({ loss_fn, loss_fn_config }, { lossProblem }) {
    const { policyLoss } = await import('./losses/policy_loss.ts');
    const refused = await lossProblem?.(loss_fn);
    if (typeof refused === 'string') return [{ field: 'loss_fn', message: refused }];
    try {
      policyLoss(loss_fn, loss_fn_config);
      return [];
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      return [{ field: 'loss_fn_config', message: error.message }];
    }
  },
});
