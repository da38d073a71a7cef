// Spec fields that training loops share: how far a run goes, the optimizer and its schedule, and the cadence of evaluations
// and checkpoints.

import { Type } from '@sinclair/typebox';
import { builderOf, FIELD_EXTENDS, nullable, oneOf, runtime, semantic } from '../registry/fields.ts';
import { earlyStoppingFields } from './early_stopping.ts';
import { evaluatorSlot } from './evaluator.ts';
import { LR_SCHEDULES, type LrSchedule } from './lr_schedule.ts';

/** A run that is finished may go on when only such a field was raised. */
const EXTENDS = { [FIELD_EXTENDS]: true };

export const steps = (description: string, value: number) => Type.Integer({ minimum: 0, default: value, description });
const unit = (description: string, value: number) =>
  semantic(Type.Number({ minimum: 0, exclusiveMaximum: 1, default: value, description }));

const evaluators = (when: string) =>
  semantic(Type.Array(builderOf(evaluatorSlot), { default: [], description: `What is measured ${when}.` }));

/** The learning rate over the run, and how long the run is. */
export function scheduleFields({ learning_rate, lr_schedule }: { learning_rate: number; lr_schedule: LrSchedule }) {
  return {
    learning_rate: semantic(Type.Number({ minimum: 0, default: learning_rate, description: 'Peak learning rate.' })),
    lr_schedule: semantic(
      oneOf(LR_SCHEDULES, {
        default: lr_schedule,
        description: 'How the learning rate falls over the steps of the run.',
      }),
    ),
    warmup_steps: semantic(steps('Steps over which the learning rate climbs to its peak first.', 0)),
    num_epochs: semantic(Type.Integer({ minimum: 1, default: 1, description: 'Passes over the dataset.', ...EXTENDS })),
    max_steps: nullable(
      semantic(
        Type.Integer({ minimum: 1, default: null, description: 'Stop after this many steps; null = all.', ...EXTENDS }),
      ),
    ),
  };
}

export function evaluationFields({ eval_every }: { eval_every: number }) {
  return {
    evaluators: evaluators('every eval_every steps'),
    infrequent_evaluators: evaluators('every infrequent_eval_every steps'),
    eval_every: semantic(
      steps('Steps between evaluations, each before the step; the last is after training. 0 = none.', eval_every),
    ),
    infrequent_eval_every: semantic(steps('Steps between infrequent evaluations. 0 = none.', 100)),
    ...earlyStoppingFields,
  };
}

export const adamFields = {
  adam_beta1: unit("Decay of the gradient's running mean.", 0.9),
  adam_beta2: unit("Decay of the squared gradient's running mean.", 0.95),
  adam_eps: semantic(Type.Number({ minimum: 0, default: 1e-8, description: 'Added to the denominator of Adam.' })),
  weight_decay: semantic(Type.Number({ minimum: 0, default: 0, description: 'Decoupled weight decay of AdamW.' })),
  grad_clip_norm: semantic(
    Type.Number({ minimum: 0, default: 0, description: 'Bound on the norm of the gradient; 0 = no clipping.' }),
  ),
};

const lifetime = (kind: string, value: number) =>
  nullable(
    runtime(
      Type.Integer({
        minimum: 1,
        default: value,
        description: `How long a service keeps ${kind} checkpoints; null = for ever.`,
      }),
    ),
  );

export const checkpointFields = {
  save_every: runtime(steps('Steps between checkpoints; 0 = none by steps. The final one is always saved.', 20)),
  save_every_tokens: runtime(steps('Trained tokens between checkpoints; 0 = none by tokens.', 0)),
  save_every_seconds: runtime(steps('Seconds between checkpoints; 0 = none by time.', 0)),
  rolling_save_every: runtime(
    steps('Steps between short-lived checkpoints, of which the newest is kept; 0 = none by steps.', 0),
  ),
  rolling_save_every_tokens: runtime(steps('Trained tokens between short-lived checkpoints; 0 = none by tokens.', 0)),
  rolling_save_every_seconds: runtime(steps('Seconds between short-lived checkpoints; 0 = none by time.', 0)),
  ttl_seconds: lifetime('periodic', 604800),
  rolling_ttl_seconds: lifetime('rolling', 7200),
};
