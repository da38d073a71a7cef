// Evaluators: a model in, a few named numbers out.

import { defineSlot } from '../registry/slot.ts';
import type { Renderer } from '../renderers/types.ts';
import type { SupervisedDataset } from '../supervised/types.ts';
import type { SamplingClient, TrainingClient } from '../tinker/clients.ts';
import type { Tokenizer } from '../tokenizers/types.ts';
import type { Metrics } from './types.ts';

/** Needs the training client: it computes losses. */
export interface TrainingClientEvaluator {
  kind: 'training';
  evaluate(client: TrainingClient): Promise<Metrics>;
}

/** Needs only to sample. One sampling client is shared by all evaluators of a step. */
export interface SamplingClientEvaluator {
  kind: 'sampling';
  evaluate(client: SamplingClient): Promise<Metrics>;
}

export type Evaluator = TrainingClientEvaluator | SamplingClientEvaluator;

export interface EvaluatorContext {
  tokenizer: Tokenizer;
  renderer: Renderer | null;
  /** The held-out part of the loop's dataset, or null. */
  test: SupervisedDataset | null;
  seed: number;
}

export const evaluatorSlot = defineSlot<EvaluatorContext, Evaluator>({
  name: 'evaluator',
  doc: 'Measures a model during training.',
});
