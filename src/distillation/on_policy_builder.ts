// Builder of the trainer `on_policy_distillation`.

import { defineBuilder } from '../registry/builder.ts';
import { lossProblems } from '../rl/check_loss.ts';
import { trainerSlot } from '../training/types.ts';
import { onPolicyDistillationHeadline, onPolicyDistillationParams, onPolicyProblem } from './on_policy_fields.ts';

export const onPolicyDistillation = defineBuilder({
  slot: trainerSlot,
  name: 'on_policy_distillation',
  version: 1,
  doc: 'Learning from teachers that judge every token of what the student says itself (tinker_cookbook/distillation/train_on_policy.py).',
  params: onPolicyDistillationParams,
  async build(config, _, make) {
    const { trainOnPolicy } = await import('./train_on_policy.ts');
    return { train: (context) => trainOnPolicy(config, context, make) };
  },
  headline: onPolicyDistillationHeadline,
  async check(config, surroundings) {
    return [
      ...(await lossProblems(config, surroundings)),
      ...[onPolicyProblem(config)].filter((found) => found !== null),
    ];
  },
});
