// What a preference loss is: a row with its formula and settings, and a function from log-probs of pairs to a loss and its gradient.

import type { LossSettings } from '../../tinker/loss_settings.ts';
import type { LossFnConfig } from '../../tinker/types.ts';

/** One number a completion of P pairs. */
export interface PerPair {
  chosen_P: readonly number[];
  rejected_P: readonly number[];
}

/** Of P pairs: log-probs of whole completions, in nats, summed over their tokens. */
export interface PairInputs {
  policy: PerPair;
  /** Under the model that is compared with; zeros for a loss that has no use for one. */
  reference: PerPair;
  /** Tokens of the completions: 0 of one that is not there. */
  tokens: PerPair;
  /** What each pair counts, 1 or less. */
  weights_P: readonly number[];
}

export interface PairLossOutput {
  /** The mean over the pairs, by their weights. */
  loss: number;
  /** dLoss / d log-prob of each completion. */
  grads: { chosen_P: number[]; rejected_P: number[] };
}

/**
 * In formulas c and r are the log-probs of the chosen and of the rejected completion, Δc and Δr how much higher they are than
 * under the reference, n their numbers of tokens, and σ the logistic function.
 */
export interface PreferenceLoss {
  name: string;
  /** When to use it, in one sentence. */
  doc: string;
  formula: string;
  /** The paper, by its number on arXiv. */
  source: string | null;
  /** Whether it compares with a reference. */
  reference: boolean;
  /** Whether it also learns from completions that were judged one by one. */
  unpaired?: true;
  /** What it compares: log-probs of whole completions, averages over their tokens, or the one beside the other. */
  log_probs: 'sums' | 'averages' | 'sums and tokens';
  settings: LossSettings;
  /** `config` has a value for each of the settings. */
  compute(inputs: PairInputs, config: LossFnConfig): PairLossOutput;
}
