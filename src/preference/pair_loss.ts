// The loss of a batch of pairs as a custom loss of its datums, chosen and rejected by turns, and what is reported of it.

import type { Datum } from '../tinker/types.ts';
import type { ChosenLoss } from './losses/preference_loss.ts';
import type { PairInputs, PairLossOutput, PerPair } from './losses/types.ts';
import type { PreferencePair } from './types.ts';

/** The datums of pairs, chosen and rejected by turns where both are there. */
export const datumsOf = (pairs_P: readonly PreferencePair[]): Datum[] =>
  pairs_P.flatMap(({ chosen, rejected }) => [chosen ?? [], rejected ?? []].flat());

/** Values of the datums of pairs, by pair; 0 for a completion that is not there. */
export function perPair(pairs_P: readonly PreferencePair[], values_D: readonly number[]): PerPair {
  const values = values_D.values();
  const next = (datum: Datum | null) => (datum === null ? 0 : (values.next().value ?? Number.NaN));
  const both_P = pairs_P.map((pair) => ({ chosen: next(pair.chosen), rejected: next(pair.rejected) }));
  return { chosen_P: both_P.map(({ chosen }) => chosen), rejected_P: both_P.map(({ rejected }) => rejected) };
}

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
export function tokenGrads(pairs_P: readonly PreferencePair[], { chosen_P, rejected_P }: PerPair): Float32Array[] {
  const ofDatum = (datum: Datum | null, grad: number) =>
    datum === null ? [] : [Float32Array.from(datum.loss_fn_inputs.weights.data, (weight) => weight * grad)];
  return pairs_P.flatMap(({ chosen, rejected }, p) => [
    ...ofDatum(chosen, chosen_P[p]),
    ...ofDatum(rejected, rejected_P[p]),
  ]);
}

/** The scores of a batch from the log-probs of its datums. */
export function scoresOf(
  pairs_P: readonly PreferencePair[],
  logprobs_D_T: readonly ArrayLike<number>[],
  reference: PerPair,
): PairScores {
  const data_D = datumsOf(pairs_P);
  return {
    policy: perPair(
      pairs_P,
      data_D.map((datum, d) => completionLogprob(datum, logprobs_D_T[d])),
    ),
    reference,
    tokens: perPair(pairs_P, data_D.map(completionTokens)),
  };
}
