// Proper scoring rules over the choices of a decision: what they cost, and the slope by each log-prob.

export const SCORING_RULES = ['log', 'brier'] as const;
export type ScoringRule = (typeof SCORING_RULES)[number];

/** Log-probs of some tokens as probabilities of these alone. */
export function softmax(logprobs: readonly number[]): number[] {
  const most = Math.max(...logprobs);
  const weights = logprobs.map((logprob) => Math.exp(logprob - most));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** −Σ target·log p, with 0·log 0 = 0. */
export function logLoss(target: readonly number[], p: readonly number[]): number {
  return target.reduce((sum, t, k) => sum - (t === 0 ? 0 : t * Math.log(p[k])), 0);
}

/** Σ (p − target)²; of two choices, twice the square of one. */
export function brierLoss(target: readonly number[], p: readonly number[]): number {
  return target.reduce((sum, t, k) => sum + (p[k] - t) ** 2, 0);
}

/** The loss of one decision, and its slope by the log-probs that the probabilities are the softmax of. */
export function choiceLoss(
  rule: ScoringRule,
  target: readonly number[],
  logprobs: readonly number[],
): { loss: number; grads: number[]; p: number[] } {
  const p = softmax(logprobs);
  if (rule === 'log') {
    return { loss: logLoss(target, p), grads: p.map((each, k) => each - target[k]), p };
  }
  // d/dp is 2(p − t), and dp_j/dl_k is p_j(δ − p_k).
  const slopes = p.map((each, k) => 2 * (each - target[k]));
  const mean = slopes.reduce((sum, slope, k) => sum + slope * p[k], 0);
  return { loss: brierLoss(target, p), grads: p.map((each, k) => each * (slopes[k] - mean)), p };
}
