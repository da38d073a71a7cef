// Environments whose reward is how a reply compares with the others of its group (tinker_cookbook/rl/preference_envs.py).

import { defineSlot } from '../registry/slot.ts';
import type { Message, Renderer } from '../renderers/types.ts';
import { promptEnv } from '../rl/prompt_env.ts';
import { RolloutFailure } from '../rl/rollout_failure.ts';
import type { EnvGroupBuilder, GroupReward, StepOptions, Trajectory } from '../rl/types.ts';
import { shown } from '../util/shown.ts';
import type { Comparison } from './types.ts';

/** Says which of two completions is better. */
export interface PreferenceModel {
  /** −1 where A is, 1 where B is, 0 where neither is, or anything between where it is not sure. */
  compare(comparison: Comparison, options?: StepOptions): number | Promise<number>;
}

export interface PreferenceModelContext {
  warn(message: string): void;
}

export const preferenceModelSlot = defineSlot<PreferenceModelContext, PreferenceModel>({
  name: 'preference_model',
  doc: 'Says which of two replies is better.',
});

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
 * (wins − losses) / comparisons of each reply, less `formatCoef` where it is not valid; metrics `win_minus_loss` and `format`.
 *
 * @param results of the pairs, as `PreferenceModel.compare` gives them
 */
export function pairwiseRewards(
  valid_G: readonly boolean[],
  pairs: readonly (readonly [number, number])[],
  results: readonly number[],
  { formatCoef }: Pick<PairwiseOptions, 'formatCoef'>,
): GroupReward[] {
  const points_G = valid_G.map(() => 0);
  const matches_G = valid_G.map(() => 0);
  for (const [i, [a, b]] of pairs.entries()) {
    points_G[a] -= results[i];
    points_G[b] += results[i];
    matches_G[a]++;
    matches_G[b]++;
  }
  return valid_G.map((valid, g) => {
    const win_minus_loss = matches_G[g] === 0 ? 0 : points_G[g] / matches_G[g];
    const format = valid ? 1 : 0;
    return { reward: win_minus_loss + formatCoef * (format - 1), metrics: { win_minus_loss, format } };
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
      const results = await Promise.all(
        pairs.map(async ([a, b]) => {
          const comparison = {
            prompt_conversation: [...prompt],
            completion_A: [replies_G[a].message],
            completion_B: [replies_G[b].message],
          };
          return checkedResult(await preferenceModel.compare(comparison, { signal }));
        }),
      );
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

/** A preference model is a user's code, and maybe no TypeScript. */
function checkedResult(given: unknown): number {
  if (typeof given === 'number' && given >= -1 && given <= 1) return given;
  throw new RolloutFailure(
    'invalid_comparison',
    `the preference model gave ${shown(given)}, not a number from -1 to 1`,
  );
}
