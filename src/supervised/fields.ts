// Spec fields of the supervised trainers: those that they share (schedule, optimizer, cadence of evaluations and checkpoints)
// and those that one of them adds.

import { type Static, Type } from '@sinclair/typebox';
import { builderOf, contents, FIELD_EXTENDS, nullable, oneOf, runtime, semantic, weights } from '../registry/fields.ts';
import type { Headline, HeadlineOf } from '../registry/headline.ts';
import { reference } from '../registry/slot.ts';
import { rendererSlot } from '../renderers/types.ts';
import { tokenizerSlot } from '../tokenizers/slot.ts';
import { evaluatorSlot } from '../training/evaluator.ts';
import { LR_SCHEDULES } from '../training/lr_schedule.ts';
import { datasetSlot } from './types.ts';

/** A run that is finished may go on when only such a field was raised. */
const EXTENDS = { [FIELD_EXTENDS]: true };

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
const loraFields = {
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

const loopFields = {
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
  save_every: runtime(steps('Steps between checkpoints; 0 = none by steps. The final one is always saved.', 20)),
  save_every_tokens: runtime(steps('Trained tokens between checkpoints; 0 = none by tokens.', 0)),
  save_every_seconds: runtime(steps('Seconds between checkpoints; 0 = none by time.', 0)),
  rolling_save_every: runtime(
    steps('Steps between short-lived checkpoints, of which the newest is kept; 0 = none by steps.', 0),
  ),
  rolling_save_every_tokens: runtime(steps('Trained tokens between short-lived checkpoints; 0 = none by tokens.', 0)),
  rolling_save_every_seconds: runtime(steps('Seconds between short-lived checkpoints; 0 = none by time.', 0)),
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

const loopParams = Type.Object(loopFields);
export type LoopConfig = Static<typeof loopParams>;

export const supervisedParams = Type.Object({
  model_name: contents(
    Type.String({
      description:
        'The base model: a directory in Hugging Face layout, a GGUF file, or a name on the Hugging Face hub.',
    }),
  ),
  load_checkpoint_path: nullable(
    weights({
      model: 'model_name',
      default: null,
      description:
        'Start from these weights, with a fresh optimizer: a run, {run: DIR, checkpoint: final | best | NAME}, a directory with a checkpoint, an adapter or a model, or a tinker:// path.',
    }),
  ),
  renderer: nullable(
    semantic(
      builderOf(rendererSlot, {
        default: null,
        description:
          'null = the one that load_checkpoint_path was trained with, else the one that suits the model best.',
      }),
    ),
  ),
  renderer_override: semantic(
    Type.Boolean({
      default: false,
      description: 'Allow another renderer than the one that load_checkpoint_path was trained with.',
    }),
  ),
  ...loraFields,
  ...loopFields,
});
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
  { evaluators, infrequent_evaluators }: Pick<LoopConfig, 'evaluators' | 'infrequent_evaluators'>,
  of: HeadlineOf,
): Headline[] {
  // Held-out data is measured even where no evaluator is listed for it.
  const implied = reference(evaluatorSlot, { builder: 'nll', name: 'test' });
  const measured = [implied, ...evaluators, ...infrequent_evaluators].flatMap(of);
  const distinct = new Map(measured.map((each) => [each.metric, each]));
  return [...distinct.values(), { metric: 'train_mean_nll', goal: 'minimize', label: 'nll' }];
}
