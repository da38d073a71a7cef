// Pearson's chi-squared statistic of counts against a distribution.

/** Bins with a smaller expectation are pooled: the statistic is not chi-squared where counts are rarely above zero. */
const LEAST_EXPECTED = 5;

export interface ChiSquared {
  statistic: number;
  degrees_of_freedom: number;
}

/** Independent tables as one: their statistics add up, and so do their degrees of freedom. */
export function chiSquared(
  tables: readonly { counts: readonly number[]; probabilities: readonly number[] }[],
): ChiSquared {
  const total = { statistic: 0, degrees_of_freedom: 0 };
  for (const { counts, probabilities } of tables) {
    const bins = pooled(counts, probabilities);
    for (const { observed, expected } of bins) total.statistic += (observed - expected) ** 2 / expected;
    total.degrees_of_freedom += bins.length - 1;
  }
  return total;
}

function pooled(counts: readonly number[], probabilities: readonly number[]): { observed: number; expected: number }[] {
  const draws = counts.reduce((sum, count) => sum + count, 0);
  const bins: { observed: number; expected: number }[] = [];
  const rest = { observed: 0, expected: 0 };
  for (const [i, observed] of counts.entries()) {
    const expected = draws * probabilities[i];
    if (observed > 0 && expected === 0) throw new Error(`token ${i} was drawn, whose probability is zero`);
    if (expected >= LEAST_EXPECTED) bins.push({ observed, expected });
    else {
      rest.observed += observed;
      rest.expected += expected;
    }
  }
  if (rest.expected >= LEAST_EXPECTED || bins.length === 0) return [...bins, rest];
  const [{ observed, expected }, ...others] = bins;
  return [{ observed: observed + rest.observed, expected: expected + rest.expected }, ...others];
}
