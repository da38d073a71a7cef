// REINFORCE with importance weights that are bounded (TIS) or set to 0 where they are out of bounds (MIS), for stale samples and
// samplers that round otherwise than the trainer.

import type { LossSettings } from '../../tinker/loss_settings.ts';
import type { LossFnConfig } from '../../tinker/types.ts';
import { defineLoss } from './define.ts';
import { boundedLogRatio, sumOfTokens, sumOverSequences } from './sequences.ts';
import { ofTokenInSubmission } from './shares.ts';
import type { CustomLoss, LossInputs, LossOutput } from './types.ts';

function settings(low: number, high: number): LossSettings {
  return {
    clip_min: { doc: 'Lower bound of the weight.', default: low, minimum: 0 },
    clip_max: { doc: 'Upper bound of the weight.', default: high, exclusiveMinimum: 0 },
    sequence_level: {
      doc: '0: a weight a token, its ratio. 1: one a sequence, the product of its ratios.',
      default: 0,
      oneOf: [0, 1],
    },
  };
}

function weighted(
  inputs: LossInputs,
  { sequence_level }: LossFnConfig,
  weightOf: (ratio: number) => number,
): LossOutput {
  return sumOverSequences(inputs, ofTokenInSubmission(inputs), (tokens) => {
    const product = Math.exp(boundedLogRatio(tokens.reduce((sum, { logRatio }) => sum + logRatio, 0)));
    return sumOfTokens(tokens, ({ logprob, ratio: own, advantage }) => {
      const ratio = sequence_level === 1 ? product : own;
      const weight = weightOf(ratio);
      return { loss: -weight * logprob * advantage, slope: -weight * advantage, clipped: weight !== ratio };
    });
  });
}

export const truncatedImportanceSampling: CustomLoss = defineLoss({
  name: 'truncated_importance_sampling',
  doc: 'Samples that are stale or from a sampler that rounds otherwise: no token counts more than clip_max.',
  formula: '−1/N · Σ sg(clip(r, clip_min, clip_max))·lp·A, r of the sequence with sequence_level',
  source: '1606.02647',
  settings: settings(0, 2),
  compute: (inputs, config) =>
    weighted(inputs, config, (ratio) => Math.min(Math.max(ratio, config.clip_min), config.clip_max)),
});

/** Tokens that are masked still count in N, so the others do not come to count more. */
export const maskedImportanceSampling: CustomLoss = defineLoss({
  name: 'masked_importance_sampling',
  doc: 'Such samples where odd ratios are errors rather than news (mixtures of experts, low precision): those tokens train nothing.',
  formula: '−1/N · Σ sg(r where clip_min ≤ r ≤ clip_max, else 0)·lp·A, r of the sequence with sequence_level',
  source: '2510.18855',
  settings: settings(0.5, 5),
  compute: (inputs, config) =>
    weighted(inputs, config, (ratio) => (ratio >= config.clip_min && ratio <= config.clip_max ? ratio : 0)),
});
