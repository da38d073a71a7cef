// The losses that a service of the Tinker API computes, by name: what each is, what it reads of a datum, and its settings.

import type { LossSettings } from './loss_settings.ts';
import type { LossFnType } from './types.ts';

/**
 * In formulas lp is the log-prob of a token now, q that under the policy that sampled it, r = exp(lp − q), A its advantage, and sg()
 * is held constant. Every loss is a sum over the tokens of all datums, and no mean.
 */
export interface LossFunction {
  /** When to use it, in one sentence. */
  doc: string;
  formula: string;
  /** The paper, by its number on arXiv; null where there is none. */
  source: string | null;
  settings: LossSettings;
  /** `loss_fn_inputs` that a datum must have. */
  inputs: readonly string[];
  optional_inputs: readonly string[];
}

const SAMPLED = ['target_tokens', 'logprobs', 'advantages'] as const;

/** Bounds on the ratio itself, not on its distance from 1. */
function thresholds(low: number, high: number): LossSettings {
  return {
    clip_low_threshold: { doc: 'Lower bound of the ratio.', default: low },
    clip_high_threshold: { doc: 'Upper bound of the ratio.', default: high },
  };
}

/**
 * Defaults are the hosted service's. GSPO's are not known, so those are the paper's: 1 − 3e-4 and 1 + 4e-4. Of `stable_reinforce` the
 * formula is not known either. What stands here is this package's own choice: REINFORCE with truncated importance sampling.
 */
export const LOSS_FUNCTIONS: Readonly<Record<LossFnType, LossFunction>> = {
  cross_entropy: {
    doc: 'Supervised learning: raises the probability of the target tokens by their weights.',
    formula: '−Σ w·lp',
    source: null,
    settings: {},
    inputs: ['target_tokens'],
    optional_inputs: ['weights'],
  },
  importance_sampling: {
    doc: 'The policy gradient with its exact correction for stale samples; the first choice for on-policy training.',
    formula: '−Σ r·A',
    source: '1205.4839',
    settings: {},
    inputs: SAMPLED,
    optional_inputs: [],
  },
  ppo: {
    doc: 'Several updates on the same samples: a token stops counting once its ratio has left the bounds.',
    formula: '−Σ min(r·A, clip(r, clip_low_threshold, clip_high_threshold)·A)',
    source: '1707.06347',
    settings: thresholds(0.8, 1.2),
    inputs: SAMPLED,
    optional_inputs: [],
  },
  cispo: {
    doc: 'Stale samples: the weight of a token is bounded, and every token goes on counting.',
    formula: '−Σ sg(clip(r, clip_low_threshold, clip_high_threshold))·lp·A',
    source: '2506.13585',
    settings: thresholds(0, 4),
    inputs: SAMPLED,
    optional_inputs: [],
  },
  dro: {
    doc: 'Data from elsewhere: no ratio at all, but a quadratic pull towards the policy that sampled.',
    formula: '−Σ (lp·A − ½·beta·(lp − q)²)',
    source: '2405.19107',
    settings: { beta: { doc: 'Strength of the pull.', default: 0.05 } },
    inputs: SAMPLED,
    optional_inputs: [],
  },
  gspo: {
    doc: 'Mixtures of experts and long replies: one ratio a sequence, so single tokens with odd ratios do no harm.',
    formula:
      '−Σ min(s·A, clip(s, clip_low_threshold, clip_high_threshold)·A), s = exp(mean of lp − q over the sequence)',
    source: '2507.18071',
    settings: thresholds(0.9997, 1.0004),
    inputs: SAMPLED,
    optional_inputs: ['sequence_ratio_mask'],
  },
  stable_reinforce: {
    doc: 'Samples from another precision or from earlier steps. An approximation of our own: what the hosted service computes is not public.',
    formula: '−Σ (sg(min(r, clip_high_threshold))·lp·A − ½·kl_coeff·(lp − q)²)',
    source: null,
    settings: {
      clip_high_threshold: { doc: 'Upper bound of the ratio.', default: 2, exclusiveMinimum: 0 },
      kl_coeff: { doc: 'Strength of the pull towards the policy that sampled.', default: 0, minimum: 0 },
    },
    inputs: SAMPLED,
    optional_inputs: [],
  },
};
