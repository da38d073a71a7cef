// The five losses of the Tinker API. Each is a sum over tokens of a function of the token's log-prob, so each is known
// here by its value (in float64, for reporting) and in the graph by its slope dL/dlogprob (for training).

import type { LossFnConfig, LossFnType } from '../tinker/types.ts';
import { RequestError } from '../util/errors.ts';
import type { Graph, Value } from './graph.ts';

/** Thresholds are absolute bounds on the ratio r = exp(lp − q). Defaults of the hosted service. */
const DEFAULTS: Record<LossFnType, LossFnConfig> = {
  cross_entropy: {},
  importance_sampling: {},
  ppo: { clip_low_threshold: 0.8, clip_high_threshold: 1.2 },
  cispo: { clip_low_threshold: 0, clip_high_threshold: 4 },
  dro: { beta: 0.05 },
};

export const LOSS_FNS: readonly LossFnType[] = ['cross_entropy', 'importance_sampling', 'ppo', 'cispo', 'dro'];

/** A loss with its configuration checked and completed. */
export interface Loss {
  fn: LossFnType;
  low: number;
  high: number;
  beta: number;
}

export function configureLoss(fn: LossFnType, config: LossFnConfig = {}): Loss {
  if (!Object.hasOwn(DEFAULTS, fn)) throw new RequestError(`unknown loss "${fn}"; there is ${LOSS_FNS.join(', ')}`);
  const defaults = DEFAULTS[fn];
  for (const [key, value] of Object.entries(config)) {
    if (!Object.hasOwn(defaults, key)) {
      const known = Object.keys(defaults);
      throw new RequestError(
        `loss ${fn} has no setting "${key}"${known.length > 0 ? `; it has ${known.join(', ')}` : ''}`,
      );
    }
    if (!Number.isFinite(value)) throw new RequestError(`loss ${fn}: ${key} must be a finite number, not ${value}`);
  }
  const settings = { ...defaults, ...config };
  const { clip_low_threshold: low = 0, clip_high_threshold: high = 0, beta = 0 } = settings;
  if (low > high) throw new RequestError(`loss ${fn}: clip_low_threshold ${low} is above clip_high_threshold ${high}`);
  return { fn, low, high, beta };
}

/** Per-token inputs. `weight` is used by cross_entropy, `advantage` and the sampler's log-prob `q` by the others. */
export interface TokenTerms {
  logprob: number;
  weight: number;
  q: number;
  advantage: number;
}

/** One token's share of the loss. */
export function lossOfToken({ fn, low, high, beta }: Loss, { logprob, weight, q, advantage }: TokenTerms): number {
  const ratio = Math.exp(logprob - q);
  const clipped = Math.min(Math.max(ratio, low), high);
  switch (fn) {
    case 'cross_entropy':
      return -weight * logprob;
    case 'importance_sampling':
      return -ratio * advantage;
    case 'ppo':
      return -Math.min(ratio * advantage, clipped * advantage);
    case 'cispo':
      return -clipped * logprob * advantage;
    case 'dro':
      return -(logprob * advantage - 0.5 * beta * (logprob - q) ** 2);
  }
}

/** Scalars and per-token tensors (M, K) that the slope in the graph is made of. */
export interface LossInputs {
  weights: Value;
  advantages: Value;
  q: Value;
  low: Value;
  high: Value;
  beta: Value;
  /** One boolean scalar a loss: which of them this run computes. One graph then serves them all. */
  chosen: Record<LossFnType, Value>;
}

/** dL/dlogprob for log-probs (M, K). */
export function lossSlope(g: Graph, logprobs: Value, inputs: LossInputs): Value {
  const { weights, advantages: A, q, low, high, beta, chosen } = inputs;
  const negative = (v: Value) => g.node('Neg', [v]);
  const times = (a: Value, b: Value) => g.node('Mul', [a, b]);
  const difference = g.node('Sub', [logprobs, q]);
  const ratio = g.node('Exp', [difference]);
  const clipped = g.node('Min', [g.node('Max', [ratio, low]), high]);
  const unclipped = negative(times(ratio, A)); // −r·A, the slope of −r·A itself since dr/dlp = r
  // PPO takes the smaller of r·A and clip(r)·A; where that is the clipped one, nothing moves.
  const bound = g.node('Less', [times(clipped, A), times(ratio, A)]);
  const slopes: Record<LossFnType, Value> = {
    cross_entropy: negative(weights),
    importance_sampling: unclipped,
    ppo: g.node('Where', [bound, g.scalar(0), unclipped]),
    cispo: negative(times(clipped, A)),
    dro: g.node('Sub', [times(beta, difference), A]),
  };
  return LOSS_FNS.reduce((sum, fn) => g.node('Where', [chosen[fn], slopes[fn], sum]), g.scalar(0));
}
