// How far the score of a benchmark may be off by chance.

/** Of a normal distribution, 95 % lies within so many standard deviations. */
const Z = 1.959963984540054;

/**
 * Wilson's 95 % interval of the mean of shares, one of each example. Examples are what is drawn by chance: with several answers
 * to each, it is as narrow as their spread allows, between that of as many examples and that of as many answers.
 */
export function scoreInterval(shares_P: readonly number[], samples: number): [low: number, high: number] {
  const count = shares_P.length;
  if (count === 0) return [0, 1];
  const p = shares_P.reduce((sum, share) => sum + share, 0) / count;
  const n = effectiveCount(shares_P, p, samples);
  const middle = (p + Z ** 2 / (2 * n)) / (1 + Z ** 2 / n);
  const half = (Z / (1 + Z ** 2 / n)) * Math.sqrt((p * (1 - p)) / n + Z ** 2 / (4 * n ** 2));
  // At 0 and 1 rounding would leave a little more.
  return [p === 0 ? 0 : Math.max(0, middle - half), p === 1 ? 1 : Math.min(1, middle + half)];
}

/** Independent answers that would tell as much: those whose mean varies as that of the shares does. */
function effectiveCount(shares_P: readonly number[], p: number, samples: number): number {
  const count = shares_P.length;
  const spread = shares_P.reduce((sum, share) => sum + (share - p) ** 2, 0);
  if (count < 2 || spread === 0) return count;
  const varianceOfMean = spread / (count - 1) / count;
  return Math.min(Math.max((p * (1 - p)) / varianceOfMean, count), count * samples);
}
