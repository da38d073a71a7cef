// What is reported of soft targets: how well a student meets its teacher's distribution.

import type { Datum, ForwardBackwardOutput } from '../tinker/types.ts';
import type { Metrics } from '../training/types.ts';

/** Sums over targets, each by its weight. */
export class SoftTargetSums {
  #crossEntropy = 0;
  #entropy = 0;
  #weight = 0;

  /** A datum of shape (N, K) whose weights are w·p, and the log-probs of its targets. */
  add({ loss_fn_inputs: { weights } }: Datum, logprobs: ArrayLike<number>): void {
    const [N, K = 1] = weights.shape;
    for (let t = 0; t < N; t++) {
      const row = Array.from(weights.data.slice(t * K, (t + 1) * K));
      const weight = row.reduce((sum, w) => sum + w, 0);
      if (weight === 0) continue;
      this.#weight += weight;
      for (const [k, w] of row.entries()) {
        if (w === 0) continue;
        this.#crossEntropy -= w * logprobs[t * K + k];
        this.#entropy -= w * Math.log(w / weight);
      }
    }
  }

  /**
   * Means over the targets, in nats: `cross_entropy` of the student with the teacher, `teacher_entropy`, which it cannot fall below,
   * and `kl`, by how much it is above.
   */
  means(prefix: string): Metrics {
    const cross_entropy = this.#crossEntropy / this.#weight;
    const teacher_entropy = this.#entropy / this.#weight;
    return {
      [`${prefix}/cross_entropy`]: cross_entropy,
      [`${prefix}/teacher_entropy`]: teacher_entropy,
      [`${prefix}/kl`]: cross_entropy - teacher_entropy,
    };
  }

  /** `kl` alone. */
  get kl(): number {
    return (this.#crossEntropy - this.#entropy) / this.#weight;
  }
}

/** Targets that weigh something, of shape (N) or (N, K). */
export function countTargets(data: readonly Datum[]): number {
  let count = 0;
  for (const {
    loss_fn_inputs: { weights },
  } of data) {
    const [N, K = 1] = weights.shape;
    for (let t = 0; t < N; t++) if (weights.data.slice(t * K, (t + 1) * K).some((weight) => weight !== 0)) count += 1;
  }
  return count;
}

export const logprobsOf = ({ loss_fn_outputs }: ForwardBackwardOutput): ArrayLike<number>[] =>
  loss_fn_outputs.map(({ logprobs }) => logprobs.data);
