// Spec fields of the supervised trainers: those that they share, and those that one of them adds.

import { type Static, Type } from '@sinclair/typebox';
import { builderOf, nullable, runtime, semantic } from '../registry/fields.ts';
import type { Headline, HeadlineOf } from '../registry/headline.ts';
import { reference } from '../registry/slot.ts';
import { tokenizerSlot } from '../tokenizers/slot.ts';
import { evaluatorSlot } from '../training/evaluator.ts';
import { adamFields, checkpointFields, evaluationFields, scheduleFields } from '../training/fields.ts';
import { modelFields } from '../training/model_fields.ts';
import { datasetSlot } from './types.ts';

const loopFields = {
  dataset: semantic(builderOf(datasetSlot, { description: 'What is trained on.' })),
  ...scheduleFields({ learning_rate: 1e-4, lr_schedule: 'linear' }),
  ...evaluationFields({ eval_every: 10 }),
  ...adamFields,
  ...checkpointFields,
  submit_ahead: runtime(
    Type.Integer({ minimum: 0, default: 1, description: 'Steps that are submitted before the oldest one is awaited.' }),
  ),
};

const loopParams = Type.Object(loopFields);
export type LoopConfig = Static<typeof loopParams>;

export const supervisedParams = Type.Object({ ...modelFields, ...loopFields });
export type SupervisedConfig = Static<typeof supervisedParams>;

const size = (description: string, value: number) =>
  semantic(Type.Integer({ minimum: 1, default: value, description }));

export const pretrainParams = Type.Object({
  tokenizer: semantic(builderOf(tokenizerSlot, { description: 'Where the tokenizer comes from.' })),
  hidden_size: size('Width of the residual stream.', 192),
  intermediate_size: size('Width inside the MLP.', 512),
  num_hidden_layers: size('Layers.', 6),
  num_attention_heads: size('Query heads; they divide hidden_size.', 6),
  num_key_value_heads: size('Key and value heads; they divide the query heads.', 2),
  max_position_embeddings: size('Longest sequence, in tokens.', 512),
  rope_theta: semantic(
    Type.Number({ exclusiveMinimum: 0, default: 10000, description: 'Base of the rotary frequencies.' }),
  ),
  save_model_path: nullable(
    runtime(
      Type.String({
        format: 'path',
        default: null,
        description: 'Directory that the finished model is copied to. null = it stays among the checkpoints.',
      }),
    ),
  ),
  ...loopFields,
});
export type PretrainConfig = Static<typeof pretrainParams>;

/** What the loops over these fields tell of themselves: what is measured, before the loss of the batches. */
export function loopHeadline(
  { dataset, evaluators, infrequent_evaluators }: Pick<LoopConfig, 'dataset' | 'evaluators' | 'infrequent_evaluators'>,
  of: HeadlineOf,
): Headline[] {
  // Held-out data is measured even where no evaluator is listed for it.
  const implied = reference(evaluatorSlot, { builder: 'nll', name: 'test' });
  const measured = [dataset, implied, ...evaluators, ...infrequent_evaluators].flatMap(of);
  const distinct = new Map(measured.map((each) => [each.metric, each]));
  return [...distinct.values(), { metric: 'train_mean_nll', goal: 'minimize', label: 'nll' }];
}
