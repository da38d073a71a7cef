// When a run ends before its last step: the spec field, and what the journal asks of whoever judges the evaluations.

import { type Static, Type } from '@sinclair/typebox';
import { FIELD_EXTENDS, nullable, oneOf, semantic } from '../registry/fields.ts';

const early_stopping = nullable(
  semantic(
    Type.Object(
      {
        metric: nullable(
          Type.String({
            minLength: 1,
            default: null,
            description: "The metric of an evaluation to go by. null = the first of the trainer's headline.",
          }),
        ),
        goal: nullable(
          oneOf(['minimize', 'maximize'], {
            default: null,
            description: 'Which way is better. null = as the headline says of the metric.',
          }),
        ),
        patience: nullable(
          Type.Integer({
            minimum: 1,
            default: 3,
            description:
              'Evaluations in a row without an improvement after which the run ends; null = it never does, and only keeps its best checkpoint.',
            [FIELD_EXTENDS]: true,
          }),
        ),
        min_delta: Type.Number({
          minimum: 0,
          default: 0,
          description: 'By how much a value must be better than the last improvement to be one.',
        }),
      },
      {
        default: null,
        description: 'End the run when its evaluations get no better, and keep the best checkpoint. null = neither.',
        [FIELD_EXTENDS]: true,
      },
    ),
  ),
);

export const earlyStoppingFields = { early_stopping };

const params = Type.Object(earlyStoppingFields);
export type EarlyStoppingRule = NonNullable<Static<typeof params>['early_stopping']>;

/** Why a run was stopped before its last step: what stop.json says. */
export interface StopReason {
  /** What gave it up. */
  by: 'early_stopping';
  /** One sentence for people. */
  reason: string;
  metric: string;
  goal: 'minimize' | 'maximize';
  best: { step: number; value: number } | null;
  patience: number;
  min_delta: number;
}

/** Is told the evaluations of a run in their order, those of the attempts before first. */
export interface EvaluationJudge {
  readonly metric: string;
  /** Whether this is the best value so far, so that the weights are worth keeping. */
  observe(step: number, value: number): boolean;
  /** Why the run is to end, once it is. */
  readonly stop: StopReason | null;
}
