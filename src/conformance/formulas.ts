// The losses of the API over again, as their formulas stand in its documentation: values, and slopes by each log-prob.

import type { LossFnConfig } from '../tinker/types.ts';

/** One sequence: log-probs now and under the policy that sampled, and advantages. */
interface Sampled {
  lp: readonly number[];
  q: readonly number[];
  A: readonly number[];
}

interface Computed {
  loss: number;
  slopes: number[];
}

type Formula = (sampled: Sampled, config: LossFnConfig) => Computed;

/** A sum over tokens, of the value and the slope of each. */
function sum({ lp, q, A }: Sampled, token: (lp: number, q: number, A: number) => [number, number]): Computed {
  const terms = lp.map((value, i) => token(value, q[i], A[i]));
  return { loss: terms.reduce((total, [value]) => total + value, 0), slopes: terms.map(([, slope]) => slope) };
}

const clip = (value: number, { clip_low_threshold: low, clip_high_threshold: high }: LossFnConfig) =>
  Math.min(Math.max(value, low), high);

/** −min(r·A, clip(r)·A), which is flat where the bound decides. */
function clipped(r: number, A: number, config: LossFnConfig): [number, number] {
  const bound = clip(r, config) * A;
  return r * A <= bound ? [-r * A, -r * A] : [-bound, 0];
}

export const FORMULAS = {
  importance_sampling: (sampled) => sum(sampled, (lp, q, A) => [-Math.exp(lp - q) * A, -Math.exp(lp - q) * A]),
  ppo: (sampled, config) => sum(sampled, (lp, q, A) => clipped(Math.exp(lp - q), A, config)),
  cispo: (sampled, config) =>
    sum(sampled, (lp, q, A) => {
      const weight = clip(Math.exp(lp - q), config) * A;
      return [-weight * lp, -weight];
    }),
  dro: (sampled, { beta }) =>
    sum(sampled, (lp, q, A) => [-(lp * A - 0.5 * beta * (lp - q) ** 2), -(A - beta * (lp - q))]),
  gspo: (sampled, config) => {
    const { lp, q } = sampled;
    const s = Math.exp(lp.reduce((total, value, i) => total + value - q[i], 0) / lp.length);
    return sum(sampled, (_lp, _q, A) => clipped(s, A, config));
  },
} satisfies Record<string, Formula>;
