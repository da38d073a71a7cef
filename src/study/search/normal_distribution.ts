// The standard normal distribution: the mass of an interval, accurate in both tails, and the quantile.

/** Up to here the series for erf has cost erfc few of its digits; beyond, the continued fraction converges quickly. */
const SERIES_UP_TO = 2;
const FRACTION_TERMS = 60;

/** 1 − erf(x) for x ≥ 0, to a relative error of about 1e-13. */
function upperErf(x: number): number {
  if (x < SERIES_UP_TO) return 1 - erfSeries(x);
  let fraction = x;
  // From the inside out: x + (1/2)/(x + 1/(x + (3/2)/(x + …))).
  for (let k = FRACTION_TERMS; k >= 1; k--) fraction = x + k / 2 / fraction;
  return Math.exp(-x * x) / (fraction * Math.sqrt(Math.PI));
}

/** Abramowitz and Stegun 7.1.6: all terms have one sign, so nothing cancels. */
function erfSeries(x: number): number {
  let term = x;
  let total = x;
  for (let n = 1; term > total * Number.EPSILON; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    total += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * total;
}

/** P(Z < z). Accurate for large −z too, where it is small. */
export function normalBelow(z: number): number {
  const tail = upperErf(Math.abs(z) * Math.SQRT1_2) / 2;
  return z < 0 ? tail : 1 - tail;
}

/** P(a < Z < b). In the right tail it is taken from the left one, where small numbers keep their digits. */
export function normalBetween(a: number, b: number): number {
  return a > 0 ? normalBelow(-a) - normalBelow(-b) : normalBelow(b) - normalBelow(a);
}

/** Of the standard normal between `a` ≤ 0 and `b` ≥ 0, the point that has the share `u` of the mass to its left. */
export function truncatedNormalAt(u: number, a: number, b: number): number {
  const mass = normalBetween(a, b);
  // A share of nothing would lie at infinity where there is no bound.
  const share = Math.max(u, Number.EPSILON / 2);
  const below = normalBelow(a) + share * mass;
  const at = below < 0.5 ? normalQuantile(below) : -normalQuantile(normalBelow(-b) + (1 - share) * mass);
  return Math.min(Math.max(at, a), b);
}

/** The z with P(Z < z) = p: Acklam's approximation, and steps of Halley's method to double precision. */
export function normalQuantile(p: number): number {
  if (p > 0.5) return -normalQuantile(1 - p);
  if (p <= 0) return Number.NEGATIVE_INFINITY;
  let z = roughQuantile(p);
  for (let i = 0; i < 2; i++) {
    const error = (normalBelow(z) - p) / (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI));
    z -= error / (1 + (z * error) / 2);
  }
  return z;
}

/** P. J. Acklam's rational approximations for 0 < p ≤ 1/2, with a relative error of 1.15e-9. */
const CENTRAL = [
  -3.969683028665376e1, 2.209460984245205e2, -2.759285104469687e2, 1.38357751867269e2, -3.066479806614716e1,
  2.506628277459239,
];
const CENTRAL_BELOW = [
  -5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2, 6.680131188771972e1, -1.328068155288572e1, 1,
];
const TAIL = [
  -7.784894002430293e-3, -3.223964580411365e-1, -2.400758277161838, -2.549732539343734, 4.374664141464968,
  2.938163982698783,
];
const TAIL_BELOW = [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416, 1];
const TAIL_ENDS = 0.02425;

function roughQuantile(p: number): number {
  if (p < TAIL_ENDS) {
    const q = Math.sqrt(-2 * Math.log(p));
    return polynomial(TAIL, q) / polynomial(TAIL_BELOW, q);
  }
  const q = p - 0.5;
  return (polynomial(CENTRAL, q * q) * q) / polynomial(CENTRAL_BELOW, q * q);
}

/** The highest power first. */
const polynomial = (coefficients: readonly number[], x: number) => coefficients.reduce((sum, c) => sum * x + c, 0);
