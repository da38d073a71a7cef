// Judged replies: win rates and tournaments by hand, rules, and comparisons that nobody could judge.

import { expect, it } from 'vitest';
import { builtinRegistry } from '../../../src/builtin.ts';
import { winMetrics, winScore } from '../../../src/preference/judges/judges.ts';
import { comparedPairs, preferenceModelSlot, scoringModel } from '../../../src/preference/models/preference_model.ts';
import { pairwiseRewards, tournamentPairs } from '../../../src/preference/pairwise/pairwise_env.ts';
import { reference } from '../../../src/registry/slot.ts';
import { refuseSameNames } from '../../../src/training/evaluator.ts';

const reply = (content: string) => [{ role: 'assistant', content }];
const prompt = [{ role: 'user', content: 'hello?' }];

it('a win both ways is (r0 − r1 + 2) / 4', async () => {
  const judged = { prompt_conversation: prompt, reply: reply('mine'), completion: reply('theirs') };
  const by = (verdict: (first: string) => number | null, bothWays = true) =>
    winScore(
      judged,
      { model: { compare: ({ completion_A }) => verdict(String(completion_A[0]?.content)) }, bothWays },
      {},
    );
  // The reply second: r0; first: r1.
  expect(await by((first) => (first === 'theirs' ? 1 : -1))).toBe(1);
  expect(await by((first) => (first === 'theirs' ? -1 : 1))).toBe(0);
  expect(await by(() => 1)).toBe(0.5);
  expect(await by((first) => (first === 'theirs' ? 0.5 : 0))).toBe(0.625);
  expect(await by(() => 0.5, false)).toBe(0.75);
  expect(await by((first) => (first === 'theirs' ? 1 : null))).toBeNull();
  expect(await by((first) => (first === 'theirs' ? 1 : null), false)).toBe(1);
});

it('win rates, by hand, and by how much they differ', () => {
  const metrics = winMetrics(
    ['rm', 'rule'],
    [
      [1, 0.5],
      [0.5, 0.5],
      [1, null],
      [0, 0],
    ],
  );
  expect(metrics).toMatchObject({
    'rm/win_rate': 0.625,
    'rm/n': 4,
    'rm/unjudged': 0,
    'rule/n': 3,
    'rule/unjudged': 0.25,
  });
  expect(metrics['rm/stderr']).toBeCloseTo(Math.sqrt(0.6875 / 3 / 4), 12);
  expect(metrics['rule/win_rate']).toBeCloseTo(1 / 3, 12);
  // Over the three that both have judged.
  expect(metrics.rm_minus_rule).toBeCloseTo(0.5 / 3, 12);
});

it('of no reply there is no win rate, but that there is none', () => {
  const metrics = winMetrics(
    ['rm', 'rule'],
    [
      [null, 1],
      [null, 0.5],
    ],
  );
  expect(metrics).toMatchObject({ 'rm/n': 0, 'rm/unjudged': 1, 'rule/win_rate': 0.75 });
  expect(Object.keys(metrics)).not.toEqual(expect.arrayContaining([expect.stringMatching(/^rm\/(win_rate|stderr)/)]));
  for (const value of Object.values(metrics)) expect(value).not.toBeNaN();
});

it('two evaluators of one name are refused: they would write the same files', () => {
  const named = (name: string) => ({ name, evaluate: async () => ({}) });
  expect(() => refuseSameNames([named('a'), named('b'), { evaluate: async () => ({}) }])).not.toThrow();
  expect(() => refuseSameNames([named('a'), named('b'), named('a')])).toThrow('two evaluators are called a');
});

it('a comparison that nobody could judge does not count in the rewards of its replies, and is told', () => {
  const pairs = tournamentPairs(3, { pattern: 'all_pairs_one_way', matchupGroupSize: 3 });
  expect(pairs).toEqual([
    [0, 1],
    [0, 2],
    [1, 2],
  ]);
  const rewards = pairwiseRewards([true, true, true], pairs, [1, null, -1], { formatCoef: 1 });
  expect(rewards).toEqual([
    { reward: -1, metrics: { win_minus_loss: -1, format: 1, unjudged: 0.5 } },
    { reward: 1, metrics: { win_minus_loss: 1, format: 1 } },
    { reward: -1, metrics: { win_minus_loss: -1, format: 1, unjudged: 0.5 } },
  ]);
  expect(() => pairwiseRewards([true, true, true], pairs, [null, null, 1], { formatCoef: 1 })).toThrow(
    'no comparison of a reply could be judged',
  );
});

it('of a group each reply is scored once, and replies that are the same are not compared', async () => {
  const asked: string[] = [];
  const model = scoringModel(({ completion }) => {
    const text = String(completion[0]?.content);
    asked.push(text);
    return text === '?' ? null : text.length / 10;
  });
  const replies = ['a', 'abc', '?', 'a'].map(reply);
  const pairs = tournamentPairs(4, { pattern: 'all_pairs_one_way', matchupGroupSize: 4 });
  const verdicts = await comparedPairs(model, prompt, replies, pairs);
  expect(verdicts.map((verdict) => verdict && Math.round(verdict * 10) / 10)).toEqual([0.2, null, 0, null, -0.2, null]);
  expect(asked.sort()).toEqual(['?', 'a', 'abc']);
  const never = {
    compare: () => {
      throw new Error('asked');
    },
  };
  expect(await comparedPairs(never, prompt, [reply('a'), reply('a')], [[0, 1]])).toEqual([0]);
});

it.each([
  [{ builder: 'shorter' }, -1],
  [{ builder: 'longer' }, 1],
  [{ builder: 'matches', pattern: 'Fair winds!$', prefer: 'no_match' }, -1],
  [{ builder: 'matches', pattern: 'Fair.*winds' }, 1],
  [{ builder: 'matches', pattern: 'Aye' }, 0],
])('%j', async (ref, verdict) => {
  const model = await builtinRegistry().build(preferenceModelSlot, reference(preferenceModelSlot, ref), {
    seed: 0,
    warn: () => undefined,
  });
  const completion_A = reply('Aye!');
  const completion_B = reply('Aye! Fair\nwinds. Fair winds!');
  expect(await model.compare({ prompt_conversation: prompt, completion_A, completion_B })).toBe(verdict);
});
