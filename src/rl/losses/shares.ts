// How losses normalise: the share that a token of each sequence, or the sequence as a whole, has in the loss of a submission.

import { trainedPositions } from './sequences.ts';
import type { LossInputs } from './types.ts';

const tokensIn = (inputs: LossInputs): number[] => inputs.mask_D_T.map((_, d) => trainedPositions(inputs, d).length);
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Sequences count alike. One without trained tokens is among them, with a loss of 0. */
export function ofSequence({ mask_D_T: { length }, parts = 1 }: LossInputs): number[] {
  return new Array<number>(length).fill(1 / (length * parts));
}

/** Sequences count alike, so a token counts less in a longer one. */
export function ofTokenInSequence(inputs: LossInputs): number[] {
  const shares_D = ofSequence(inputs);
  return tokensIn(inputs).map((tokens, d) => shares_D[d] / Math.max(tokens, 1));
}

/** Tokens of the submission count alike. These are those of the whole optimizer step, unless it is submitted in parts. */
export function ofTokenInSubmission(inputs: LossInputs): number[] {
  const tokens_D = tokensIn(inputs);
  return tokens_D.map(() => 1 / (Math.max(sum(tokens_D), 1) * (inputs.parts ?? 1)));
}

/** Tokens count alike whatever else was sampled: the lengths of replies change nothing. */
export function ofTokenInLongest(inputs: LossInputs): number[] {
  return ofSequence(inputs).map((share) => share / inputs.max_tokens);
}
