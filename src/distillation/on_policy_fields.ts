// Spec fields of the trainer `on_policy_distillation`.

import { type Static, Type } from '@sinclair/typebox';
import type { FieldProblem } from '../registry/builder.ts';
import { builderOf, nullable, semantic } from '../registry/fields.ts';
import type { Headline, HeadlineOf } from '../registry/headline.ts';
import { klDiscountField, policyFields } from '../rl/fields.ts';
import { rlDatasetSlot } from '../rl/types.ts';
import { modelFields } from '../training/model_fields.ts';
import { teacherField } from './teacher_fields.ts';

/** More would leave float32 no room for what is learned. */
const MOST = 1e9;

const datasetConfig = Type.Object({
  dataset: semantic(builderOf(rlDatasetSlot, { description: 'The environments that the student acts in.' })),
  teacher: teacherField('Who judges what it says there.'),
  name: nullable(
    semantic(
      Type.String({
        minLength: 1,
        pattern: '^(?!all$|dataset_\\d+$)[\\w.-]+$',
        examples: ['maths'],
        default: null,
        description: 'Under which its metrics are reported; null = dataset_0, dataset_1, … by its place.',
      }),
    ),
  ),
});

export const onPolicyDistillationParams = Type.Object({
  ...modelFields,
  dataset_configs: semantic(
    Type.Array(datasetConfig, { minItems: 1, description: 'What the student is taught, and by whom.' }),
  ),
  ...policyFields,
  kl_penalty_coef: semantic(
    Type.Number({
      minimum: 0,
      maximum: MOST,
      default: 1,
      description:
        'What a nat counts that a token is likelier to the student than to its teacher. 0 = teachers are asked for the metric teacher_kl alone.',
    }),
  ),
  kl_discount_factor: klDiscountField,
  reward_coef: semantic(
    Type.Number({
      minimum: 0,
      maximum: MOST,
      default: 0,
      description: 'What the advantages of rewards count beside; 0 = rewards are measured and teach nothing.',
    }),
  ),
});
export type OnPolicyDistillationConfig = Static<typeof onPolicyDistillationParams>;

/** What the datasets are about, if they say so, what is measured in those held out, then how far the student is from its teachers. */
export function onPolicyDistillationHeadline(
  { dataset_configs, evaluators, infrequent_evaluators }: OnPolicyDistillationConfig,
  of: HeadlineOf,
): Headline[] {
  const all: Headline[] = [
    ...dataset_configs.flatMap(({ dataset }) => of(dataset)),
    { metric: 'test/env/all/reward/total', goal: 'maximize', label: 'test reward' },
    ...[...evaluators, ...infrequent_evaluators].flatMap(of),
    { metric: 'teacher_kl', goal: 'minimize', label: 'KL to the teacher' },
  ];
  return all.filter(({ metric }, i) => all.findIndex((other) => other.metric === metric) === i);
}

/** What no run of these parameters can do. */
export function onPolicyProblem({
  dataset_configs,
  kl_penalty_coef,
  reward_coef,
}: OnPolicyDistillationConfig): FieldProblem | null {
  if (kl_penalty_coef === 0 && reward_coef === 0)
    return { field: 'kl_penalty_coef', message: 'kl_penalty_coef and reward_coef are 0: nothing would be learned' };
  const names = dataset_configs.flatMap(({ name }) => name ?? []);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    return { field: 'dataset_configs', message: `two datasets have the name "${twice}": give one of them another` };
  return null;
}
