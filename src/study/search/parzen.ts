// Parzen estimators of TPE: a density over some parameters, a kernel at each of the points seen and a wide one as prior, as Optuna's
// TPESampler has them. A kernel is a product over the parameters; the density is their weighted sum.

import type { Distribution } from '../types.ts';
import { choiceMarginal, type Marginal, numericMarginal } from './parzen_marginals.ts';

/** 0 ≤ u < 1 */
export type Uniform = () => number;

/** Of so many points the last have full weight, and those before them the less the older they are. */
const FULL_WEIGHT = 25;

/** Weights of the kernels of `count` points, the oldest first. */
export function weightsByAge(count: number): number[] {
  const ramp = Math.max(0, count - FULL_WEIGHT);
  return Array.from({ length: count }, (_, i) => {
    if (i >= ramp) return 1;
    return ramp === 1 ? 1 / count : 1 / count + (1 - 1 / count) * (i / (ramp - 1));
  });
}

export class ParzenEstimator {
  readonly #weights: readonly number[];
  readonly #logWeights: readonly number[];
  readonly #marginals: readonly Marginal[];

  /** @param points a value a distribution, the oldest point first */
  constructor(distributions: readonly Distribution[], points: readonly (readonly number[])[]) {
    const weights = [...weightsByAge(points.length), 1];
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    this.#weights = weights.map((weight) => weight / total);
    this.#logWeights = this.#weights.map(Math.log);
    this.#marginals = distributions.map((distribution, column) => {
      const observed = points.map((point) => point[column] ?? Number.NaN);
      return distribution.kind === 'choice'
        ? choiceMarginal(distribution.size, observed)
        : numericMarginal(distribution, observed);
    });
  }

  /** Points drawn from it. The order of the draws is Optuna's: kernels, then choices, then numbers. */
  sample(uniform: Uniform, count: number): number[][] {
    const draws = () => Array.from({ length: count }, uniform);
    const kernels = draws().map((u) => this.#kernelAt(u));
    const columns = this.#marginals.map((): number[] => []);
    for (const isChoice of [true, false]) {
      for (const [column, marginal] of this.#marginals.entries()) {
        if (marginal.isChoice !== isChoice) continue;
        columns[column] = draws().map((u, i) => marginal.draw(kernels[i] ?? 0, u));
      }
    }
    return kernels.map((_, i) => columns.map((values) => values[i] ?? Number.NaN));
  }

  logDensity(point: readonly number[]): number {
    const logs = [...this.#logWeights];
    for (const [column, marginal] of this.#marginals.entries())
      marginal.addLogDensities(point[column] ?? Number.NaN, logs);
    // A spread of very many arguments overflows the stack.
    const most = logs.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    if (most === Number.NEGATIVE_INFINITY) return most;
    return most + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - most), 0));
  }

  #kernelAt(u: number): number {
    let upTo = 0;
    const kernel = this.#weights.findIndex((weight) => {
      upTo += weight;
      return u < upTo;
    });
    return kernel === -1 ? this.#weights.length - 1 : kernel;
  }
}
