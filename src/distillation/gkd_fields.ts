// Spec fields of the trainer `gkd`.

import { type Static, Type } from '@sinclair/typebox';
import { builderOf, semantic } from '../registry/fields.ts';
import type { Headline, HeadlineOf } from '../registry/headline.ts';
import { adamFields, checkpointFields, evaluationFields, scheduleFields } from '../training/fields.ts';
import { modelFields } from '../training/model_fields.ts';
import { demonstrationDatasetSlot } from './demonstrations.ts';
import { targetsField } from './off_policy_fields.ts';
import { teacherField } from './teacher_fields.ts';

const share = (value: number, description: string) =>
  semantic(Type.Number({ minimum: 0, maximum: 1, default: value, description }));

export const gkdParams = Type.Object({
  ...modelFields,
  dataset: semantic(
    builderOf(demonstrationDatasetSlot, {
      description: 'Questions, and the answers that are learned from where the student does not answer itself.',
    }),
  ),
  teacher: teacherField('Who says what the student should expect.'),
  lmbda: share(
    0.5,
    'Share of the steps that learn from replies of the student; the others learn from those of the data.',
  ),
  beta: share(
    0.5,
    'The divergence: 0 is KL(teacher ‖ student), 1 is KL(student ‖ teacher), between them that of Jensen and Shannon.',
  ),
  seq_kd: semantic(
    Type.Boolean({
      default: false,
      description: 'In the place of the answers of the data learn from replies of the teacher.',
    }),
  ),
  temperature: semantic(
    Type.Number({ exclusiveMinimum: 0, default: 0.9, description: 'Of replies that are sampled.' }),
  ),
  max_new_tokens: semantic(
    Type.Integer({ minimum: 1, default: 128, description: 'Longest reply that is sampled, in tokens.' }),
  ),
  n_teacher_targets: targetsField(20),
  ...scheduleFields({ learning_rate: 1e-4, lr_schedule: 'linear' }),
  ...evaluationFields({ eval_every: 20 }),
  ...adamFields,
  ...checkpointFields,
});
export type GkdConfig = Static<typeof gkdParams>;

export function gkdHeadline(
  { evaluators, infrequent_evaluators }: Pick<GkdConfig, 'evaluators' | 'infrequent_evaluators'>,
  of: HeadlineOf,
): Headline[] {
  return [
    { metric: 'test/gkd_loss', goal: 'minimize', label: 'test loss' },
    ...[...evaluators, ...infrequent_evaluators].flatMap(of),
    { metric: 'gkd_loss', goal: 'minimize', label: 'loss' },
  ];
}
