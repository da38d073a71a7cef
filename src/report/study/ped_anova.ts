// PED-ANOVA: how much a hyperparameter has to do with being among the best, as Optuna's PedAnovaImportanceEvaluator computes it.
//
// Watanabe, Bansal and Hutter, "PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in Arbitrary Subspaces", IJCAI 2023;
// with its parts for parameters that only some trials have, from "Conditional PED-ANOVA", 2026.

import { normalBelow } from './normal.ts';

/** A parameter and its values by trial: numbers, or positions of categories; null where a trial lacks the parameter. */
export interface Parameter {
  name: string;
  domain: { kind: 'number'; low: number; high: number; log: boolean } | { kind: 'category'; choices: number };
  values: readonly (number | null)[];
}

/** Points of the grid that numbers are counted on. */
const STEPS = 50;
const PRIOR_WEIGHT = 1;
const FEWEST_TRIALS = 2;
/** Keeps a density that vanishes from being divided by. */
const TINY = 1e-12;

/**
 * How far the distribution of each parameter among the best trials is from that among all, not normalised.
 * @param isBest by trial
 */
export function pedAnova(parameters: readonly Parameter[], isBest: readonly boolean[]): number[] {
  const n = isBest.length;
  const n_best = isBest.filter(Boolean).length;
  if (n_best === 0) return parameters.map(() => 0);
  return parameters.map(({ domain, values }) => {
    const all = values.filter((value) => value !== null);
    const best = values.filter((value, i) => value !== null && isBest[i]).filter((value) => value !== null);
    const isSingle = domain.kind === 'number' ? domain.low === domain.high : domain.choices < 2;
    if (isSingle || best.length === 0 || all.length < FEWEST_TRIALS) return 0;
    const weight = (best.length / n_best) ** 2 / (all.length / n);
    return weight * pearsonDivergence(densityOf(domain, best), densityOf(domain, all)) * (n_best / n) ** 2;
  });
}

function pearsonDivergence(top: readonly number[], all: readonly number[]): number {
  return all.reduce(
    (sum, density, i) => sum + (density + TINY) * (((top[i] ?? 0) + TINY) / (density + TINY) - 1) ** 2,
    0,
  );
}

/** A Parzen estimate on a grid, or over the categories. */
function densityOf(domain: Parameter['domain'], values: readonly number[]): number[] {
  const size = domain.kind === 'number' ? STEPS : domain.choices;
  const counts = new Array<number>(size).fill(0);
  for (const value of values) {
    const cell = domain.kind === 'number' ? cellOf(domain, value) : value;
    counts[cell] = (counts[cell] ?? 0) + 1;
  }
  const kernels = counts.flatMap((weight, cell) => (weight > 0 ? { cell, weight } : []));
  const densities = domain.kind === 'number' ? gaussians(kernels, size) : categories(kernels, size);
  const total = values.length + PRIOR_WEIGHT;
  return Array.from({ length: size }, (_, i) =>
    densities.reduce((sum, { weight, at }) => sum + (weight / total) * at(i), 0),
  );
}

interface Kernel {
  cell: number;
  weight: number;
}

interface Density {
  weight: number;
  at(cell: number): number;
}

/** In the middle between two cells it is the lower one. */
function cellOf({ low, high, log }: { low: number; high: number; log: boolean }, value: number): number {
  const of = (number: number) => (log ? Math.log(number) : number);
  const step = (of(high) - of(low)) / (STEPS - 1);
  return Math.min(Math.max(Math.ceil((of(value) - of(low)) / step - 0.5), 0), STEPS - 1);
}

/** Normal distributions cut off at the ends of the grid, of a width by Scott's rule, and a wide one as the prior. */
function gaussians(kernels: readonly Kernel[], size: number): Density[] {
  const total = kernels.reduce((sum, { weight }) => sum + weight, 0);
  const mean = kernels.reduce((sum, { cell, weight }) => sum + cell * weight, 0) / total;
  const squares = kernels.reduce((sum, { cell, weight }) => sum + (cell - mean) ** 2 * weight, 0);
  const deviation = Math.sqrt(squares / Math.max(1, total - 1));
  const range =
    cellAt(kernels, (sum) => sum > Math.floor((total * 3) / 4)) -
    cellAt(kernels, (sum) => sum >= Math.floor(total / 4));
  const sigma = Math.max(1.059 * Math.min(range / 1.34, deviation) * total ** -0.2, 0.5 / 1.64);
  return [
    ...kernels.map(({ cell, weight }) => ({ weight, at: truncatedNormal(cell, sigma, size) })),
    { weight: PRIOR_WEIGHT, at: truncatedNormal((size - 1) / 2, size, size) },
  ];
}

/** The first cell up to which the weights meet a condition, or else the last. */
function cellAt(kernels: readonly Kernel[], isReached: (sum: number) => boolean): number {
  let sum = 0;
  for (const { cell, weight } of kernels) {
    sum += weight;
    if (isReached(sum)) return cell;
  }
  return kernels.at(-1)?.cell ?? 0;
}

function truncatedNormal(mean: number, sigma: number, size: number): (cell: number) => number {
  const within = normalMass(-0.5, size - 0.5, mean, sigma);
  return (cell) => normalMass(cell - 0.5, cell + 0.5, mean, sigma) / within;
}

/** In the left tail, where small numbers keep their digits. */
function normalMass(low: number, high: number, mean: number, sigma: number): number {
  const [a, b] = [(low - mean) / sigma, (high - mean) / sigma];
  return a > 0 ? normalBelow(-a) - normalBelow(-b) : normalBelow(b) - normalBelow(a);
}

function categories(kernels: readonly Kernel[], size: number): Density[] {
  const share = PRIOR_WEIGHT / (kernels.length + 1);
  const total = 1 + share * size;
  return [
    ...kernels.map(({ cell, weight }) => ({
      weight,
      at: (other: number) => ((other === cell ? 1 : 0) + share) / total,
    })),
    { weight: PRIOR_WEIGHT, at: () => 1 / size },
  ];
}
