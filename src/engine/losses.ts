// The losses of the engine that are sums over tokens of a function of the token's log-prob: each is known here by its value
// (in float64, for reporting) and in the graph by its slope dL/dlogprob (for training).

import { LOSS_FUNCTIONS } from '../tinker/loss_functions.ts';
import { completeLossConfig, lossConfigProblem } from '../tinker/loss_settings.ts';
import type { LossFnConfig, LossFnType } from '../tinker/types.ts';
import { RequestError } from '../util/errors.ts';
import type { Graph, Value } from './graph.ts';

export type TokenLossFn = Exclude<LossFnType, 'gspo'>;

/** Losses that the graph has a slope of. */
export const TOKEN_LOSSES: readonly TokenLossFn[] = [
  'cross_entropy',
  'importance_sampling',
  'ppo',
  'cispo',
  'dro',
  'stable_reinforce',
];

/** A loss with its configuration checked and completed. */
export interface TokenLoss {
  fn: TokenLossFn;
  low: number;
  high: number;
  /** Strength of the quadratic pull towards the policy that sampled. */
  pull: number;
}

/** One whose ratio belongs to the sequence: `gspo.ts`. */
export interface SequenceLoss {
  fn: 'gspo';
  low: number;
  high: number;
}

export type Loss = TokenLoss | SequenceLoss;

export function configureLoss(fn: TokenLossFn, config?: LossFnConfig): TokenLoss;
export function configureLoss(fn: LossFnType, config?: LossFnConfig): Loss;
export function configureLoss(fn: LossFnType, config: LossFnConfig = {}): Loss {
  if (!Object.hasOwn(LOSS_FUNCTIONS, fn)) {
    throw new RequestError(`unknown loss "${fn}"; there is ${[...TOKEN_LOSSES, 'gspo'].join(', ')}`);
  }
  const { settings } = LOSS_FUNCTIONS[fn];
  const problem = lossConfigProblem(fn, settings, config);
  if (problem !== null) throw new RequestError(problem);
  const complete = completeLossConfig(settings, config);
  const { clip_low_threshold: low = 0, clip_high_threshold: high = 0, beta = 0, kl_coeff: pull = beta } = complete;
  return fn === 'gspo' ? { fn, low, high } : { fn, low, high, pull };
}

/** Per-token inputs. `weight` is used by cross_entropy, `advantage` and the sampler's log-prob `q` by the others. */
export interface TokenTerms {
  logprob: number;
  weight: number;
  q: number;
  advantage: number;
}

/** One token's share of the loss. */
export function lossOfToken({ fn, low, high, pull }: TokenLoss, { logprob, weight, q, advantage }: TokenTerms): number {
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
      return -(logprob * advantage - 0.5 * pull * (logprob - q) ** 2);
    case 'stable_reinforce':
      return -(clipped * logprob * advantage - 0.5 * pull * (logprob - q) ** 2);
  }
}

/** Scalars and per-token tensors (M, K) that the slope in the graph is made of. */
export interface LossInputs {
  weights: Value;
  advantages: Value;
  q: Value;
  low: Value;
  high: Value;
  pull: Value;
  /** One boolean scalar a loss: which of them this run computes. One graph then serves them all. */
  chosen: Record<TokenLossFn, Value>;
}

/** dL/dlogprob for log-probs (M, K). */
export function lossSlope(g: Graph, logprobs: Value, inputs: LossInputs): Value {
  const { weights, advantages: A, q, low, high, pull, chosen } = inputs;
  const negative = (v: Value) => g.node('Neg', [v]);
  const times = (a: Value, b: Value) => g.node('Mul', [a, b]);
  const difference = g.node('Sub', [logprobs, q]);
  const ratio = g.node('Exp', [difference]);
  const clipped = g.node('Min', [g.node('Max', [ratio, low]), high]);
  const unclipped = negative(times(ratio, A)); // −r·A, the slope of −r·A itself since dr/dlp = r
  // PPO takes the smaller of r·A and clip(r)·A; where that is the clipped one, nothing moves.
  const bound = g.node('Less', [times(clipped, A), times(ratio, A)]);
  const weighted = negative(times(clipped, A));
  // Of a prompt q is not known: without an advantage there is no pull either.
  const pulled = g.node('Where', [g.node('Equal', [A, g.scalar(0)]), g.scalar(0), times(pull, difference)]);
  const slopes: Record<TokenLossFn, Value> = {
    cross_entropy: negative(weights),
    importance_sampling: unclipped,
    ppo: g.node('Where', [bound, g.scalar(0), unclipped]),
    cispo: weighted,
    dro: g.node('Sub', [pulled, A]),
    stable_reinforce: g.node('Add', [pulled, weighted]),
  };
  return TOKEN_LOSSES.reduce((sum, fn) => g.node('Where', [chosen[fn], slopes[fn], sum]), g.scalar(0));
}
