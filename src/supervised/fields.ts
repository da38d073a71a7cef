// Spec fields that the supervised loops share: schedule, optimizer, cadence of evaluations and checkpoints.

import { Type } from '@sinclair/typebox';
import { builderOf, nullable, oneOf, runtime, semantic } from '../registry/fields.ts';
import { evaluatorSlot } from '../training/evaluator.ts';
import { LR_SCHEDULES } from '../training/lr_schedule.ts';
import { datasetSlot } from './types.ts';

/** A run that is finished may go on when only such a field was raised. */
const EXTENDS = { 'x-cookbook-extends': true };

/** Wider than any model that there is. */
const MAX_LORA_RANK = 16_384;

const evaluators = (when: string) =>
  semantic(Type.Array(builderOf(evaluatorSlot), { default: [], description: `What is measured ${when}.` }));
const steps = (description: string, value: number) => Type.Integer({ minimum: 0, default: value, description });
const unit = (description: string, value: number) =>
  semantic(Type.Number({ minimum: 0, exclusiveMaximum: 1, default: value, description }));

const adapted = (part: string) =>
  semantic(
    Type.Boolean({ default: true, description: `Adapt ${part}. A checkpoint that is loaded keeps what it adapts.` }),
  );

/** What an adapter is and where it sits (LoraConfig of the Tinker API). */
export const loraFields = {
  lora_rank: semantic(
    Type.Integer({
      minimum: 1,
      maximum: MAX_LORA_RANK,
      default: 32,
      description: "Rank of the adapter, at most the model's hidden_size.",
    }),
  ),
  train_mlp: adapted('the MLP layers'),
  train_attn: adapted('the attention layers'),
  train_unembed: adapted('the unembedding, also where it is tied to the embedding, which stays as it is'),
};

export const loopFields = {
  dataset: semantic(builderOf(datasetSlot, { description: 'What is trained on.' })),
  learning_rate: semantic(Type.Number({ minimum: 0, default: 1e-4, description: 'Peak learning rate.' })),
  lr_schedule: semantic(
    oneOf(LR_SCHEDULES, { default: 'linear', description: 'How the learning rate falls over the steps of the run.' }),
  ),
  warmup_steps: semantic(steps('Steps over which the learning rate climbs to its peak first.', 0)),
  num_epochs: semantic(Type.Integer({ minimum: 1, default: 1, description: 'Passes over the dataset.', ...EXTENDS })),
  max_steps: nullable(
    semantic(
      Type.Integer({ minimum: 1, default: null, description: 'Stop after this many steps; null = all.', ...EXTENDS }),
    ),
  ),
  evaluators: evaluators('every eval_every steps'),
  infrequent_evaluators: evaluators('every infrequent_eval_every steps'),
  eval_every: semantic(
    steps('Steps between evaluations, each before the step; the last is after training. 0 = none.', 10),
  ),
  infrequent_eval_every: semantic(steps('Steps between infrequent evaluations. 0 = none.', 100)),
  adam_beta1: unit("Decay of the gradient's running mean.", 0.9),
  adam_beta2: unit("Decay of the squared gradient's running mean.", 0.95),
  adam_eps: semantic(Type.Number({ minimum: 0, default: 1e-8, description: 'Added to the denominator of Adam.' })),
  weight_decay: semantic(Type.Number({ minimum: 0, default: 0, description: 'Decoupled weight decay of AdamW.' })),
  grad_clip_norm: semantic(
    Type.Number({ minimum: 0, default: 0, description: 'Bound on the norm of the gradient; 0 = no clipping.' }),
  ),
  save_every: runtime(steps('Steps between checkpoints; 0 = only the final one.', 20)),
  rolling_save_every: runtime(
    steps('Steps between short-lived checkpoints, of which the newest is kept; 0 = none.', 0),
  ),
  ttl_seconds: nullable(
    runtime(
      Type.Integer({
        minimum: 1,
        default: 604800,
        description: 'How long a service keeps periodic checkpoints; null = for ever.',
      }),
    ),
  ),
  rolling_ttl_seconds: nullable(
    runtime(
      Type.Integer({
        minimum: 1,
        default: 7200,
        description: 'How long a service keeps rolling checkpoints; null = for ever.',
      }),
    ),
  ),
  submit_ahead: runtime(
    Type.Integer({ minimum: 0, default: 1, description: 'Steps that are submitted before the oldest one is awaited.' }),
  ),
};
