// What a policy loss of this package is: a row with its formula and settings, and a function from log-probs to a loss and its gradient.

import type { LossSettings } from '../../tinker/loss_settings.ts';
import type { LossFnConfig } from '../../tinker/types.ts';

/** D sequences of T positions each. A sequence is a datum: a trajectory, or what of it shares one prefix. */
export interface LossInputs {
  /** Under the policy that is trained. */
  logprobs_D_T: readonly Float32Array[];
  /** Under the policy that sampled, q in formulas. */
  sampled_logprobs_D_T: readonly Float32Array[];
  advantages_D_T: readonly Float32Array[];
  /** Not 0 where a token was sampled and is trained. What stands elsewhere is not read. */
  mask_D_T: readonly Float32Array[];
  /** Longest reply that may be sampled, in tokens. */
  max_tokens: number;
  /** Submissions of like size whose gradients add up to that of one optimizer step; 1 where absent. Each counts by its share. */
  parts?: number;
}

export interface LossOutput {
  loss: number;
  /** dLoss/dlogprob, 0 outside of the mask. */
  grads_D_T: Float32Array[];
  metrics: Record<string, number>;
}

/**
 * In formulas lp is the log-prob of a trained token, r = exp(lp − q) its ratio, A its advantage; D is the number of sequences, n that of
 * trained tokens in one of them, and N in all that are submitted at once. sg() is held constant.
 */
export interface CustomLoss {
  name: string;
  /** When to use it, in one sentence. */
  doc: string;
  formula: string;
  /** The paper, by its number on arXiv. */
  source: string;
  settings: LossSettings;
  /** What `config` leaves out has its default. */
  compute(inputs: LossInputs, config?: LossFnConfig): LossOutput;
}
