// Token sequences for both sides of a comparison: random ids and weights, as datums of the engine and of the reference.

import { type Datum, modelInputFromTokens } from '../../src/tinker/types.ts';
import { nextUniform, randomFor } from '../../src/util/random.ts';
import { RANDOM_MODEL_VOCABULARY } from '../support/random_model.ts';
import type { ReferenceDatum } from './reference.ts';

export function randomTokens(length: number, seed: number): number[] {
  const random = randomFor(seed, 'tokens');
  return Array.from({ length }, () => Math.floor(nextUniform(random) * RANDOM_MODEL_VOCABULARY));
}

/** Sequences of these lengths, with a real-valued weight at every position; about a fifth of them are zero. */
export function randomBatch(lengths: readonly number[], seed: number): ReferenceDatum[] {
  return lengths.map((length, d) => {
    const tokens = randomTokens(length + 1, 100 * seed + d);
    const random = randomFor(seed, 'weights', d);
    const weights = Array.from({ length }, () => Math.max(0, 1.5 * nextUniform(random) - 0.3));
    return { tokens: tokens.slice(0, -1), targets: tokens.slice(1), weights };
  });
}

export function toDatum({ tokens, targets, weights }: ReferenceDatum): Datum {
  const shape = [tokens.length];
  return {
    model_input: modelInputFromTokens(tokens),
    loss_fn_inputs: {
      target_tokens: { data: targets, dtype: 'int64', shape },
      weights: { data: weights, dtype: 'float32', shape },
    },
  };
}
