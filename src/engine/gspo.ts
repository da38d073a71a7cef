// GSPO, the one loss whose ratio belongs to a sequence rather than to a token (arXiv 2507.18071, its variant for tokens).

import type { Example } from './examples.ts';
import type { SequenceLoss } from './losses.ts';

/**
 * L = −Σ min(s·A, clip(s)·A) over the positions of one datum, where s = exp(mean of lp − q over the positions of its ratio mask); of an
 * empty mask s is 1. The slope at position t is −s·A_t, or 0 where the clipped term is the smaller. Where A is the same at all
 * positions of the mask, as the advantages of a sequence are, that is the derivative of L through s; where it is not, every
 * token keeps its own advantage. `weights` are the slopes with the other sign: what cross-entropy has to be weighted with to have
 * them, so no graph of its own is needed.
 */
export function gspo(
  { low, high }: SequenceLoss,
  { advantages, q, ratioMask }: Pick<Example, 'advantages' | 'q' | 'ratioMask'>,
  logprobs: ArrayLike<number>,
): { loss: number; weights: Float32Array } {
  let [sum, count] = [0, 0];
  for (const [t, counts] of (ratioMask ?? []).entries()) {
    if (counts === 0) continue;
    sum += logprobs[t] - q[t];
    count++;
  }
  const ratio = Math.exp(sum / Math.max(count, 1));
  const clipped = Math.min(Math.max(ratio, low), high);
  const weights = new Float32Array(advantages.length);
  let loss = 0;
  for (const [t, advantage] of advantages.entries()) {
    if (advantage === 0) continue;
    loss -= Math.min(ratio * advantage, clipped * advantage);
    weights[t] = clipped * advantage < ratio * advantage ? 0 : ratio * advantage;
  }
  return { loss, weights };
}
