// Spec fields of the trainer `off_policy_distillation`.

import { type Static, Type } from '@sinclair/typebox';
import { builderOf, nullable, runtime, semantic } from '../registry/fields.ts';
import type { Headline, HeadlineOf } from '../registry/headline.ts';
import { datasetSlot } from '../supervised/types.ts';
import { adamFields, checkpointFields, evaluationFields, scheduleFields } from '../training/fields.ts';
import { modelFields } from '../training/model_fields.ts';
import { teacherField } from './teacher_fields.ts';

/** As many as services give. */
const MAX_TARGETS = 128;

export const targetsField = (value: number) =>
  semantic(
    Type.Integer({
      minimum: 1,
      maximum: MAX_TARGETS,
      default: value,
      description: "Tokens at each position that the teacher's distribution is taken over, likeliest first.",
    }),
  );

const datasetWithTeacher = Type.Object({
  dataset: semantic(builderOf(datasetSlot, { description: 'What is trained on.' })),
  teacher: teacherField('Who says what the student should expect.'),
  weight: semantic(
    Type.Number({ exclusiveMinimum: 0, default: 1, description: 'Its share of batch_size, relative to the others.' }),
  ),
});

export const offPolicyParams = Type.Object({
  ...modelFields,
  dataset_configs: semantic(
    Type.Array(datasetWithTeacher, { minItems: 1, description: 'Datasets, each with its teacher.' }),
  ),
  n_teacher_targets: targetsField(20),
  batch_size: nullable(
    semantic(
      Type.Integer({
        minimum: 1,
        default: null,
        description:
          'Examples in a step, divided by weight; null = a batch of each dataset, as its own batch_size says.',
      }),
    ),
  ),
  ...scheduleFields({ learning_rate: 1e-4, lr_schedule: 'linear' }),
  ...evaluationFields({ eval_every: 20 }),
  ...adamFields,
  ...checkpointFields,
  submit_ahead: runtime(
    Type.Integer({ minimum: 0, default: 1, description: 'Steps that are submitted before the oldest one is awaited.' }),
  ),
});
export type OffPolicyConfig = Static<typeof offPolicyParams>;

/** What a metric of one of so many datasets is called. */
export const metricOfDataset = (metric: string, dataset: number, datasets: number): string =>
  datasets > 1 ? `${metric}/dataset_${dataset}` : metric;

export function offPolicyHeadline(
  { dataset_configs, evaluators, infrequent_evaluators }: OffPolicyConfig,
  of: HeadlineOf,
): Headline[] {
  return [
    { metric: 'test/kl', goal: 'minimize', label: 'test KL' },
    ...dataset_configs.flatMap(({ dataset }, i) =>
      of(dataset).map(({ metric, goal, label }) => ({
        metric: metricOfDataset(metric, i, dataset_configs.length),
        goal,
        label: dataset_configs.length > 1 ? `${label}, dataset_${i}` : label,
      })),
    ),
    ...[...evaluators, ...infrequent_evaluators].flatMap(of),
    { metric: 'train/kl', goal: 'minimize', label: 'KL' },
  ];
}
