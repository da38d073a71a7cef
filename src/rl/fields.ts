// Spec fields of the trainer `rl`.

import { type Static, Type } from '@sinclair/typebox';
import { builderOf, nullable, oneOf, runtime, semantic, weights } from '../registry/fields.ts';
import type { Headline, HeadlineOf } from '../registry/headline.ts';
import { adamFields, checkpointFields, evaluationFields, scheduleFields, steps } from '../training/fields.ts';
import { modelFields } from '../training/model_fields.ts';
import { ADVANTAGES } from './advantages.ts';
import { limitFields, terminationFields } from './limits.ts';
import { LOSS_FN_NAMES } from './losses/table.ts';
import { rolloutStrategySlot } from './strategies.ts';
import { priceField } from './token_usage.ts';
import { rlDatasetSlot } from './types.ts';

const count = (description: string, value: number) => semantic(steps(description, value));
const atLeastOne = (description: string) => semantic(Type.Integer({ minimum: 1, description }));
const flag = (description: string) => semantic(Type.Boolean({ default: false, description }));
/** More would leave float32 no room for what is learned. */
const MOST = 1e9;
const weight = (description: string) => semantic(Type.Number({ minimum: 0, maximum: MOST, default: 0, description }));

const asyncConfig = Type.Object({
  max_steps_off_policy: semantic(
    Type.Integer({
      minimum: 0,
      description:
        'Updates that the policy of a group may be behind when it is trained on; one that is slow can exceed it. 0 = on-policy.',
    }),
  ),
  groups_per_batch: atLeastOne('Groups in an update.'),
});

const streamMinibatchConfig = Type.Object({
  groups_per_batch: atLeastOne('Groups in an update: as many as a batch of the dataset has.'),
  num_minibatches: atLeastOne('Parts of a substep that are trained on as soon as they are there.'),
});

/** What a trainer takes whose policy acts in environments, whatever it learns from. */
export const policyFields = {
  max_tokens: atLeastOne('Longest action, in tokens.'),
  temperature: semantic(Type.Number({ minimum: 1e-3, maximum: 1e3, default: 1, description: 'Of sampling.' })),
  test_temperature: nullable(
    semantic(
      Type.Number({
        minimum: 0,
        maximum: 1e3,
        default: null,
        description: 'Of sampling in the held-out environments; 0 = greedy, null = as in training.',
      }),
    ),
  ),
  loss_fn: semantic(
    oneOf(LOSS_FN_NAMES, { default: 'importance_sampling', description: 'The loss, by name: docs/losses.md.' }),
  ),
  loss_fn_config: semantic(
    Type.Record(Type.String(), Type.Number(), { default: {}, description: 'Settings of the loss, by name.' }),
  ),
  advantage: semantic(
    oneOf(ADVANTAGES, { default: 'centered', description: 'What an episode is compared with: docs/rl.md.' }),
  ),
  num_substeps: semantic(
    Type.Integer({ minimum: 1, default: 1, description: 'Optimizer steps that a batch is divided into.' }),
  ),
  ...scheduleFields({ learning_rate: 4e-5, lr_schedule: 'constant' }),
  compute_post_kl: flag('Measure how far each update moves the policy, at the cost of scoring the batch again.'),
  mask_truncated: flag('Train on no episode whose last action was cut at max_tokens; it counts in its group.'),
  rollout_error_tolerance: semantic(
    builderOf(rolloutStrategySlot, {
      default: { builder: 'retry_on_failure' },
      description: 'What becomes of a group when some of its episodes fail.',
    }),
  ),
  ...limitFields,
  ...terminationFields,
  async_config: nullable(
    semantic({ ...asyncConfig, default: null, description: 'Roll out while training; null = one after the other.' }),
  ),
  stream_minibatch_config: nullable(
    semantic({
      ...streamMinibatchConfig,
      default: null,
      description: 'Train on parts of a batch as they are rolled out; null = on the whole.',
    }),
  ),
  max_concurrent_groups: nullable(
    runtime(
      Type.Integer({ minimum: 1, default: null, description: 'Groups that are rolled out at once; null = all.' }),
    ),
  ),
  ...evaluationFields({ eval_every: 20 }),
  ...adamFields,
  ...checkpointFields,
  num_groups_to_log: runtime(steps('Groups of a batch whose transcripts are written; 0 = none.', 4)),
  rollout_json_export: runtime(
    Type.Boolean({ default: true, description: 'Write a summary of every episode as a line of JSON.' }),
  ),
  span_chart_every: runtime(steps('Steps between charts of where the time goes; 0 = none.', 0)),
  token_prices: priceField,
};

export const klDiscountField = semantic(
  Type.Number({
    minimum: 0,
    maximum: 1,
    default: 0,
    description: 'How much of what the tokens behind it cost a token pays too; 0 = nothing.',
  }),
);

export const rlParams = Type.Object({
  ...modelFields,
  dataset: semantic(builderOf(rlDatasetSlot, { description: 'The environments to train in.' })),
  ...policyFields,
  kl_penalty_coef: weight('Cost of a nat of difference from the reference policy.'),
  kl_discount_factor: klDiscountField,
  kl_reference: nullable(
    weights({
      model: 'model_name',
      default: null,
      description: 'The policy that kl_penalty_coef holds to; null = the one that training starts from.',
    }),
  ),
  remove_constant_reward_groups: flag('Leave out groups whose episodes all have the same reward.'),
  resample_constant_groups: count('Times that a group of constant reward is rolled out again.', 0),
  overlong_buffer_tokens: count(
    'Actions longer than max_tokens less this pay for it, up to overlong_penalty at max_tokens (DAPO); 0 = none.',
    0,
  ),
  overlong_penalty: semantic(
    Type.Number({
      minimum: 0,
      maximum: MOST,
      default: 1,
      description: 'What an action costs that is cut at max_tokens.',
    }),
  ),
});
export type RLConfig = Static<typeof rlParams>;

/** What the loops go by, wherever their environments and advantages come from. */
export type LoopConfig = Omit<RLConfig, 'dataset' | 'kl_discount_factor' | 'kl_reference'>;

/**
 * What is measured in the environments held out, by the evaluators, and of the batches. Environments that declare what they are about
 * have rewards that do not tell: they are relative to the group, and add up to nothing.
 */
export function rlHeadline(
  { dataset, evaluators, infrequent_evaluators }: Pick<RLConfig, 'dataset' | 'evaluators' | 'infrequent_evaluators'>,
  of: HeadlineOf,
): Headline[] {
  const about = of(dataset);
  const measured = [...evaluators, ...infrequent_evaluators].flatMap(of);
  if (about.length > 0) return [...measured, ...about];
  return [
    { metric: 'test/env/all/reward/total', goal: 'maximize', label: 'test reward' },
    ...measured,
    { metric: 'env/all/reward/total', goal: 'maximize', label: 'reward' },
  ];
}
