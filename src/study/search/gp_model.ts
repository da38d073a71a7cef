// A Gaussian process over points of the unit cube: Matérn 5/2 with a length a dimension, its parameters the most likely ones under the
// priors that Optuna's GPSampler has.

/** Added to the noise, so that equal points leave the matrix regular. */
const LEAST_NOISE = 1e-6;
const ITERATIONS = 40;
/** Of logarithms of the parameters. */
const BOUND = 8;

interface Prediction {
  mean: number;
  /** Of the function itself, without noise. */
  sd: number;
}

export type Process = (x: readonly number[]) => Prediction;

/** Squared distance in one dimension: between choices it is 1 or 0. */
const apart = (a: number, b: number, isChoice: boolean) => (isChoice ? Number(a !== b) : (a - b) * (a - b));

/** @param y with mean 0 and standard deviation 1 */
export function fitProcess(
  x: readonly (readonly number[])[],
  y: readonly number[],
  isChoice: readonly boolean[],
): Process {
  const distances = isChoice.map((choice, k) =>
    Float64Array.from(x.flatMap((a) => x.map((b) => apart(a[k], b[k], choice)))),
  );
  let logs = [...isChoice.map(() => 0), 0, Math.log(1e-2)];
  let best = { logs, likelihood: Number.NEGATIVE_INFINITY };
  let steps = logs.map(() => 0.3);
  let before = logs.map(() => 0);
  // Rprop: only signs of the gradient count, so nothing has to be tuned to its size.
  for (let i = 0; i < ITERATIONS; i++) {
    const { likelihood, gradient } = posterior(logs, distances, y);
    if (likelihood > best.likelihood) best = { logs, likelihood };
    steps = steps.map((step, k) => {
      const agreement = gradient[k] * before[k];
      return agreement > 0 ? Math.min(1.2 * step, 1) : agreement < 0 ? 0.5 * step : step;
    });
    before = gradient.map((slope, k) => (slope * before[k] < 0 ? 0 : slope));
    logs = logs.map((log, k) => Math.min(Math.max(log + Math.sign(before[k]) * steps[k], -BOUND), BOUND));
  }
  const { weights, inverse, scale, lengths } = posterior(best.logs, distances, y);
  return (point) => {
    const near = x.map(
      (other) => scale * matern(lengths.reduce((sum, w, k) => sum + w * apart(point[k], other[k], isChoice[k]), 0)),
    );
    let mean = 0;
    let variance = scale;
    for (let i = 0; i < near.length; i++) {
      mean += near[i] * weights[i];
      let row = 0;
      for (let j = 0; j < near.length; j++) row += inverse[i * near.length + j] * near[j];
      variance -= near[i] * row;
    }
    return { mean, sd: Math.sqrt(Math.max(variance, 1e-12)) };
  };
}

const matern = (squared: number) => {
  const r = Math.sqrt(5 * squared);
  return (1 + r + (r * r) / 3) * Math.exp(-r);
};
/** Its derivative by the squared distance. */
const maternSlope = (squared: number) => {
  const r = Math.sqrt(5 * squared);
  return (-5 / 6) * (1 + r) * Math.exp(-r);
};

/**
 * The likelihood with the priors, its gradient, and what predictions take.
 * @param logs of the inverse squared lengths, then of the scale of the kernel, then of the variance of the noise
 */
function posterior(logs: readonly number[], distances: readonly Float64Array[], y: readonly number[]) {
  const n = y.length;
  const lengths = logs.slice(0, -2).map(Math.exp);
  const scale = Math.exp(logs.at(-2) ?? 0);
  const noise = Math.exp(logs.at(-1) ?? 0);
  const squared = new Float64Array(n * n);
  for (const [k, w] of lengths.entries()) for (let i = 0; i < n * n; i++) squared[i] += w * distances[k][i];
  const kernel = squared.map((d) => scale * matern(d));
  for (let i = 0; i < n; i++) kernel[i * n + i] += noise + LEAST_NOISE;
  const { inverse, logDeterminant } = inverted(kernel, n);
  const weights = y.map((_, i) => y.reduce((sum, value, j) => sum + inverse[i * n + j] * value, 0));
  const gradient = logs.map(() => 0);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const at = i * n + j;
      const pull = (weights[i] * weights[j] - inverse[at]) / 2;
      const slope = pull * scale * maternSlope(squared[at]);
      for (let k = 0; k < lengths.length; k++) gradient[k] += slope * lengths[k] * distances[k][at];
      gradient[lengths.length] += pull * scale * matern(squared[at]);
      if (i === j) gradient[lengths.length + 1] += pull * noise;
    }
  }
  for (const [k, w] of lengths.entries()) gradient[k] += 0.1 / w - 0.1 * w;
  gradient[lengths.length] += 1 - scale;
  gradient[lengths.length + 1] += 0.1 - 30 * noise;
  const prior =
    lengths.reduce((sum, w) => sum - 0.1 / w - 0.1 * w, 0) +
    Math.log(scale) -
    scale +
    0.1 * Math.log(noise) -
    30 * noise;
  const likelihood = -(y.reduce((sum, value, i) => sum + value * weights[i], 0) + logDeterminant) / 2 + prior;
  return { likelihood, gradient, weights, inverse, scale, lengths };
}

/** By Cholesky's decomposition. */
function inverted(matrix: Float64Array, n: number): { inverse: Float64Array; logDeterminant: number } {
  const lower = new Float64Array(n * n);
  let logDeterminant = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = matrix[i * n + j];
      for (let k = 0; k < j; k++) rest -= lower[i * n + k] * lower[j * n + k];
      lower[i * n + j] = i === j ? Math.sqrt(Math.max(rest, LEAST_NOISE / 10)) : rest / lower[j * n + j];
    }
    logDeterminant += 2 * Math.log(lower[i * n + i]);
  }
  const half = new Float64Array(n * n);
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let rest = i === j ? 1 : 0;
      for (let k = j; k < i; k++) rest -= lower[i * n + k] * half[k * n + j];
      half[i * n + j] = rest / lower[i * n + i];
    }
  }
  const inverse = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = i; k < n; k++) sum += half[k * n + i] * half[k * n + j];
      inverse[i * n + j] = sum;
      inverse[j * n + i] = sum;
    }
  }
  return { inverse, logDeterminant };
}
