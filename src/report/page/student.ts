// Student's t distribution, for any number of degrees of freedom: Welch's test asks for numbers that are not whole.

/** Where the expansion of the ratio of Gamma functions is exact to nine digits. */
const LARGE = 25;
const MOST_STEPS = 100;

/** The number that |t| stays below with a probability of 95 %. @param freedom degrees of freedom, at least about one */
export function tQuantile(freedom: number): number {
  const scale = gammaRatio(freedom / 2) / Math.sqrt(freedom * Math.PI);
  // Newton's method. The probability is concave in t, so that from below each step comes nearer and none goes too far.
  let t = NORMAL;
  for (let i = 0; i < MOST_STEPS; i++) {
    const density = scale * (1 + t ** 2 / freedom) ** (-(freedom + 1) / 2);
    const step = (CONFIDENCE - probabilityWithin(t, freedom, density)) / (2 * density);
    t += step;
    if (Math.abs(step) < 1e-10 * t) break;
  }
  return t;
}

const CONFIDENCE = 0.95;
/** That of the normal distribution, which no t is below. */
const NORMAL = 1.959963984540054;

/** Of -t to t: the incomplete beta function for 1/2 and freedom/2, by the series all of whose terms are positive (DLMF 8.17.8). */
function probabilityWithin(t: number, freedom: number, density: number): number {
  const share = t ** 2 / (freedom + t ** 2);
  let [sum, term] = [1, 1];
  for (let n = 0; term > sum * Number.EPSILON; n++) {
    term *= (((freedom + 1) / 2 + n) / (1.5 + n)) * share;
    sum += term;
  }
  return 2 * t * density * sum;
}

/** Γ(x + 1/2) / Γ(x), by its recurrence and, for large x, its expansion. */
function gammaRatio(x: number): number {
  if (x < LARGE) return (gammaRatio(x + 1) * x) / (x + 0.5);
  return Math.sqrt(x) * (1 - 1 / (8 * x) + 1 / (128 * x ** 2) + 5 / (1024 * x ** 3) - 21 / (32768 * x ** 4));
}
