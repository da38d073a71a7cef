// What checks train on and sample from: token ids that every vocabulary has, as no tokenizer is asked.

import type { AdamParams, Datum, ForwardBackwardOutput, TensorData } from '../tinker/types.ts';
import { modelInputFromTokens } from '../tinker/types.ts';
import { demand } from './check.ts';

/** From 5, below which ends of sequences lie, up to 58: printable characters in most vocabularies. */
export const TEXT = [11, 12, 13, 21, 22, 31, 14, 41, 15, 52];
export const OTHER_TEXT = [33, 9, 47, 18, 26, 58, 7];
export const PROMPT = [17, 24, 36, 11];

export const RANK = 4;
export const ADAM: AdamParams = {
  learning_rate: 2e-3,
  beta1: 0.9,
  beta2: 0.95,
  eps: 1e-12,
  weight_decay: 0,
  grad_clip_norm: 0,
};

/** Log-probs of the same model by two ways of computing it, in half precision too. */
export const LOGPROB_TOLERANCE = 0.05;
/** Sums of the same numbers in another order, of the size of the numbers. */
export const SUM_TOLERANCE = 2e-3;
/** Of how far an update moves the log-probs: two that should be the same. */
export const UPDATE_TOLERANCE = 0.05;

export function floats(data: readonly number[], shape: number[] = [data.length]): TensorData {
  return { data: [...data], dtype: 'float32', shape };
}

export function integers(data: readonly number[], shape: number[] = [data.length]): TensorData {
  return { data: [...data], dtype: 'int64', shape };
}

/** Predicts each token from those before it. */
export function example(tokens: readonly number[], inputs: Record<string, TensorData> = {}): Datum {
  return {
    model_input: modelInputFromTokens(tokens.slice(0, -1)),
    loss_fn_inputs: { target_tokens: integers(tokens.slice(1)), ...inputs },
  };
}

/** One for each position, none of them alike. */
export const weightsFor = (tokens: readonly number[]): number[] => tokens.slice(1).map((_, i) => 0.25 * (i - 1));

export const BATCH: Datum[] = [TEXT, OTHER_TEXT].map((tokens) => example(tokens));

export function lossOf({ metrics }: Pick<ForwardBackwardOutput, 'metrics'>): number {
  const loss = metrics['loss:sum'];
  demand(loss !== undefined, `the result has no metric loss:sum; it has ${Object.keys(metrics).join(', ') || 'none'}`);
  demand(Number.isFinite(loss), `loss:sum is ${loss}`);
  return loss;
}

/** Log-probs of the targets, datum after datum. */
export function logprobsOf({ loss_fn_outputs }: Pick<ForwardBackwardOutput, 'loss_fn_outputs'>): number[] {
  return loss_fn_outputs.flatMap((record, i) => {
    const tensor: TensorData | undefined = record.logprobs;
    demand(tensor !== undefined, `loss_fn_outputs[${i}] has no logprobs`);
    return Array.from(tensor.data);
  });
}

/** The largest difference between two lists of numbers. */
export function distance(a: readonly number[], b: readonly number[]): number {
  demand(a.length === b.length, `${a.length} numbers where ${b.length} were expected`);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
}
