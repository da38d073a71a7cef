// Spec fields of the trainer `sdft`.

import { type Static, Type } from '@sinclair/typebox';
import { builderOf, nullable, semantic } from '../registry/fields.ts';
import type { Headline, HeadlineOf } from '../registry/headline.ts';
import { adamFields, checkpointFields, evaluationFields, scheduleFields } from '../training/fields.ts';
import { modelFields } from '../training/model_fields.ts';
import { demonstrationDatasetSlot } from './demonstrations.ts';
import { targetsField } from './off_policy_fields.ts';
import { DEFAULT_TEMPLATE } from './teacher_prompt.ts';

export const sdftParams = Type.Object({
  ...modelFields,
  dataset: semantic(
    builderOf(demonstrationDatasetSlot, { description: 'Questions, and an answer to each that the teacher may see.' }),
  ),
  topk: targetsField(20),
  reverse: semantic(
    Type.Boolean({
      default: false,
      description:
        'Learn by KL(student ‖ teacher) over the tokens of topk, and not by cross-entropy with the teacher; one more forward pass.',
    }),
  ),
  skip_first_n_tokens: semantic(
    Type.Integer({ minimum: 0, default: 3, description: 'So many tokens of each reply are not trained.' }),
  ),
  length_normalized: semantic(
    Type.Boolean({ default: false, description: 'Divide what a reply counts by its trained tokens.' }),
  ),
  teacher_template: semantic(
    Type.String({
      default: DEFAULT_TEMPLATE,
      description: 'What the teacher is asked in the place of the question: holds {question} and {demonstration}.',
    }),
  ),
  teacher_sync_every: nullable(
    semantic(
      Type.Integer({
        minimum: 1,
        default: null,
        description:
          'Steps after which the teacher gets the weights of the student; null = it keeps those of the beginning.',
      }),
    ),
  ),
  group_size: semantic(
    Type.Integer({ minimum: 1, default: 1, description: 'Replies that the student gives to each question.' }),
  ),
  max_tokens: semantic(Type.Integer({ minimum: 1, default: 2048, description: 'Longest reply, in tokens.' })),
  temperature: semantic(Type.Number({ exclusiveMinimum: 0, default: 1, description: 'Of the replies.' })),
  ...scheduleFields({ learning_rate: 2e-5, lr_schedule: 'linear' }),
  ...evaluationFields({ eval_every: 20 }),
  ...adamFields,
  ...checkpointFields,
});
export type SdftConfig = Static<typeof sdftParams>;

export function sdftHeadline(
  { evaluators, infrequent_evaluators }: Pick<SdftConfig, 'evaluators' | 'infrequent_evaluators'>,
  of: HeadlineOf,
): Headline[] {
  return [
    ...[...evaluators, ...infrequent_evaluators].flatMap(of),
    { metric: 'test/nll', goal: 'minimize', label: 'test nll' },
    { metric: 'sdft/loss', goal: 'minimize', label: 'loss' },
  ];
}
