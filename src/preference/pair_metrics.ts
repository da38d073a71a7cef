// What is reported of a batch of pairs, or of completions that were judged one by one.

import type { Metrics } from '../training/types.ts';
import type { PairScores } from './pair_loss.ts';

/**
 * `chosen_reward`, `rejected_reward` and `margin`: β times what the completions have gained on the reference, and the difference.
 * `accuracy`: the share of pairs whose chosen completion has gained more than the rejected one; of completions without a
 * partner, each wanted one is held against each unwanted one. Ties have no right answer: they count in the loss alone.
 */
export function preferenceMetrics(
  { policy, reference, tokens }: PairScores,
  ties_P: readonly boolean[],
  { beta }: { beta: number },
): Metrics {
  const told = (side: 'chosen_P' | 'rejected_P') =>
    tokens[side].flatMap((count, p) =>
      count === 0 || ties_P[p]
        ? []
        : [{ p, count, logprob: policy[side][p], gained: policy[side][p] - reference[side][p] }],
    );
  const [chosen, rejected] = [told('chosen_P'), told('rejected_P')];
  if (chosen.length + rejected.length === 0) return {};
  const isPaired = chosen.length === rejected.length && chosen.every(({ p }, i) => p === rejected[i].p);
  const reward = (side: readonly Told[]) => (beta * sumOf(side, ({ gained }) => gained)) / side.length;
  const nll = (side: readonly Told[]) => -sumOf(side, ({ logprob }) => logprob) / sumOf(side, ({ count }) => count);
  return {
    ...(chosen.length === 0 ? {} : { chosen_reward: reward(chosen), chosen_nll: nll(chosen) }),
    ...(rejected.length === 0 ? {} : { rejected_reward: reward(rejected), rejected_nll: nll(rejected) }),
    ...(chosen.length === 0 || rejected.length === 0
      ? {}
      : {
          accuracy: isPaired
            ? chosen.filter(({ gained }, i) => gained > rejected[i].gained).length / chosen.length
            : shareAbove(chosen, rejected),
          margin: isPaired
            ? (beta * sumOf(chosen, ({ gained }, i) => gained - rejected[i].gained)) / chosen.length
            : reward(chosen) - reward(rejected),
        }),
  };
}

interface Told {
  p: number;
  count: number;
  logprob: number;
  gained: number;
}

function sumOf(side: readonly Told[], of: (told: Told, index: number) => number): number {
  return side.reduce((sum, told, index) => sum + of(told, index), 0);
}

/** Of all pairs of one of either, the share in which the first has gained more. */
function shareAbove(chosen: readonly Told[], rejected: readonly Told[]): number {
  const sorted = rejected.map(({ gained }) => gained).sort((a, b) => a - b);
  const below = sumOf(chosen, ({ gained }) => countBelow(sorted, gained));
  return below / (chosen.length * rejected.length);
}

function countBelow(sorted: readonly number[], value: number): number {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (sorted[middle] < value) from = middle + 1;
    else to = middle;
  }
  return from;
}
