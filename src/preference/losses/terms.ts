// The parts that preference losses are made of: means over pairs of functions whose slopes are known.

import type { PairInputs, PairLossOutput, PerPair } from './types.ts';

/** A value and its derivative. */
export interface Term {
  value: number;
  slope: number;
}

function sigmoid(x: number): number {
  return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
}

/** −log σ(x) */
export function negLogSigmoid(x: number): Term {
  return { value: x >= 0 ? Math.log1p(Math.exp(-x)) : -x + Math.log1p(Math.exp(x)), slope: -sigmoid(-x) };
}

/** σ(x) */
export function logistic(x: number): Term {
  const value = sigmoid(x);
  return { value, slope: value * sigmoid(-x) };
}

/** A function of factor · x as one of x. */
export function scaled(factor: number, termOf: (x: number) => Term): (x: number) => Term {
  return (x) => {
    const { value, slope } = termOf(factor * x);
    return { value, slope: factor * slope };
  };
}

/** How much higher the policy's log-probs are than the reference's. */
export function logRatios({ policy, reference }: PairInputs): { chosen_P: number[]; rejected_P: number[] } {
  const difference = (own: readonly number[], other: readonly number[]) => own.map((value, p) => value - other[p]);
  return {
    chosen_P: difference(policy.chosen_P, reference.chosen_P),
    rejected_P: difference(policy.rejected_P, reference.rejected_P),
  };
}

/** A completion that is not there has none. */
const atLeastOne = (tokens: number) => Math.max(1, tokens);

/** The inputs with log-probs a token in the place of sums. */
function perToken(inputs: PairInputs): PairInputs {
  const { policy, reference, tokens } = inputs;
  const averaged = ({ chosen_P, rejected_P }: PerPair): PerPair => ({
    chosen_P: chosen_P.map((sum, p) => sum / atLeastOne(tokens.chosen_P[p])),
    rejected_P: rejected_P.map((sum, p) => sum / atLeastOne(tokens.rejected_P[p])),
  });
  return { ...inputs, policy: averaged(policy), reference: averaged(reference) };
}

/** A loss of log-probs a token, as one of sums. */
export function ofAverages(inputs: PairInputs, compute: (averages: PairInputs) => PairLossOutput): PairLossOutput {
  const { loss, grads } = compute(perToken(inputs));
  const { tokens } = inputs;
  return {
    loss,
    grads: {
      chosen_P: grads.chosen_P.map((grad, p) => grad / atLeastOne(tokens.chosen_P[p])),
      rejected_P: grads.rejected_P.map((grad, p) => grad / atLeastOne(tokens.rejected_P[p])),
    },
  };
}

/** Of a pair: its loss, and the derivatives by the log-prob of either completion. */
interface PairTerm {
  value: number;
  chosen: number;
  rejected: number;
}

function meanOverPairs({ weights_P }: PairInputs, termOf: (p: number) => PairTerm): PairLossOutput {
  const total = weights_P.reduce((sum, weight) => sum + weight, 0);
  let loss = 0;
  const chosen_P: number[] = [];
  const rejected_P: number[] = [];
  for (const [p, weight] of weights_P.entries()) {
    const { value, chosen, rejected } = termOf(p);
    const share = weight / total;
    loss += share * value;
    chosen_P.push(share * chosen);
    rejected_P.push(share * rejected);
  }
  return { loss, grads: { chosen_P, rejected_P } };
}

/** The mean of a function of the difference between chosen and rejected. */
export function ofDifference(
  inputs: PairInputs,
  { chosen_P, rejected_P }: PerPair,
  termOf: (difference: number) => Term,
): PairLossOutput {
  return meanOverPairs(inputs, (p) => {
    const { value, slope } = termOf(chosen_P[p] - rejected_P[p]);
    return { value, chosen: slope, rejected: -slope };
  });
}

/** The mean of a function of what is chosen and another one of what is rejected. */
export function ofEach(
  inputs: PairInputs,
  { chosen_P, rejected_P }: PerPair,
  { ofChosen, ofRejected }: { ofChosen(x: number): Term; ofRejected(x: number): Term },
): PairLossOutput {
  return meanOverPairs(inputs, (p) => {
    const [chosen, rejected] = [ofChosen(chosen_P[p]), ofRejected(rejected_P[p])];
    return { value: chosen.value + rejected.value, chosen: chosen.slope, rejected: rejected.slope };
  });
}

/** Mean loss a token of the chosen completions, all tokens alike: what supervised training on them has. */
export function nllOfChosen({ policy, tokens, weights_P }: PairInputs): PairLossOutput {
  // A batch of completions that were judged one by one may hold none that is wanted.
  const total = atLeastOne(weights_P.reduce((sum, weight, p) => sum + weight * tokens.chosen_P[p], 0));
  const loss = -weights_P.reduce((sum, weight, p) => sum + weight * policy.chosen_P[p], 0) / total;
  return {
    loss,
    grads: { chosen_P: weights_P.map((weight) => -weight / total), rejected_P: weights_P.map(() => 0) },
  };
}

/** a + factor · b */
export function plus(a: PairLossOutput, b: PairLossOutput, factor: number): PairLossOutput {
  const added = (x: readonly number[], y: readonly number[]) => x.map((value, p) => value + factor * y[p]);
  return {
    loss: a.loss + factor * b.loss,
    grads: {
      chosen_P: added(a.grads.chosen_P, b.grads.chosen_P),
      rejected_P: added(a.grads.rejected_P, b.grads.rejected_P),
    },
  };
}
