// Spec fields of the trainer `decisions`.

import { type Static, Type } from '@sinclair/typebox';
import { builderOf, nullable, oneOf, semantic } from '../../registry/fields.ts';
import type { Headline, HeadlineOf } from '../../registry/headline.ts';
import { adamFields, checkpointFields, evaluationFields, scheduleFields } from '../../training/fields.ts';
import { modelFields } from '../../training/model_fields.ts';
import { SCORING_RULES } from './choice_loss.ts';
import { CHOICE_INSTRUCTION } from './choice_prompt.ts';
import { decisionsSlot } from './types.ts';

export const decisionsParams = Type.Object({
  ...modelFields,
  dataset: semantic(builderOf(decisionsSlot, { description: 'The decisions to learn from.' })),
  loss_fn: semantic(
    oneOf(SCORING_RULES, {
      default: 'log',
      description:
        'The scoring rule: log, −Σ t·log p, or brier, Σ (p − t)². Both are least for the true probabilities.',
    }),
  ),
  batch_size: semantic(Type.Integer({ minimum: 1, default: 32, description: 'Decisions in an optimizer step.' })),
  system_prompt: nullable(
    semantic(Type.String({ default: CHOICE_INSTRUCTION, description: 'In front of every decision; null = none.' })),
  ),
  ...scheduleFields({ learning_rate: 1e-4, lr_schedule: 'linear' }),
  ...evaluationFields({ eval_every: 16 }),
  ...adamFields,
  ...checkpointFields,
});
export type DecisionsConfig = Static<typeof decisionsParams>;

export function decisionsHeadline(
  { evaluators, infrequent_evaluators }: Pick<DecisionsConfig, 'evaluators' | 'infrequent_evaluators'>,
  of: HeadlineOf,
): Headline[] {
  return [
    { metric: 'test/brier', goal: 'minimize', label: 'test Brier' },
    { metric: 'test/calibration_error', goal: 'minimize', label: 'calibration error' },
    ...[...evaluators, ...infrequent_evaluators].flatMap(of),
    { metric: 'loss', goal: 'minimize', label: 'loss' },
  ];
}
