// Games of tic-tac-toe in groups: against itself, or from one seat against an opponent that moves by itself.

import type { Renderer } from '../../renderers/types.ts';
import type { Env, EnvGroupBuilder, RLDatasets } from '../../rl/types.ts';
import { randomFor } from '../../util/random.ts';
import { TicTacToeSeat } from './env.ts';
import { MARKS, type Mark } from './game.ts';
import { Match, matchAgainst } from './match.ts';
import { opponentOf, SCRIPTED_OPPONENTS, type ScriptedOpponent } from './opponents.ts';

const TRAINING_OPPONENTS = ['self', ...SCRIPTED_OPPONENTS] as const;
type TrainingOpponent = (typeof TRAINING_OPPONENTS)[number];

export interface TicTacToeParams {
  batch_size: number;
  group_size: number;
  n_batches: number;
  opponents: readonly TrainingOpponent[];
  test_opponents: readonly ScriptedOpponent[];
  test_games: number;
}

/** The test plays the same opponents' moves for every seed, so that runs compare. */
export function ticTacToeDatasets(
  params: TicTacToeParams,
  { renderer, seed }: { renderer: Renderer; seed: number },
): RLDatasets {
  const { batch_size, group_size, n_batches, opponents, test_opponents, test_games } = params;
  const groupAt = (ordinal: number): EnvGroupBuilder => {
    const opponent = opponents[ordinal % opponents.length];
    if (opponent === 'self') return selfPlay({ games: group_size / 2, renderer });
    // Every opponent is met from both seats.
    const mark = MARKS[Math.floor(ordinal / opponents.length) % MARKS.length];
    return against({ opponent, mark, games: group_size, renderer, purpose: [seed, 'train', ordinal] });
  };
  const tested = test_opponents.flatMap((opponent) =>
    MARKS.map((mark) => against({ opponent, mark, games: test_games, renderer, purpose: [0, 'test', opponent, mark] })),
  );
  return {
    train: {
      length: n_batches,
      getBatch: (index) => Array.from({ length: batch_size }, (_, i) => groupAt(index * batch_size + i)),
    },
    test: tested.length === 0 ? null : { length: 1, getBatch: () => tested },
  };
}

/** Both seats of each game, one after the other. They wait for one another, so none can be replaced alone. */
function selfPlay({ games, renderer }: { games: number; renderer: Renderer }): EnvGroupBuilder {
  return {
    coupled: true,
    makeEnvs: async () =>
      Array.from({ length: games }, () => new Match()).flatMap((match): Env[] =>
        MARKS.map((mark) => new TicTacToeSeat(match, mark, renderer)),
      ),
    loggingTags: () => ['self'],
  };
}

interface Against {
  opponent: ScriptedOpponent;
  /** The policy's. */
  mark: Mark;
  games: number;
  renderer: Renderer;
  /** A seed, and what for: decides the opponent's moves, in each game others. */
  purpose: readonly [number, ...(string | number)[]];
}

function against({ opponent, mark, games, renderer, purpose: [seed, ...names] }: Against): EnvGroupBuilder {
  const choose = opponentOf(opponent);
  return {
    makeEnvs: async () =>
      Array.from({ length: games }, (_, game): Env => {
        const random = randomFor(seed, 'tic_tac_toe', ...names, game);
        return new TicTacToeSeat(
          matchAgainst(mark, (board) => choose(board, random)),
          mark,
          renderer,
        );
      }),
    loggingTags: () => [opponent],
  };
}
