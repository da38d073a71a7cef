// Earlier policies of a run as opponents: which of them is met is drawn by the seed, from those that the run had saved by then.

import { tinkerTokenCompleter } from '../../completers/completers.ts';
import type { Renderer } from '../../renderers/types.ts';
import type { PastPolicies, PastPolicy } from '../../training/past_policies.ts';
import { nextBelow, randomFor, seedFor } from '../../util/random.ts';
import { moveIn, type TwoPlayerGame } from './game.ts';
import type { AutomaticSeat } from './match.ts';
import { promptOf, replyOf } from './seat.ts';

/** The same for the same seed and step, also in a run that was resumed; null while none was saved. */
export async function leagueMember(
  past: PastPolicies,
  step: number,
  { seed, ordinal }: { seed: number; ordinal: number },
): Promise<PastPolicy | null> {
  const saved = await past.savedBy(step);
  return saved.length === 0 ? null : saved[nextBelow(randomFor(seed, 'league', ordinal), saved.length)];
}

export interface LeaguePlayer {
  member: PastPolicy;
  game: TwoPlayerGame;
  renderer: Renderer;
  maxTokens: number;
  /** Decides what is sampled, in each game and turn something else. */
  purpose: readonly [number, ...(string | number)[]];
}

/** Plays as it was when it was saved, at temperature 1. */
export function playedBy({ member, game, renderer, maxTokens, purpose }: LeaguePlayer): AutomaticSeat['choose'] {
  let turn = 0;
  const [seed, ...names] = purpose;
  return async (position, signal) => {
    const policy = tinkerTokenCompleter(await member.open(), { maxTokens });
    const { tokens } = await policy.complete(promptOf(position, renderer), renderer.getStopSequences(), {
      seed: seedFor(seed, ...names, turn++),
      signal,
    });
    return moveIn(replyOf(tokens, renderer), game);
  };
}
