// Datums of supervised training, and the figures that are reported of their log-probs.

import { type Datum, type ModelInput, modelInputFromTokens, tokensOf } from '../tinker/types.ts';
import type { Tokenizer } from '../tokenizers/types.ts';
import { DataValidationError } from '../util/errors.ts';

/**
 * `mean` divides the weights of an example by their sum, so that examples count alike whatever their length and the summed
 * loss grows with their number; `none` leaves every token its weight.
 */
export const REDUCTIONS = ['mean', 'none'] as const;
export type Reduction = (typeof REDUCTIONS)[number];

/**
 * The datum of N tokens with N loss weights: N − 1 inputs, each with the token after it as its target and that token's
 * weight. Tokens beyond `maxLength` are cut off first, from the right. Throws a DataValidationError where fewer than two
 * tokens remain, or tokens and weights differ in number.
 */
export function datumFromModelInputWeights(
  modelInput: ModelInput,
  weights: ArrayLike<number>,
  { maxLength = null, reduction }: { maxLength?: number | null; reduction: Reduction },
): Datum {
  const whole = tokensOf(modelInput);
  if (whole.length !== weights.length)
    throw new DataValidationError(`an example of ${whole.length} tokens cannot have ${weights.length} weights`);
  const tokens = maxLength === null ? whole : whole.slice(0, maxLength);
  if (tokens.length < 2)
    throw new DataValidationError(`an example needs 2 tokens, one to read and one to predict; it has ${tokens.length}`);

  const length = tokens.length - 1;
  const targetWeights = Float32Array.from({ length }, (_, i) => weights[i + 1]);
  const total = targetWeights.reduce((sum, weight) => sum + weight, 0);
  const scale = reduction === 'mean' && total > 0 ? 1 / total : 1;
  return {
    model_input: modelInputFromTokens(tokens.slice(0, -1)),
    loss_fn_inputs: {
      target_tokens: { data: tokens.slice(1), dtype: 'int64', shape: [length] },
      weights: { data: targetWeights.map((weight) => weight * scale), dtype: 'float32', shape: [length] },
    },
  };
}

/** Σ −w·logprob / Σ w in nats; NaN where nothing has weight. Log-probs at weight 0 are not looked at. */
export function computeMeanNll(
  logprobs_D_T: readonly ArrayLike<number>[],
  weights_D_T: readonly ArrayLike<number>[],
): number {
  let loss = 0;
  let total = 0;
  weights_D_T.forEach((weights_T, d) => {
    for (let t = 0; t < weights_T.length; t++) {
      if (weights_T[t] === 0) continue;
      loss -= weights_T[t] * logprobs_D_T[d][t];
      total += weights_T[t];
    }
  });
  return loss / total;
}

/**
 * Bits per byte: −Σ logprob / (ln 2 · bytes) over the targets with weight > 0 that are no special tokens, where the bytes
 * are those of each contiguous run of such targets decoded together. NaN where there is none. Unlike the loss per token it
 * can be compared between tokenizers.
 */
export function computeBpb(
  logprobs_D_T: readonly ArrayLike<number>[],
  weights_D_T: readonly ArrayLike<number>[],
  targets_D_T: readonly ArrayLike<number>[],
  tokenizer: Tokenizer,
): number {
  let loss = 0;
  let bytes = 0;
  targets_D_T.forEach((targets_T, d) => {
    let run: number[] = [];
    for (let t = 0; t <= targets_T.length; t++) {
      if (t < targets_T.length && weights_D_T[d][t] > 0 && !tokenizer.isSpecial(targets_T[t])) {
        loss -= logprobs_D_T[d][t];
        run.push(targets_T[t]);
      } else if (run.length > 0) {
        bytes += Buffer.byteLength(tokenizer.decode(run));
        run = [];
      }
    }
  });
  return loss / (Math.LN2 * bytes);
}
