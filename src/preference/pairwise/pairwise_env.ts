// Environments whose reward is how a reply compares with the others of its group (tinker_cookbook/rl/preference_envs.py).

import type { Message, Renderer } from '../../renderers/types.ts';
import { promptEnv } from '../../rl/prompt_env.ts';
import { RolloutFailure } from '../../rl/rollout_failure.ts';
import type { EnvGroupBuilder, EnvMetrics, GroupReward, Trajectory } from '../../rl/types.ts';
import { comparedPairs, type PreferenceModel } from '../models/preference_model.ts';

/** Who is compared with whom: each with each, once or in either order. */
export const TOURNAMENT_PATTERNS = ['all_pairs_both_ways', 'all_pairs_one_way'] as const;
export type TournamentPattern = (typeof TOURNAMENT_PATTERNS)[number];

export interface TournamentOptions {
  pattern: TournamentPattern;
  /** Replies that are compared with one another; the group is divided into so many, and the rest. */
  matchupGroupSize: number;
}

/** Pairs [A, B] of `count` replies, those of one part after those of another. */
export function tournamentPairs(count: number, { pattern, matchupGroupSize }: TournamentOptions): [number, number][] {
  const pairs: [number, number][] = [];
  for (let first = 0; first < count; first += matchupGroupSize) {
    const end = Math.min(first + matchupGroupSize, count);
    for (let a = first; a < end; a++) {
      for (let b = pattern === 'all_pairs_both_ways' ? first : a + 1; b < end; b++) if (a !== b) pairs.push([a, b]);
    }
  }
  return pairs;
}

export interface PairwiseOptions extends TournamentOptions {
  /** What a reply costs that does not come to its end. */
  formatCoef: number;
}

/**
 * (wins − losses) / comparisons of each reply, less `formatCoef` where it is not valid; metrics `win_minus_loss` and `format`,
 * and `unjudged`, the share of its comparisons that came to nothing and do not count.
 *
 * @param results of the pairs, as `PreferenceModel.compare` gives them
 * @throws RolloutFailure where no comparison of some reply could be judged: nothing is known of it, and 0 would be something
 */
export function pairwiseRewards(
  valid_G: readonly boolean[],
  pairs: readonly (readonly [number, number])[],
  results: readonly (number | null)[],
  { formatCoef }: Pick<PairwiseOptions, 'formatCoef'>,
): GroupReward[] {
  const points_G = valid_G.map(() => 0);
  const matches_G = valid_G.map(() => 0);
  const failed_G = valid_G.map(() => 0);
  for (const [i, [a, b]] of pairs.entries()) {
    const result = results[i];
    for (const g of [a, b]) (result === null ? failed_G : matches_G)[g]++;
    if (result === null) continue;
    points_G[a] -= result;
    points_G[b] += result;
  }
  return valid_G.map((valid, g) => {
    const [matches, failed] = [matches_G[g], failed_G[g]];
    if (matches === 0 && failed > 0) throw new RolloutFailure('unjudged', 'no comparison of a reply could be judged');
    const win_minus_loss = matches === 0 ? 0 : points_G[g] / matches;
    const format = valid ? 1 : 0;
    const metrics: EnvMetrics = { win_minus_loss, format };
    if (failed > 0) metrics.unjudged = failed / (matches + failed);
    return { reward: win_minus_loss + formatCoef * (format - 1), metrics };
  });
}

export interface PairwiseGroupOptions extends PairwiseOptions {
  renderer: Renderer;
  preferenceModel: PreferenceModel;
  groupSize: number;
  /** Longest sequence that the model takes. A prompt that leaves no room for a reply is not given. */
  maxContextLength: number;
}

/** One prompt, answered `groupSize` times (`PairwisePreferenceGroupBuilder`). All comparisons are asked for at once. */
export function pairwiseGroup(prompt: readonly Message[], options: PairwiseGroupOptions): EnvGroupBuilder {
  const { renderer, preferenceModel, groupSize, maxContextLength, formatCoef } = options;
  const asked = { renderer, maxContextLength, overflowReward: -formatCoef };
  return {
    makeEnvs: async () => Array.from({ length: groupSize }, () => promptEnv(prompt, asked)),
    async computeGroupRewards(trajectories_G, _, { signal } = {}) {
      const replies_G = trajectories_G.map((trajectory) => lastReply(trajectory, renderer));
      const pairs = tournamentPairs(replies_G.length, options);
      const completions_G = replies_G.map(({ message }) => [message]);
      const results = await comparedPairs(preferenceModel, prompt, completions_G, pairs, { signal });
      const valid_G = replies_G.map(({ valid }) => valid);
      return pairwiseRewards(valid_G, pairs, results, options);
    },
    loggingTags: () => ['pair_pref'],
  };
}

/** What an episode said; valid where it came to the renderer's own end. */
function lastReply({ transitions }: Trajectory, renderer: Renderer): { message: Message; valid: boolean } {
  const tokens = transitions.at(-1)?.ac.tokens ?? [];
  const { message, termination } = renderer.parseResponse([...tokens]);
  return { message, valid: termination === 'stop_sequence' };
}
