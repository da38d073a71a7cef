// Losses that need no reference: what the policy itself gives to the completions, held in place by their length or by imitation.

import { BETA, smoothed } from './pairwise.ts';
import { negLogSigmoid, nllOfChosen, ofAverages, ofDifference, plus, scaled } from './terms.ts';
import type { PreferenceLoss } from './types.ts';

const label_smoothing = {
  doc: 'Share of the labels that is taken to be wrong.',
  default: 0,
  minimum: 0,
  exclusiveMaximum: 0.5,
};
const imitation = (value: number) => ({
  doc: 'What the loss a token of the chosen completions counts beside it.',
  default: value,
  minimum: 0,
});

export const cpo: PreferenceLoss = {
  name: 'cpo',
  doc: 'DPO without a reference, with imitation of the chosen completions to hold on to: half the memory and time.',
  formula: '−(1 − ε) · log σ(β(c − r)) − ε · log σ(−β(c − r)) + cpo_alpha · nll(c), ε = label_smoothing',
  source: '2401.08417',
  reference: false,
  log_probs: 'sums and tokens',
  settings: { ...BETA, label_smoothing, cpo_alpha: imitation(1) },
  compute(inputs, { beta, label_smoothing: epsilon, cpo_alpha }) {
    const termOf = scaled(beta, (x) => smoothed(x, epsilon));
    const preference = ofDifference(inputs, inputs.policy, termOf);
    return plus(preference, nllOfChosen(inputs), cpo_alpha);
  },
};

export const simpo: PreferenceLoss = {
  name: 'simpo',
  doc: 'Log-probs a token, so that length gains nothing, and a margin to reach. Its beta is larger than that of DPO.',
  formula: '−log σ(β(c / n − r / n) − gamma)',
  source: '2405.14734',
  reference: false,
  log_probs: 'averages',
  settings: {
    beta: { ...BETA.beta, default: 2 },
    gamma: { doc: 'The margin.', default: 1, minimum: 0 },
    cpo_alpha: imitation(0),
  },
  compute(inputs, { beta, gamma, cpo_alpha }) {
    const termOf = scaled(beta, (x) => negLogSigmoid(x - gamma));
    const preference = ofAverages(inputs, (averages) => ofDifference(averages, averages.policy, termOf));
    return plus(preference, nllOfChosen(inputs), cpo_alpha);
  },
};

export const orpo: PreferenceLoss = {
  name: 'orpo',
  doc: 'Imitation of the chosen completions and preference in one, from a base model without a stage before.',
  formula: 'nll(c) − β · log σ(log odds(c / n) − log odds(r / n)), log odds(x) = x − log(1 − exp x)',
  source: '2403.07691',
  reference: false,
  log_probs: 'averages',
  settings: BETA,
  compute(inputs, { beta }) {
    const preference = ofAverages(inputs, (averages) => {
      const { chosen_P, rejected_P } = averages.policy;
      const odds = { chosen_P: chosen_P.map(logOdds), rejected_P: rejected_P.map(logOdds) };
      const { loss, grads } = ofDifference(averages, odds, (difference) => negLogSigmoid(difference));
      return {
        loss,
        grads: {
          chosen_P: grads.chosen_P.map((grad, p) => grad * logOddsSlope(chosen_P[p])),
          rejected_P: grads.rejected_P.map((grad, p) => grad * logOddsSlope(rejected_P[p])),
        },
      };
    });
    return plus(nllOfChosen(inputs), preference, beta);
  },
};

/** Odds of a certain completion have no bound. */
const SUREST = -1e-6;
const logOdds = (logprob: number): number => {
  const bounded = Math.min(logprob, SUREST);
  return bounded - Math.log(-Math.expm1(bounded));
};
const logOddsSlope = (logprob: number): number => -1 / Math.expm1(Math.min(logprob, SUREST));

export const sft: PreferenceLoss = {
  name: 'sft',
  doc: 'Imitation of the chosen completions alone: a part of mixtures.',
  formula: 'nll(c): −Σ c / Σ n over the batch',
  source: null,
  reference: false,
  unpaired: true,
  log_probs: 'averages',
  settings: {},
  compute: (inputs) => nllOfChosen(inputs),
};
