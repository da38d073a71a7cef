// Groups that were rolled out, written as text: a character a token.

import type { EnvLogs, EnvMetrics, RolledOutGroup, Trajectory } from '../../../src/rl/types.ts';
import { modelInputFromTokens } from '../../../src/tinker/types.ts';
import { charTokenizer } from '../../support/char_tokenizer.ts';

export const tokenizer = charTokenizer();

export interface GivenTurn {
  /** What is seen, and what is said to it. */
  ob: string;
  ac: string;
  reward: number;
  logprobs?: number[];
  metrics?: EnvMetrics;
  logs?: EnvLogs;
}

export function trajectory(turns: readonly GivenTurn[], rest: Partial<Trajectory> = {}): Trajectory {
  return {
    transitions: turns.map(({ ob, ac, reward, logprobs, metrics = {}, logs = {} }, t) => {
      const tokens = tokenizer.encode(ac);
      return {
        ob: modelInputFromTokens(tokenizer.encode(ob)),
        ac: { tokens, logprobs: logprobs ?? tokens.map(() => 0), stop_reason: 'stop' },
        reward,
        episode_done: t === turns.length - 1,
        metrics,
        logs,
      };
    }),
    final_ob: modelInputFromTokens([]),
    stop_reason: null,
    ...rest,
  };
}

export function rolledOut(
  ordinal: number,
  trajectories_G: Trajectory[],
  rest: Partial<RolledOutGroup['group']> & { tags?: string[] } = {},
): RolledOutGroup {
  const { tags = ['sums'], ...group } = rest;
  return {
    ordinal,
    tags,
    sampling_client_step: 7,
    sampling_seconds: 0,
    group: {
      trajectories_G,
      final_rewards_G: trajectories_G.map(() => 0),
      metrics_G: trajectories_G.map(() => ({})),
      rollout_errors: [],
      ...group,
    },
  };
}
