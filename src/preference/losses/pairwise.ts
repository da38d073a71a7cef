// Losses of the difference between chosen and rejected, measured against a reference: DPO, and those that bend its curve.

import type { LossFnConfig } from '../../tinker/types.ts';
import { logRatios, negLogSigmoid, ofAverages, ofDifference, scaled, type Term } from './terms.ts';
import type { PairInputs, PreferenceLoss } from './types.ts';

export const BETA = {
  beta: {
    doc: 'How much a nat of difference counts: the smaller, the further the policy may go.',
    default: 0.1,
    exclusiveMinimum: 0,
  },
};

const LABEL_SMOOTHING = {
  label_smoothing: {
    doc: 'Share of the labels that is taken to be wrong.',
    default: 0,
    minimum: 0,
    exclusiveMaximum: 0.5,
  },
};

/** −log σ of x with the probability 1 − ε, of −x with ε. */
export function smoothed(x: number, epsilon: number): Term {
  const [right, wrong] = [negLogSigmoid(x), negLogSigmoid(-x)];
  return {
    value: (1 - epsilon) * right.value + epsilon * wrong.value,
    slope: (1 - epsilon) * right.slope - epsilon * wrong.slope,
  };
}

/** Of β · (Δc − Δr). */
const ofScaled = (inputs: PairInputs, { beta }: LossFnConfig, termOf: (x: number) => Term) =>
  ofDifference(inputs, logRatios(inputs), scaled(beta, termOf));

export const dpo: PreferenceLoss = {
  name: 'dpo',
  doc: 'The one to start with.',
  formula: '−(1 − ε) · log σ(β(Δc − Δr)) − ε · log σ(−β(Δc − Δr)), ε = label_smoothing',
  source: '2305.18290',
  reference: true,
  log_probs: 'sums',
  settings: { ...BETA, ...LABEL_SMOOTHING },
  compute: (inputs, config) => ofScaled(inputs, config, (x) => smoothed(x, config.label_smoothing)),
};

export const robust: PreferenceLoss = {
  name: 'robust',
  doc: 'Where a known share of the labels is wrong: on average its gradient is that of DPO on the right ones.',
  formula: '(−(1 − ε) · log σ(β(Δc − Δr)) + ε · log σ(−β(Δc − Δr))) / (1 − 2ε), ε = label_smoothing',
  source: '2403.00409',
  reference: true,
  log_probs: 'sums',
  settings: { ...BETA, ...LABEL_SMOOTHING },
  compute: (inputs, config) =>
    ofScaled(inputs, config, (x) => {
      const epsilon = config.label_smoothing;
      const [right, wrong] = [negLogSigmoid(x), negLogSigmoid(-x)];
      const divisor = 1 - 2 * epsilon;
      return {
        value: ((1 - epsilon) * right.value - epsilon * wrong.value) / divisor,
        slope: ((1 - epsilon) * right.slope + epsilon * wrong.slope) / divisor,
      };
    }),
};

export const hinge: PreferenceLoss = {
  name: 'hinge',
  doc: 'Leaves pairs alone that are apart far enough.',
  formula: 'max(0, 1 − β(Δc − Δr))',
  source: '2305.10425',
  reference: true,
  log_probs: 'sums',
  settings: BETA,
  compute: (inputs, config) =>
    ofScaled(inputs, config, (x) => (x < 1 ? { value: 1 - x, slope: -1 } : { value: 0, slope: 0 })),
};

export const ipo: PreferenceLoss = {
  name: 'ipo',
  doc: 'Drives the difference a token to 1 / 2β and no further: against overfitting where labels never contradict one another.',
  formula: '(Δc / n − Δr / n − 1 / 2β)²',
  source: '2310.12036',
  reference: true,
  log_probs: 'averages',
  settings: BETA,
  compute: (inputs, { beta }) =>
    ofAverages(inputs, (averages) =>
      ofDifference(averages, logRatios(averages), (difference) => {
        const missing = difference - 1 / (2 * beta);
        return { value: missing ** 2, slope: 2 * missing };
      }),
    ),
};
