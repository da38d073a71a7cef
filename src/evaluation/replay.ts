// A policy that says again what it said before, so that answers can be judged anew without being sampled again.

import type { TokenCompleter } from '../completers/completers.ts';
import { isArrayOf, isCount } from '../util/json_shape.ts';
import type { TrajectoryTurn } from './trajectory_record.ts';

/** There is no more that was said. */
export class ReplayEnded extends Error {}

/** @throws ReplayEnded (from `complete`) behind the last turn, and for one whose tokens were not kept */
export function replayPolicy(turns: readonly TrajectoryTurn[]): TokenCompleter {
  const said = turns.filter(({ role }) => role === 'assistant').values();
  const isTokens = isArrayOf(isCount);
  return {
    async complete() {
      const { tokens, stop_reason } = said.next().value?.metadata ?? {};
      if (!isTokens(tokens)) throw new ReplayEnded('nothing more was said');
      return { tokens, logprobs: tokens.map(() => 0), stop_reason: stop_reason === 'length' ? 'length' : 'stop' };
    },
  };
}
