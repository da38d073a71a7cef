// Spec fields of the trainer `dpo`.

import { type Static, Type } from '@sinclair/typebox';
import { builderOf, nullable, oneOf, semantic, weights } from '../registry/fields.ts';
import type { Headline, HeadlineOf } from '../registry/headline.ts';
import { adamFields, checkpointFields, evaluationFields, scheduleFields } from '../training/fields.ts';
import { modelFields } from '../training/model_fields.ts';
import type { LossChoice } from './losses/preference_loss.ts';
import { PREFERENCE_LOSS_NAMES } from './losses/table.ts';
import { preferenceDatasetSlot } from './types.ts';

export const dpoParams = Type.Object({
  ...modelFields,
  dataset: semantic(builderOf(preferenceDatasetSlot, { description: 'The comparisons to learn from.' })),
  loss_fn: semantic(
    oneOf(PREFERENCE_LOSS_NAMES, { default: 'dpo', description: 'The loss, by name: docs/preferences.md.' }),
  ),
  dpo_beta: nullable(
    semantic(
      Type.Number({
        exclusiveMinimum: 0,
        default: null,
        description: 'How much a nat of difference counts; null = the beta of the loss: 0.1, or 2 of simpo.',
      }),
    ),
  ),
  loss_fn_config: semantic(
    Type.Record(Type.String(), Type.Number(), {
      default: {},
      description: 'Settings of the loss, by name. Of a mixture each loss takes those that it has.',
    }),
  ),
  loss_weights: nullable(
    semantic(
      Type.Record(Type.String(), Type.Number({ minimum: 0 }), {
        minProperties: 1,
        default: null,
        description: 'A mixture in the place of loss_fn: what each loss counts, as {dpo: 1, sft: 0.2}.',
      }),
    ),
  ),
  length_normalized: semantic(
    Type.Boolean({
      default: false,
      description: 'Compare log-probs a token, so that length decides nothing. ipo, simpo and orpo always do.',
    }),
  ),
  reference_model: nullable(
    weights({
      model: 'model_name',
      default: null,
      description: 'What the policy is compared with; null = the weights that training starts from.',
    }),
  ),
  ...scheduleFields({ learning_rate: 1e-5, lr_schedule: 'linear' }),
  ...evaluationFields({ eval_every: 10 }),
  ...adamFields,
  ...checkpointFields,
});
export type DpoConfig = Static<typeof dpoParams>;

export function lossChoice(config: DpoConfig): LossChoice {
  const { loss_fn, loss_fn_config, loss_weights, dpo_beta, length_normalized } = config;
  const settings = dpo_beta === null ? loss_fn_config : { beta: dpo_beta, ...loss_fn_config };
  return { loss_weights: loss_weights ?? { [loss_fn]: 1 }, settings, length_normalized };
}

/** Two fields that say different things, of which one would be passed over. */
export function contradictionOf(config: DpoConfig): { field: string; message: string } | null {
  const { loss_fn, loss_weights, dpo_beta, loss_fn_config } = config;
  if (loss_weights !== null && loss_fn !== 'dpo' && !Object.hasOwn(loss_weights, loss_fn)) {
    const message = `loss_weights stands in the place of loss_fn, so ${loss_fn} would not be learned by. Set loss_weights=null, or name ${loss_fn} in it.`;
    return { field: 'loss_fn', message };
  }
  if (loss_weights !== null && Object.values(loss_weights).every((weight) => weight === 0))
    return { field: 'loss_weights', message: 'with weights of 0 alone nothing is learned.' };
  if (dpo_beta !== null && loss_fn_config.beta !== undefined && loss_fn_config.beta !== dpo_beta) {
    const message = `dpo_beta is ${dpo_beta} and loss_fn_config.beta ${loss_fn_config.beta}: leave one out.`;
    return { field: 'dpo_beta', message };
  }
  return null;
}

export function dpoHeadline(
  { evaluators, infrequent_evaluators }: Pick<DpoConfig, 'evaluators' | 'infrequent_evaluators'>,
  of: HeadlineOf,
): Headline[] {
  return [
    { metric: 'test/accuracy', goal: 'maximize', label: 'test accuracy' },
    { metric: 'test/margin', goal: 'maximize', label: 'test margin' },
    ...[...evaluators, ...infrequent_evaluators].flatMap(of),
    { metric: 'dpo_loss', goal: 'minimize', label: 'loss' },
  ];
}
