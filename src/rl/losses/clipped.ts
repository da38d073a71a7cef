// PPO's clipped surrogate with a ratio a token, in the four ways in which it is averaged: GRPO, Dr. GRPO, DAPO, BNPO.

import type { LossSettings } from '../../tinker/loss_settings.ts';
import type { LossFnConfig } from '../../tinker/types.ts';
import { defineLoss } from './define.ts';
import { sumOfTokens, sumOverSequences, type Token, type TokenTerm } from './sequences.ts';
import { ofTokenInLongest, ofTokenInSequence, ofTokenInSubmission } from './shares.ts';
import type { CustomLoss, LossInputs, LossOutput } from './types.ts';

const SURROGATE = 'min(min(r, delta)·A, clip(r, 1 − epsilon, 1 + epsilon_high)·A)';

function settings(epsilonHigh: number | null): LossSettings {
  return {
    epsilon: { doc: 'How far below 1 the ratio counts.', default: 0.2, minimum: 0 },
    epsilon_high: {
      doc: 'How far above 1 the ratio counts. Absent: as far as below.',
      default: epsilonHigh,
      minimum: 0,
    },
    delta: {
      doc: 'Upper bound of the ratio where the advantage is negative, above 1 + epsilon_high (arXiv 2505.07291). Absent: none.',
      default: null,
      exclusiveMinimum: 0,
    },
  };
}

/** `delta` bounds what PPO leaves unbounded: a token of negative advantage that has become far more likely. */
function surrogate(
  { ratio, moves, advantage }: Token,
  { epsilon, epsilon_high = epsilon, delta = Number.POSITIVE_INFINITY }: LossFnConfig,
): TokenTerm {
  const clipped = Math.min(Math.max(ratio, 1 - epsilon), 1 + epsilon_high);
  const bounded = Math.min(ratio, delta);
  const isClipped = clipped * advantage < bounded * advantage;
  const chosen = isClipped ? clipped : bounded;
  const stands = chosen === ratio;
  return {
    loss: -chosen * advantage,
    slope: stands ? -ratio * moves * advantage : 0,
    clipped: !stands && advantage !== 0,
  };
}

function average(share: (inputs: LossInputs) => number[]) {
  return (inputs: LossInputs, config: LossFnConfig): LossOutput =>
    sumOverSequences(inputs, share(inputs), (tokens) => sumOfTokens(tokens, (token) => surrogate(token, config)));
}

export const grpo: CustomLoss = defineLoss({
  name: 'grpo',
  doc: 'To compare with published GRPO runs: every sequence counts alike, so long replies are corrected less a token.',
  formula: `−1/D · Σ over sequences of 1/n · Σ ${SURROGATE}`,
  source: '2402.03300',
  settings: settings(null),
  compute: average(ofTokenInSequence),
});

export const drGrpo: CustomLoss = defineLoss({
  name: 'dr_grpo',
  doc: 'GRPO without its bias for length: divides by the longest reply that may be sampled, whatever was sampled.',
  formula: `−1/(D·max_tokens) · Σ ${SURROGATE}`,
  source: '2503.20783',
  settings: settings(null),
  compute: average(ofTokenInLongest),
});

export const dapo: CustomLoss = defineLoss({
  name: 'dapo',
  doc: 'Long replies and several updates on the same samples: every token counts alike, whichever reply it is in, and epsilon_high lets rare ones rise further.',
  formula: `−1/N · Σ ${SURROGATE}`,
  source: '2503.14476',
  settings: settings(0.28),
  compute: average(ofTokenInSubmission),
});

/** As TRL computes under this name; what the paper is about, rewards normalised by a Beta distribution, belongs to the advantages. */
export const bnpo: CustomLoss = defineLoss({
  name: 'bnpo',
  doc: 'DAPO whose ratio may rise as far as it may fall; to compare with runs of TRL under this name.',
  formula: `−1/N · Σ ${SURROGATE}`,
  source: '2506.02864',
  settings: settings(null),
  compute: average(ofTokenInSubmission),
});
