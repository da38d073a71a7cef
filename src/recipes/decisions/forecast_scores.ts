// How good probabilities are, held against what happened and, where they are known, against those that it was drawn with.

import type { Metrics } from '../../training/types.ts';
import { brierLoss, logLoss } from './choice_loss.ts';

export interface Forecast {
  /** Of each choice. */
  p: readonly number[];
  target: readonly number[];
  truth: readonly number[] | null;
}

/**
 * - `log_loss`, `brier`: means of −Σ t·log p and Σ (p − t)²; lower is better.
 * - `accuracy`: share whose most probable choice is the most probable target; one of several most probable ones counts its share.
 * - `calibration_error`: of ten bins by the probability of the likeliest choice, how far its mean is from the share that came true,
 *   weighted by their sizes (ECE).
 * - `auc`, of two choices: how often one of the first kind has a higher probability of it than one of the other; ties count half.
 * - with known truth `probability_error`, the mean of |p − truth| over choices, `excess_log_loss` and `excess_brier`, what is lost against
 *   who knows the truth (expectations, so that luck does not count), and `optimal_brier`, which nobody does better than.
 */
export function forecastMetrics(forecasts: readonly Forecast[]): Metrics {
  if (forecasts.length === 0) return {};
  const mean = (of: (forecast: Forecast) => number) =>
    forecasts.reduce((sum, forecast) => sum + of(forecast), 0) / forecasts.length;
  const metrics: Metrics = {
    log_loss: mean(({ p, target }) => logLoss(target, p)),
    brier: mean(({ p, target }) => brierLoss(target, p)),
    accuracy: mean(accuracyOf),
    calibration_error: calibrationError(forecasts),
  };
  const area = areaUnderCurve(forecasts);
  if (area !== null) metrics.auc = area;
  const known = forecasts.flatMap(({ p, truth }) => (truth === null ? [] : [{ p, truth }]));
  if (known.length === 0) return metrics;
  const meanKnown = (of: (p: readonly number[], truth: readonly number[]) => number) =>
    known.reduce((sum, { p, truth }) => sum + of(p, truth), 0) / known.length;
  return {
    ...metrics,
    probability_error: meanKnown(
      (p, truth) => p.reduce((sum, each, k) => sum + Math.abs(each - truth[k]), 0) / p.length,
    ),
    excess_log_loss: meanKnown((p, truth) => logLoss(truth, p) - logLoss(truth, truth)),
    excess_brier: meanKnown((p, truth) => brierLoss(truth, p)),
    optimal_brier: meanKnown((_, truth) => 1 - truth.reduce((sum, each) => sum + each ** 2, 0)),
  };
}

function accuracyOf({ p, target }: Forecast): number {
  const [most, likeliest] = [Math.max(...target), Math.max(...p)];
  const chosen = p.flatMap((each, k) => (each === likeliest ? [target[k]] : []));
  return chosen.filter((each) => each === most).length / chosen.length;
}

const BINS = 10;

function calibrationError(forecasts: readonly Forecast[]): number {
  const bins = Array.from({ length: BINS }, () => ({ said: 0, came: 0 }));
  for (const { p, target } of forecasts) {
    const most = Math.max(...p);
    const bin = bins[Math.min(BINS - 1, Math.floor(most * BINS))];
    // NaN belongs nowhere: it makes the whole number NaN.
    if (bin === undefined) return Number.NaN;
    bin.said += most;
    bin.came += target[p.indexOf(most)];
  }
  return bins.reduce((sum, { said, came }) => sum + Math.abs(said - came), 0) / forecasts.length;
}

/** Null where there are no two choices, or one of them never came. */
function areaUnderCurve(forecasts: readonly Forecast[]): number | null {
  if (forecasts.some(({ p }) => p.length !== 2)) return null;
  const of = (index: number) => forecasts.filter(({ target }) => target[index] > 0.5).map(({ p }) => p[0]);
  const [first, second] = [of(0), of(1)];
  if (first.length === 0 || second.length === 0) return null;
  let wins = 0;
  for (const a of first) for (const b of second) wins += a > b ? 1 : a === b ? 0.5 : 0;
  return wins / (first.length * second.length);
}
