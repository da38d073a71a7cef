// One parameter of a Parzen estimator: a kernel for each value that was seen, and one for the prior, which is the last.

import type { Distribution } from '../types.ts';
import { normalBetween, truncatedNormalAt } from './normal_distribution.ts';
import { type Grid, gridOf, gridValue, within } from './values.ts';

export interface Marginal {
  isChoice: boolean;
  /** @param u 0 ≤ u < 1 */
  draw(kernel: number, u: number): number;
  /** Adds the logarithm of each kernel's density at the value. */
  addLogDensities(value: number, logs: number[]): void;
}

/** A kernel has most of its mass at what was seen, and the less elsewhere the more there are. */
export function choiceMarginal(size: number, observed: readonly number[]): Marginal {
  const share = 1 / (observed.length + 1);
  const total = 1 + size * share;
  const seen = (1 + share) / total;
  const unseen = share / total;
  const massOf = (kernel: number, choice: number) => {
    if (kernel === observed.length) return 1 / size;
    return observed[kernel] === choice ? seen : unseen;
  };
  return {
    isChoice: true,
    draw(kernel, u) {
      let upTo = 0;
      for (let choice = 0; choice < size - 1; choice++) {
        upTo += massOf(kernel, choice);
        if (u <= upTo) return choice;
      }
      return size - 1;
    },
    addLogDensities(value, logs) {
      for (let kernel = 0; kernel < logs.length; kernel++) logs[kernel] += Math.log(massOf(kernel, value));
    },
  };
}

/** Where kernels live: logarithms of a value on a logarithmic scale, bounds half a step beyond the values of a grid. */
interface Scale {
  low: number;
  high: number;
  prior: { mean: number; sd: number };
  /** Widths of kernels are in proportion to it. */
  range: number;
  grid: Grid | null;
  inwards(value: number): number;
  outwards(inner: number): number;
}

type Numeric = Exclude<Distribution, { kind: 'choice' }>;

function scaleOf(distribution: Numeric): Scale {
  const same = (value: number) => value;
  if (distribution.kind === 'normal') {
    const { mean, sd } = distribution;
    // A uniform distribution of this range has the same standard deviation.
    const ends = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY, range: Math.sqrt(12) * sd };
    return { ...ends, prior: { mean, sd }, grid: null, inwards: same, outwards: same };
  }
  const grid = gridOf(distribution);
  const isLog = distribution.kind === 'log_uniform';
  const margin = grid === null ? 0 : grid.step / 2;
  const last = grid === null ? distribution.high : gridValue(grid, grid.size - 1);
  const low = isLog ? Math.log(distribution.low) : distribution.low - margin;
  const high = isLog ? Math.log(last) : last + margin;
  return {
    low,
    high,
    prior: { mean: (low + high) / 2, sd: high - low },
    range: high - low,
    grid,
    inwards: isLog ? Math.log : same,
    outwards(inner) {
      if (grid === null) return within(distribution, isLog ? Math.exp(inner) : inner);
      const index = roundHalfToEven((inner - grid.low) / grid.step);
      return gridValue(grid, Math.min(Math.max(index, 0), grid.size - 1));
    },
  };
}

/** Normal kernels, cut off at the bounds: each as wide as its neighbours are far. */
export function numericMarginal(distribution: Numeric, observed: readonly number[]): Marginal {
  const scale = scaleOf(distribution);
  const { low, high, prior, grid } = scale;
  const seen = observed.map(scale.inwards);
  const means = [...seen, prior.mean];
  const widths = [...widthsOf(seen, scale), prior.sd];
  const logMasses = means.map((mean, k) =>
    Math.log(normalBetween((low - mean) / widths[k], (high - mean) / widths[k])),
  );
  return {
    isChoice: false,
    draw(kernel, u) {
      const [mean, width] = [means[kernel], widths[kernel]];
      return scale.outwards(mean + width * truncatedNormalAt(u, (low - mean) / width, (high - mean) / width));
    },
    addLogDensities(value, logs) {
      const inner = scale.inwards(value);
      const half = grid === null ? 0 : grid.step / 2;
      for (let k = 0; k < logs.length; k++) {
        const [mean, width] = [means[k], widths[k]];
        const z = (inner - mean) / width;
        logs[k] +=
          grid === null
            ? (-z * z) / 2 - Math.log(width * Math.sqrt(2 * Math.PI)) - logMasses[k]
            : Math.log(normalBetween((inner - half - mean) / width, (inner + half - mean) / width)) - logMasses[k];
      }
    },
  };
}

/**
 * The farther of the distances to both neighbours; of the outermost values, to the only one. A lone value has the bounds as neighbours.
 * Between the prior's width, and a part of the range that shrinks as values become many ("magic clip").
 */
function widthsOf(seen: readonly number[], { low, high, prior, range }: Scale): number[] {
  const least = range / Math.min(100, seen.length + 2);
  const order = seen.map((_, i) => i).sort((a, b) => seen[a] - seen[b]);
  const widths = new Array<number>(seen.length).fill(0);
  for (const [place, index] of order.entries()) {
    const left = place > 0 ? seen[index] - seen[order[place - 1]] : null;
    const right = place < order.length - 1 ? seen[order[place + 1]] - seen[index] : null;
    const width =
      left === null && right === null
        ? Math.max(seen[index] - low, high - seen[index])
        : Math.max(left ?? 0, right ?? 0);
    widths[index] = Math.min(Math.max(width, least), prior.sd);
  }
  return widths;
}

/** Of two whole numbers that are as near, the even one: as NumPy rounds. */
function roundHalfToEven(value: number): number {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}
