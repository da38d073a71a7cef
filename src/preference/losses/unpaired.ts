// Losses that judge each completion for itself, against a reference: a pair gives them one that is wanted and one that is not.

import { BETA } from './pairwise.ts';
import { logistic, logRatios, negLogSigmoid, ofEach, scaled } from './terms.ts';
import type { PairInputs, PairLossOutput, PreferenceLoss } from './types.ts';

const weight = (which: string) => ({ doc: `What ${which} completions count.`, default: 1, minimum: 0 });

/** What each completion counts: nothing where it is not there. */
function present({ weights_P, tokens }: PairInputs): { chosen_P: number[]; rejected_P: number[]; total: number } {
  const of = (tokens_P: readonly number[]) => weights_P.map((value, p) => (tokens_P[p] > 0 ? value : 0));
  const [chosen_P, rejected_P] = [of(tokens.chosen_P), of(tokens.rejected_P)];
  return { chosen_P, rejected_P, total: [...chosen_P, ...rejected_P].reduce((sum, value) => sum + value, 0) };
}

export const kto: PreferenceLoss = {
  name: 'kto',
  doc: 'Weighs gains and losses as people do, each completion against how far the policy has gone on the whole batch.',
  formula: '(λ_c(1 − σ(β(Δc − z))) + λ_r(1 − σ(β(z − Δr)))) / 2, z = max(0, mean of all Δ of the batch), held constant',
  source: '2402.01306',
  reference: true,
  log_probs: 'sums',
  settings: { ...BETA, desirable_weight: weight('chosen'), undesirable_weight: weight('rejected') },
  unpaired: true,
  compute(inputs, { beta, desirable_weight, undesirable_weight }) {
    const { chosen_P, rejected_P } = logRatios(inputs);
    const counts = present(inputs);
    const mean = counts.chosen_P.reduce(
      (sum, count, p) => sum + (count * chosen_P[p] + counts.rejected_P[p] * rejected_P[p]) / counts.total,
      0,
    );
    const z = Math.max(0, mean);
    const grads: PairLossOutput['grads'] = { chosen_P: [], rejected_P: [] };
    let loss = 0;
    for (const p of chosen_P.keys()) {
      const gained = logistic(beta * (chosen_P[p] - z));
      const lost = logistic(beta * (z - rejected_P[p]));
      const wanted = (counts.chosen_P[p] / counts.total) * desirable_weight;
      const unwanted = (counts.rejected_P[p] / counts.total) * undesirable_weight;
      loss += wanted * (1 - gained.value) + unwanted * (1 - lost.value);
      grads.chosen_P.push(-wanted * beta * gained.slope);
      grads.rejected_P.push(unwanted * beta * lost.slope);
    }
    return { loss, grads };
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
