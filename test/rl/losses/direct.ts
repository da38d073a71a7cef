// The policy losses written down a second time, straight from their papers: whole sequences at once, no slopes, no walk in common
// with the code. What a loss holds constant is taken from `held`, where the log-probs stand before they are moved.

import type { LossInputs } from '../../../src/rl/losses/types.ts';

export interface Sequence {
  lp: number[];
  q: number[];
  A: number[];
  held: number[];
}

const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
const mean = (values: number[]) => (values.length === 0 ? 0 : sum(values) / values.length);
const clip = (x: number, low: number, high: number) => Math.max(low, Math.min(high, x));
const r = (lp: number, q: number) => Math.exp(clip(lp - q, -20, 20));

type Settings = Record<string, number>;

function surrogates({ lp, q, A }: Sequence, { epsilon = 0.2, epsilon_high = epsilon, delta }: Settings): number[] {
  return lp.map((_, t) => {
    const ratio = r(lp[t], q[t]);
    const first = delta === undefined ? ratio : Math.min(ratio, delta);
    return -Math.min(first * A[t], clip(ratio, 1 - epsilon, 1 + epsilon_high) * A[t]);
  });
}

/** The weighted REINFORCE losses; `weigh` is given the ratios that are held. */
function weighted({ lp, q, A, held }: Sequence, level: number, weigh: (ratio: number) => number): number[] {
  const product = Math.exp(clip(sum(held.map((lp, t) => clip(lp - q[t], -20, 20))), -20, 20));
  return lp.map((_, t) => -weigh(level === 1 ? product : r(held[t], q[t])) * lp[t] * A[t]);
}

type Direct = (sequences: Sequence[], settings: Settings, step: Pick<LossInputs, 'max_tokens'>) => number;

const perToken =
  (termsOf: (sequence: Sequence, settings: Settings) => number[]): Direct =>
  (sequences, settings) =>
    mean(sequences.flatMap((sequence) => termsOf(sequence, settings)));

export const DIRECT: Record<string, Direct> = {
  grpo: (sequences, settings) => mean(sequences.map((sequence) => mean(surrogates(sequence, settings)))),
  dr_grpo: (sequences, settings, { max_tokens }) =>
    sum(sequences.flatMap((sequence) => surrogates(sequence, settings))) / (sequences.length * max_tokens),
  dapo: perToken((sequence, settings) => surrogates(sequence, { epsilon_high: 0.28, ...settings })),
  bnpo: perToken(surrogates),
  sapo: (sequences, { temperature_pos = 1, temperature_neg = 1.05 }) =>
    mean(
      sequences.map(({ lp, q, A }) =>
        mean(
          lp.map((_, t) => {
            const tau = A[t] > 0 ? temperature_pos : temperature_neg;
            return ((-4 / tau) * A[t]) / (1 + Math.exp(-tau * (r(lp[t], q[t]) - 1)));
          }),
        ),
      ),
    ),
  gmpo: (sequences, { epsilon = 0.4, epsilon_high = epsilon }) =>
    mean(
      sequences.map(({ lp, q, A }) => {
        const sign = Math.sign(mean(A));
        const logs = lp.map((_, t) => {
          const log = clip(lp[t] - q[t], -20, 20);
          return sign * Math.min(sign * log, sign * clip(log, -epsilon, epsilon_high));
        });
        return -mean(A) * Math.exp(mean(logs));
      }),
    ),
  truncated_importance_sampling: perToken((sequence, { clip_min = 0, clip_max = 2, sequence_level = 0 }) =>
    weighted(sequence, sequence_level, (ratio) => clip(ratio, clip_min, clip_max)),
  ),
  masked_importance_sampling: perToken((sequence, { clip_min = 0.5, clip_max = 5, sequence_level = 0 }) =>
    weighted(sequence, sequence_level, (ratio) => (ratio < clip_min || ratio > clip_max ? 0 : ratio)),
  ),
};
