// Two models on the same examples: how far apart they are, and whether chance alone can explain that.

import { nextBelow, nextUniform, randomFor } from '../util/random.ts';

export interface PairedResult {
  /** Examples that both have answered. */
  num_examples: number;
  score_a: number;
  score_b: number;
  /** Of b less that of a. */
  difference: number;
  /** 95 % interval of the difference: examples drawn again by the seed (the percentiles of a paired bootstrap). */
  difference_interval: [low: number, high: number];
  /**
   * How likely a difference as large is where the two are equally good: McNemar's exact test where each has one answer to
   * an example, else the share of 10,000 times, and of fewer where the examples are very many, that signs drawn by the seed make
   * the differences of examples add up to as much.
   */
  p_value: number;
  test: 'mcnemar' | 'sign_flips';
}

const RESAMPLES = 10_000;
const FEWEST_RESAMPLES = 1_000;
/** Of very many examples fewer resamples do: what they draw altogether takes a second or two. */
const MOST_DRAWS = 20_000_000;

const resamplesOf = (count: number): number =>
  Math.min(RESAMPLES, Math.max(FEWEST_RESAMPLES, Math.floor(MOST_DRAWS / count)));

/** @param shares_P of each example the shares of right answers of a and of b */
export function pairedResult(
  shares_P: readonly (readonly [a: number, b: number])[],
  { seed, oneAnswerEach }: { seed: number; oneAnswerEach: boolean },
): PairedResult {
  const differences = shares_P.map(([a, b]) => b - a);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    num_examples: shares_P.length,
    score_a: mean(shares_P.map(([a]) => a)),
    score_b: mean(shares_P.map(([, b]) => b)),
    difference: mean(differences),
    difference_interval: bootstrapInterval(differences, seed),
    p_value: oneAnswerEach
      ? mcnemarExact(differences.filter((each) => each < 0).length, differences.filter((each) => each > 0).length)
      : signFlips(differences, seed),
    test: oneAnswerEach ? 'mcnemar' : 'sign_flips',
  };
}

/** Two-sided: of so many examples that flipped, at most so many went the rarer way, each way being as likely as the other. */
export function mcnemarExact(worse: number, better: number): number {
  const flipped = worse + better;
  // Each term from the one before it, in logarithms: 2^-n is 0 from 1,075 on.
  let logTerm = -flipped * Math.LN2;
  let tail = 0;
  for (let k = 0; k <= Math.min(worse, better); k++) {
    tail += Math.exp(logTerm);
    logTerm += Math.log(flipped - k) - Math.log(k + 1);
  }
  return Math.min(1, 2 * tail);
}

function bootstrapInterval(differences: readonly number[], seed: number): [number, number] {
  const random = randomFor(seed, 'paired bootstrap');
  const count = differences.length;
  const resamples = resamplesOf(count);
  const means = Array.from({ length: resamples }, () => {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += differences[nextBelow(random, count)] ?? 0;
    return sum / count;
  }).sort((a, b) => a - b);
  return [means[Math.floor(0.025 * (resamples - 1))] ?? 0, means[Math.ceil(0.975 * (resamples - 1))] ?? 0];
}

/** What was seen counts as one of the draws, so that it is never 0. */
function signFlips(differences: readonly number[], seed: number): number {
  const random = randomFor(seed, 'sign flips');
  const moved = differences.filter((difference) => difference !== 0);
  const observed = Math.abs(moved.reduce((sum, difference) => sum + difference, 0));
  const draws = resamplesOf(moved.length);
  let asFar = 1;
  for (let draw = 0; draw < draws; draw++) {
    const sum = moved.reduce((total, difference) => total + (nextUniform(random) < 0.5 ? difference : -difference), 0);
    // Sums of thirds that are equal on paper may differ by rounding.
    if (Math.abs(sum) >= observed - 1e-9) asFar += 1;
  }
  return asFar / (draws + 1);
}
