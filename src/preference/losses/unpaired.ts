// Losses that judge each completion for itself, against a reference: a pair gives them one that is wanted and one that is not.

import { BETA } from './pairwise.ts';
import { logistic, logRatios, meanOverPairs, negLogSigmoid, ofEach, scaled } from './terms.ts';
import type { PairInputs, PreferenceLoss } from './types.ts';

const weight = (which: string) => ({ doc: `What ${which} completions count.`, default: 1, minimum: 0 });

/** The mean of all values of pairs, by their weights. */
function meanOfBoth({ weights_P }: PairInputs, chosen_P: readonly number[], rejected_P: readonly number[]): number {
  const total = weights_P.reduce((sum, value) => sum + value, 0);
  return weights_P.reduce((sum, value, p) => sum + (value * (chosen_P[p] + rejected_P[p])) / (2 * total), 0);
}

export const kto: PreferenceLoss = {
  name: 'kto',
  doc: 'Weighs gains and losses as people do, each completion against how far the policy has gone on the whole batch.',
  formula: '(λ_c(1 − σ(β(Δc − z))) + λ_r(1 − σ(β(z − Δr)))) / 2, z = max(0, mean of all Δ of the batch), held constant',
  source: '2402.01306',
  reference: true,
  log_probs: 'sums',
  settings: { ...BETA, desirable_weight: weight('chosen'), undesirable_weight: weight('rejected') },
  compute(inputs, { beta, desirable_weight, undesirable_weight }) {
    const { chosen_P, rejected_P } = logRatios(inputs);
    const z = Math.max(0, meanOfBoth(inputs, chosen_P, rejected_P));
    return meanOverPairs(inputs, (p) => {
      const gained = logistic(beta * (chosen_P[p] - z));
      const lost = logistic(beta * (z - rejected_P[p]));
      return {
        value: (desirable_weight * (1 - gained.value) + undesirable_weight * (1 - lost.value)) / 2,
        chosen: (-desirable_weight * beta * gained.slope) / 2,
        rejected: (undesirable_weight * beta * lost.slope) / 2,
      };
    });
  },
};

export const apoZero: PreferenceLoss = {
  name: 'apo_zero',
  doc: 'Raises the chosen completions and lowers the rejected ones, where the chosen are better than what the model says by itself.',
  formula: '1 − σ(βΔc) + σ(βΔr)',
  source: '2408.06266',
  reference: true,
  log_probs: 'sums',
  settings: BETA,
  compute(inputs, { beta }) {
    return ofEach(inputs, logRatios(inputs), {
      ofChosen: scaled(beta, (x) => {
        const { value, slope } = logistic(x);
        return { value: 1 - value, slope: -slope };
      }),
      ofRejected: scaled(beta, logistic),
    });
  },
};

export const bco: PreferenceLoss = {
  name: 'bco',
  doc: "Learns to tell wanted from unwanted completions, as a classifier would. As in TRL, without the paper's shift of the rewards.",
  formula: '−log σ(βΔc) − log σ(−βΔr)',
  source: '2404.04656',
  reference: true,
  log_probs: 'sums',
  settings: BETA,
  compute(inputs, { beta }) {
    return ofEach(inputs, logRatios(inputs), {
      ofChosen: scaled(beta, negLogSigmoid),
      ofRejected: scaled(-beta, negLogSigmoid),
    });
  },
};
