// What is told of a batch: means of what environments report, and shares of what happens to some episodes only.

import { describe, expect, it } from 'vitest';
import { computeTrajectoryMetrics, rolloutMetrics } from '../../src/rl/metrics.ts';
import type { EnvMetrics } from '../../src/rl/types.ts';
import { rolledOut, trajectory } from './support/groups.ts';

/** An episode with a turn for each of these. */
const episode = (...turns: EnvMetrics[]) =>
  trajectory(turns.map((metrics) => ({ ob: 'Q', ac: 'A', reward: 0, metrics })));
const cut = { max_tokens_reached: 1, 'stop/max_tokens': 1 };
const done = { correct: 1, 'stop/completed': 1 };

describe('why episodes ended', () => {
  it('is a share of all episodes, for the reasons that there were', () => {
    const groups_P = [
      rolledOut(0, [episode({}, done), episode({}, {}, cut)]),
      rolledOut(1, [episode(done), episode({ correct: 0, 'stop/completed': 1 })]),
    ];
    const metrics = rolloutMetrics(groups_P);
    expect(metrics).toMatchObject({
      'env/all/stop/completed': 0.75,
      'env/all/stop/max_tokens': 0.25,
      'env/all/max_tokens_reached': 0.25,
    });
    expect(metrics).not.toHaveProperty(['env/all/stop/max_turns']);
  });

  it('is a share of the episodes of a tag, under the tag', () => {
    const metrics = computeTrajectoryMetrics([
      rolledOut(0, [episode(cut), episode(done)], { tags: ['a'] }),
      rolledOut(1, [episode(done), episode(done)], { tags: ['b'] }),
    ]);
    expect(metrics).toMatchObject({ 'env/a/stop/max_tokens': 0.5, 'env/all/stop/max_tokens': 0.25 });
    expect(metrics).not.toHaveProperty(['env/b/stop/max_tokens']);
  });
});

describe('wins and losses that cancel', () => {
  const sevenths = [1, 2, -3, 5, -4, -1, 3, -3].map((n) => n / 7);

  it('come to 0, whatever rounding leaves of them', () => {
    expect(sevenths.reduce((sum, value) => sum + value, 0)).not.toBe(0);
    const groups_P = [
      rolledOut(
        0,
        sevenths.map((win_minus_loss) => episode({ win_minus_loss })),
      ),
    ];
    expect(rolloutMetrics(groups_P)['env/all/win_minus_loss']).toBe(0);
    const rewarded = sevenths.map((reward) => trajectory([{ ob: 'Q', ac: 'A', reward }]));
    expect(rolloutMetrics([rolledOut(0, rewarded)])['env/all/reward/total']).toBe(0);
  });

  it('leave what is small and no rounding as it is', () => {
    const groups_P = [
      rolledOut(
        0,
        [1, -1, 1e-14].map((win_minus_loss) => episode({ win_minus_loss })),
      ),
    ];
    expect(rolloutMetrics(groups_P)['env/all/win_minus_loss']).toBe(1e-14 / 3);
  });
});

describe('what is told only where it happens', () => {
  it('is a share of episodes, however many of their turns it happened in', () => {
    const groups_P = [rolledOut(0, [episode({ parse_error: 1 }, { parse_error: 1 }, {}), episode({}), episode({})])];
    expect(rolloutMetrics(groups_P)['env/all/parse_error']).toBeCloseTo(1 / 3, 12);
  });

  it('is a share of episodes where the group tells it, too', () => {
    const metrics_G: EnvMetrics[] = [{ zero_reward_on_limit: 1 }, {}];
    const groups_P = [rolledOut(0, [episode({}), episode({})], { metrics_G })];
    expect(rolloutMetrics(groups_P)['env/all/zero_reward_on_limit']).toBe(0.5);
  });

  it('is the mean of an episode where it is a number of times', () => {
    const groups_P = [rolledOut(0, [episode({}, { num_truncations_max_turn_tokens: 3 }), episode({})])];
    expect(rolloutMetrics(groups_P)['env/all/num_truncations_max_turn_tokens']).toBe(1.5);
  });
});

it('what an environment reports by a name of its own stays the mean over the places where it is present', () => {
  const groups_P = [rolledOut(0, [episode({ right: 1 }, { right: 0 }), episode({}), episode({ guesses: 4 })])];
  expect(rolloutMetrics(groups_P)).toMatchObject({ 'env/all/right': 0.5, 'env/all/guesses': 4 });
});
