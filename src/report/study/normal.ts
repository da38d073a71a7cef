// The normal distribution's probability below a number, to about fifteen digits.

/** Where the series and the fraction are both exact. */
const FAR = 3;
/** Levels of the fraction, which is exact long before at its nearest. */
const LEVELS = 200;

/** By Marsaglia, "Evaluating the Normal Distribution", 2004: a series near the middle, Laplace's continued fraction in the tails. */
export function normalBelow(z: number): number {
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (Math.abs(z) < FAR) {
    let [sum, term] = [z, z];
    for (let i = 3; Math.abs(term) > Math.abs(sum) * Number.EPSILON; i += 2) {
      term *= (z * z) / i;
      sum += term;
    }
    return 0.5 + density * sum;
  }
  const distance = Math.abs(z);
  let fraction = distance;
  for (let level = LEVELS; level > 0; level--) fraction = distance + level / fraction;
  return z < 0 ? density / fraction : 1 - density / fraction;
}
