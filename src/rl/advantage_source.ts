// Where advantages come from: how episodes of a group compare, and what is added to each token beside.

import type { SamplingClient } from '../tinker/clients.ts';
import { scoreTargets } from '../training/score_targets.ts';
import { type AdvantageKind, computeAdvantages } from './advantages.ts';
import type { RLDatum } from './datums.ts';
import { incorporateKlPenalty, type KlPenalty } from './kl_penalty.ts';
import type { WeightedMeans } from './means.ts';
import { addUsage, scoringUsage, type TokenUsage } from './token_usage.ts';
import type { RolledOutGroup, TrajectoryGroup } from './types.ts';

export interface AdvantageSource {
  /** The advantage of each episode of each group, on all of its tokens. */
  ofEpisodes(groups_P: readonly TrajectoryGroup[]): number[][];
  /** What is added to single tokens; null = nothing. */
  ofTokens: TokenAdvantages | null;
}

export interface TokenAdvantages {
  /** @param groups_D the group that each datum is of */
  add(data_D: readonly RLDatum[], groups_D: readonly RolledOutGroup[], signal: AbortSignal): Promise<AddedAdvantages>;
}

interface AddedAdvantages {
  data_D: RLDatum[];
  /** What the row of the step tells of it. */
  means: WeightedMeans;
  /** Tokens that were read for it. */
  usage: TokenUsage;
}

/** Rewards, and what it costs to leave a reference; null = nothing. */
export function rewardsAnd(kind: AdvantageKind, penalty: TokenAdvantages | null): AdvantageSource {
  return { ofEpisodes: (groups_P) => computeAdvantages(groups_P, kind), ofTokens: penalty };
}

/** Holds the policy to a reference, by `kl_policy_base`. */
export function referencePenalty(reference: SamplingClient, penalty: KlPenalty): TokenAdvantages {
  return {
    async add(data_D, _, signal) {
      const scored_D = await scoreTargets(reference, data_D, signal);
      const reference_D_T = scored_D.map(({ logprobs_T }) => logprobs_T);
      const { data_D: penalized_D, kl_D } = incorporateKlPenalty(data_D, reference_D_T, penalty);
      return {
        data_D: penalized_D,
        means: { kl_policy_base: kl_D },
        usage: addUsage(...scored_D.map(({ input }) => scoringUsage(input))),
      };
    },
  };
}
