// The walk over the trained tokens of a batch that all policy losses share: ratios, the sum with its gradient, and metrics.

import type { LossInputs, LossOutput } from './types.ts';

/** Ratios further from 1 than e^±20 are taken for that: they are finite, and without a slope. */
const MOST_LOG_RATIO = 20;

/** A trained token. */
export interface Token {
  logprob: number;
  /** lp − q, within bounds. */
  logRatio: number;
  ratio: number;
  /** dlogRatio/dlp: 1 within the bounds, 0 at them. */
  moves: number;
  advantage: number;
}

/** A sequence's part of the loss. */
export interface SequenceTerm {
  loss: number;
  /** dloss/dlp of every trained token. */
  slopes: number[];
  /** Trained tokens whose slope is not what it would be without the bounds of the loss; absent: it has none. */
  clipped?: number;
}

/** A token's part of the loss. */
export interface TokenTerm {
  loss: number;
  slope: number;
  clipped: boolean;
}

export const boundedLogRatio = (difference: number): number =>
  Math.min(Math.max(difference, -MOST_LOG_RATIO), MOST_LOG_RATIO);

/** Σ share·loss over the sequences, in float64. */
export function sumOverSequences(
  inputs: LossInputs,
  shares_D: readonly number[],
  termOf: (tokens: readonly Token[]) => SequenceTerm,
): LossOutput {
  const grads_D_T = inputs.logprobs_D_T.map(({ length }) => new Float32Array(length));
  let [loss, count, ratios, largest, clipped, hasBounds] = [0, 0, 0, 0, 0, false];
  for (const [d, grads_T] of grads_D_T.entries()) {
    const positions = trainedPositions(inputs, d);
    if (positions.length === 0) continue;
    const tokens = positions.map((t) => tokenAt(inputs, d, t));
    const term = termOf(tokens);
    loss += shares_D[d] * term.loss;
    for (const [i, t] of positions.entries()) grads_T[t] = shares_D[d] * term.slopes[i];
    count += tokens.length;
    for (const { ratio } of tokens) {
      ratios += ratio;
      largest = Math.max(largest, ratio);
    }
    hasBounds ||= term.clipped !== undefined;
    clipped += term.clipped ?? 0;
  }
  const metrics: Record<string, number> = {};
  if (count > 0) {
    metrics['optim/ratio_mean'] = ratios / count;
    metrics['optim/ratio_max'] = largest;
    if (hasBounds) metrics['optim/clip_fraction'] = clipped / count;
  }
  return { loss, grads_D_T, metrics };
}

/** A sequence's part where it is the sum of its tokens' parts. */
export function sumOfTokens(tokens: readonly Token[], termOf: (token: Token) => TokenTerm): Required<SequenceTerm> {
  const terms = tokens.map(termOf);
  return {
    loss: terms.reduce((sum, { loss }) => sum + loss, 0),
    slopes: terms.map(({ slope }) => slope),
    clipped: terms.filter(({ clipped }) => clipped).length,
  };
}

export function trainedPositions({ mask_D_T }: LossInputs, d: number): number[] {
  return [...mask_D_T[d].keys()].filter((t) => mask_D_T[d][t] !== 0);
}

function tokenAt({ logprobs_D_T, sampled_logprobs_D_T, advantages_D_T }: LossInputs, d: number, t: number): Token {
  const logprob = logprobs_D_T[d][t];
  const difference = logprob - sampled_logprobs_D_T[d][t];
  const logRatio = boundedLogRatio(difference);
  const moves = Math.abs(difference) < MOST_LOG_RATIO ? 1 : 0;
  return { logprob, logRatio, ratio: Math.exp(logRatio), moves, advantage: advantages_D_T[d][t] };
}
