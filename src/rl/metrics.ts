// What is reported of a batch of groups: the reducer behind env/*, and how far the policy that trained is from the one that sampled.

import { lengthOf } from '../tinker/types.ts';
import type { Metrics } from '../training/types.ts';
import type { RLDatum } from './datums.ts';
import { isEvent, meanOfEvents } from './events.ts';
import { type EnvMetrics, type TrajectoryGroup, totalRewards } from './types.ts';

/** A group, and the names under which it is also reported. */
export interface TaggedGroup {
  group: TrajectoryGroup;
  tags: readonly string[];
}

/** `env/all/*`, and `env/TAG/*` of every tag that some groups have and others lack. */
export function computeTrajectoryMetrics(groups_P: readonly TaggedGroup[]): Metrics {
  const metrics: Metrics = {};
  for (const tag of new Set(groups_P.flatMap(({ tags }) => tags))) {
    const tagged = groups_P.filter(({ tags }) => tags.includes(tag));
    if (tagged.length < groups_P.length) Object.assign(metrics, under(`env/${tag}`, tagged));
  }
  return { ...metrics, ...under('env/all', groups_P) };
}

/** The same as a row has it: of nothing there is no mean, so without groups only their number is told. */
export function rolloutMetrics(groups_P: readonly TaggedGroup[]): Metrics {
  return groups_P.length === 0 ? { 'env/all/total_episodes': 0 } : computeTrajectoryMetrics(groups_P);
}

const under = (prefix: string, groups_P: readonly TaggedGroup[]): Metrics =>
  Object.fromEntries(
    Object.entries(metricsOf(groups_P.map(({ group }) => group))).map(([name, value]) => [`${prefix}/${name}`, value]),
  );

function metricsOf(groups_P: readonly TrajectoryGroup[]): Record<string, number> {
  const trajectories = groups_P.flatMap(({ trajectories_G }) => trajectories_G);
  const transitions = trajectories.flatMap(({ transitions }) => transitions);
  const rewards_P_G = groups_P.map(totalRewards);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const ratio = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);
  const ac_tokens = sum(transitions.map(({ ac }) => ac.tokens.length));
  const ob_tokens = sum(transitions.map(({ ob }) => lengthOf(ob)));
  const constant = rewards_P_G.filter(isConstant);
  const good = constant.filter((rewards_G) => rewards_G[0] >= GOOD);
  return {
    ac_tokens_per_turn: ratio(ac_tokens, transitions.length),
    ob_tokens_per_turn: ratio(ob_tokens, transitions.length),
    turns_per_episode: ratio(transitions.length, trajectories.length),
    total_episodes: trajectories.length,
    total_turns: transitions.length,
    total_ac_tokens: ac_tokens,
    total_ob_tokens: ob_tokens,
    total_cached_ob_tokens: sum(transitions.map(({ ac }) => ac.prompt_cache_hit_tokens ?? 0)),
    'reward/total': ratio(sumOf(rewards_P_G.flat()), trajectories.length),
    ...meanOfEach(
      [...transitions.map(({ metrics }) => metrics), ...groups_P.flatMap(({ metrics_G }) => metrics_G)],
      (name) => !isEvent(name),
    ),
    ...meanOfEvents(groups_P.flatMap(toldOfEpisodes)),
    'by_group/frac_mixed': ratio(groups_P.length - constant.length, groups_P.length),
    'by_group/frac_all_good': ratio(good.length, groups_P.length),
    'by_group/frac_all_bad': ratio(constant.length - good.length, groups_P.length),
  };
}

/** A group whose episodes all have this reward or more has nothing to learn. */
const GOOD = 0.5;

export const isConstant = (rewards_G: readonly number[]): boolean =>
  rewards_G.every((reward) => reward === rewards_G[0]);

/** Whether a metric is reported of all groups, whatever their environments report: theirs has another name. */
export const isOwnMetric = (name: string): boolean => OWN_METRICS.has(name);
const OWN_METRICS = new Set(Object.keys(metricsOf([])));

/** The groups whose rewards differ. Where there is none, the first group is kept, or none. */
export function removeConstantRewardGroups<G extends { group: TrajectoryGroup }>(
  groups_P: readonly G[],
  otherwise: 'keep_one' | 'drop' = 'keep_one',
): G[] {
  const kept = groups_P.filter(({ group }) => !isConstant(totalRewards(group)));
  return kept.length > 0 || otherwise === 'drop' ? kept : groups_P.slice(0, 1);
}

/** What was told of each episode: in its turns, and by its group. */
function toldOfEpisodes({ trajectories_G, metrics_G }: TrajectoryGroup): EnvMetrics[][] {
  return trajectories_G.map(({ transitions }, g) => [...transitions.map(({ metrics }) => metrics), metrics_G[g]]);
}

/** The mean of each metric, or of those of some names, over the places where it is present. */
export function meanOfEach(all: readonly EnvMetrics[], isMeant = (_name: string) => true): EnvMetrics {
  const values = new Map<string, number[]>();
  for (const metrics of all) {
    for (const [name, value] of Object.entries(metrics)) {
      if (!isMeant(name)) continue;
      const known = values.get(name);
      if (known === undefined) values.set(name, [value]);
      else known.push(value);
    }
  }
  return Object.fromEntries([...values].map(([name, each]) => [name, sumOf(each) / each.length]));
}

/** The sum in order; 0 where it is no more than what rounding leaves of values that cancel, such as wins and losses. */
function sumOf(values: readonly number[]): number {
  let sum = 0;
  let size = 0;
  for (const value of values) {
    sum += value;
    size += Math.abs(value);
  }
  return Math.abs(sum) <= size * values.length * (Number.EPSILON / 2) ? 0 : sum;
}

/** `optim/kl_sample_train_v1` and `_v2`, two estimates of KL(sampled ‖ trained), and the entropy of what was sampled; nats. Nothing of no data. */
export function computeKlSampleTrain(data_D: readonly RLDatum[], trained_D_T: readonly ArrayLike<number>[]): Metrics {
  if (data_D.length === 0) return {};
  const { v1, v2, entropy } = compare(data_D, trained_D_T);
  return { 'optim/kl_sample_train_v1': v1, 'optim/kl_sample_train_v2': v2, 'optim/entropy': entropy };
}

/** The same two of the policy after its update. */
export function computePostKl(data_D: readonly RLDatum[], updated_D_T: readonly ArrayLike<number>[]): Metrics {
  if (data_D.length === 0) return {};
  const { v1, v2 } = compare(data_D, updated_D_T);
  return { kl_pre_post_v1: v1, kl_pre_post_v2: v2 };
}

/** Means over the targets that count: difference of log-probs, half its square, and −log-prob. */
function compare(data_D: readonly RLDatum[], logprobs_D_T: readonly ArrayLike<number>[]) {
  let difference = 0;
  let square = 0;
  let logprob = 0;
  let count = 0;
  for (const [d, { loss_fn_inputs }] of data_D.entries()) {
    const { logprobs, mask } = loss_fn_inputs;
    for (const [t, weight] of mask.data.entries()) {
      if (weight <= 0) continue;
      const delta = logprobs.data[t] - logprobs_D_T[d][t];
      difference += delta;
      square += delta ** 2;
      logprob += logprobs.data[t];
      count++;
    }
  }
  return { v1: difference / count, v2: (0.5 * square) / count, entropy: -logprob / count };
}
