// The loss of a batch of pairs as a custom loss of its datums, chosen and rejected by turns, and what is reported of it.

import type { Datum } from '../tinker/types.ts';
import type { Metrics } from '../training/types.ts';
import type { ChosenLoss } from './losses/preference_loss.ts';
import type { PairInputs, PairLossOutput, PerPair } from './losses/types.ts';
import type { PreferencePair } from './types.ts';

/** The datums of P pairs: those of pair p are 2p and 2p + 1. */
export const datumsOf = (pairs_P: readonly PreferencePair[]): Datum[] =>
  pairs_P.flatMap(({ chosen, rejected }) => [chosen, rejected]);

/** Log-probs of completions under what the policy is compared with. */
export interface Reference {
  of(pairs_P: readonly PreferencePair[], signal: AbortSignal): Promise<PerPair>;
  close(): Promise<void>;
}

/** What is learned: a loss, and what it compares with. */
export interface Objective {
  loss: ChosenLoss;
  reference: Reference;
}

/** What of a batch the loss is computed from. */
export interface PairScores {
  policy: PerPair;
  reference: PerPair;
  tokens: PerPair;
}

/** The sum over the tokens of weight 1; a log-prob elsewhere is not looked at. */
export function completionLogprob(datum: Datum, logprobs_T: ArrayLike<number>): number {
  return weightedSum(datum, (t) => logprobs_T[t]);
}

const completionTokens = (datum: Datum): number => weightedSum(datum, () => 1);

function weightedSum({ loss_fn_inputs: { weights } }: Datum, of: (t: number) => number): number {
  let sum = 0;
  for (const [t, weight] of weights.data.entries()) if (weight !== 0) sum += weight * of(t);
  return sum;
}

export function byTurns(values_D: readonly number[]): PerPair {
  return {
    chosen_P: values_D.filter((_, d) => d % 2 === 0),
    rejected_P: values_D.filter((_, d) => d % 2 === 1),
  };
}

/** Each pair, and a tie as two of half the weight, one a way. */
export function orientedLoss(
  { policy, reference, tokens }: PairScores,
  ties_P: readonly boolean[],
  loss: ChosenLoss,
): PairLossOutput {
  const ways = ties_P.flatMap((tie, p) =>
    tie
      ? [
          { p, weight: 0.5, turned: false },
          { p, weight: 0.5, turned: true },
        ]
      : [{ p, weight: 1, turned: false }],
  );
  const turn = ({ chosen_P, rejected_P }: PerPair): PerPair => ({
    chosen_P: ways.map(({ p, turned }) => (turned ? rejected_P : chosen_P)[p]),
    rejected_P: ways.map(({ p, turned }) => (turned ? chosen_P : rejected_P)[p]),
  });
  const inputs: PairInputs = {
    policy: turn(policy),
    reference: turn(reference),
    tokens: turn(tokens),
    weights_P: ways.map(({ weight }) => weight),
  };
  const { loss: value, grads } = loss.compute(inputs);
  const chosen_P = ties_P.map(() => 0);
  const rejected_P = ties_P.map(() => 0);
  for (const [way, { p, turned }] of ways.entries()) {
    (turned ? rejected_P : chosen_P)[p] += grads.chosen_P[way];
    (turned ? chosen_P : rejected_P)[p] += grads.rejected_P[way];
  }
  return { loss: value, grads: { chosen_P, rejected_P } };
}

/** dLoss / d log-prob of every position: that of its completion, where the completion counts. */
export function tokenGrads(data_D: readonly Datum[], { chosen_P, rejected_P }: PerPair): Float32Array[] {
  return data_D.map(({ loss_fn_inputs: { weights } }, d) => {
    const grad = (d % 2 === 0 ? chosen_P : rejected_P)[Math.floor(d / 2)];
    return Float32Array.from(weights.data, (weight) => weight * grad);
  });
}

/**
 * `accuracy`, the share of pairs whose chosen completion has gained more than the rejected one; `chosen_reward`,
 * `rejected_reward` and `margin`, β times what they have gained, and the difference. Ties have no right answer: they count in
 * the loss alone.
 */
export function preferenceMetrics(
  { policy, reference, tokens }: PairScores,
  ties_P: readonly boolean[],
  { beta }: { beta: number },
): Metrics {
  const told = ties_P.flatMap((tie, p) => (tie ? [] : [p]));
  if (told.length === 0) return {};
  const mean = (of: (p: number) => number) => told.reduce((sum, p) => sum + of(p), 0) / told.length;
  const chosen = (p: number) => policy.chosen_P[p] - reference.chosen_P[p];
  const rejected = (p: number) => policy.rejected_P[p] - reference.rejected_P[p];
  const perToken = (side: 'chosen_P' | 'rejected_P') =>
    -told.reduce((sum, p) => sum + policy[side][p], 0) / told.reduce((sum, p) => sum + tokens[side][p], 0);
  return {
    accuracy: mean((p) => (chosen(p) > rejected(p) ? 1 : 0)),
    margin: mean((p) => beta * (chosen(p) - rejected(p))),
    chosen_reward: mean((p) => beta * chosen(p)),
    rejected_reward: mean((p) => beta * rejected(p)),
    chosen_nll: perToken('chosen_P'),
    rejected_nll: perToken('rejected_P'),
  };
}

/** The scores of a batch from the log-probs of its datums. */
export function scoresOf(
  data_D: readonly Datum[],
  logprobs_D_T: readonly ArrayLike<number>[],
  reference: PerPair,
): PairScores {
  return {
    policy: byTurns(data_D.map((datum, d) => completionLogprob(datum, logprobs_D_T[d]))),
    reference,
    tokens: byTurns(data_D.map(completionTokens)),
  };
}
