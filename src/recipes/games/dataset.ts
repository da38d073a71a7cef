// Games in groups: against itself, or from one seat against an opponent that moves by itself, which may be an earlier policy.

import type { Renderer } from '../../renderers/types.ts';
import type { Env, EnvGroupBuilder, GroupOptions, RLDatasets } from '../../rl/types.ts';
import type { PastPolicies } from '../../training/past_policies.ts';
import { ConfigurationError } from '../../util/errors.ts';
import { randomFor } from '../../util/random.ts';
import { PLAYERS, type Player, type TwoPlayerGame } from './game.ts';
import { leagueMember, playedBy } from './league.ts';
import { type AutomaticSeat, Match, matchAgainst } from './match.ts';
import { type Opponent, type ScriptedOpponent, scriptedOpponents } from './opponents.ts';
import { GameSeat } from './seat.ts';

type TrainingOpponent = 'self' | 'league' | ScriptedOpponent;

export interface GameParams {
  batch_size: number;
  group_size: number;
  n_batches: number;
  opponents: readonly TrainingOpponent[];
  test_opponents: readonly ScriptedOpponent[];
  test_games: number;
}

export interface GameContext {
  renderer: Renderer;
  seed: number;
  maxTokens: number;
  past?: PastPolicies;
}

/**
 * The test plays the same opponents' moves for every seed, so that runs compare.
 * @throws ConfigurationError for sides without a partner, and for a league in which nobody is ever saved
 */
export function gameDatasets(game: TwoPlayerGame, params: GameParams, context: GameContext): RLDatasets {
  const { batch_size, group_size, n_batches, opponents, test_opponents, test_games } = params;
  const { renderer, seed, maxTokens, past } = context;
  if (opponents.includes('self') && group_size % 2 === 1) {
    throw new ConfigurationError(
      `${game.name}: a game against itself has two sides, so group_size must be even; it is ${group_size}`,
    );
  }
  if (opponents.includes('league') && past === undefined) {
    throw new ConfigurationError(`${game.name}: a league plays against saved checkpoints, and nothing saves any`, {
      hint: 'Set save_every of the run.',
    });
  }
  const scripted = scriptedOpponents();
  const groupAt = (ordinal: number): EnvGroupBuilder => {
    const opponent = opponents[ordinal % opponents.length];
    if (opponent === 'self') return selfPlay({ game, games: group_size / 2, renderer });
    // Every opponent is met from both seats.
    const player = PLAYERS[Math.floor(ordinal / opponents.length) % PLAYERS.length];
    const side: Side = { game, player, games: group_size, renderer };
    if (opponent !== 'league') return against(side, opponent, scripted[opponent], [seed, 'train', ordinal]);
    return inLeague(side, { past, blind: scripted.random, seed, ordinal, maxTokens });
  };
  const tested = test_opponents.flatMap((opponent) =>
    PLAYERS.map((player) =>
      against({ game, player, games: test_games, renderer }, opponent, scripted[opponent], [
        0,
        'test',
        opponent,
        game.players[player],
      ]),
    ),
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
function selfPlay({
  game,
  games,
  renderer,
}: {
  game: TwoPlayerGame;
  games: number;
  renderer: Renderer;
}): EnvGroupBuilder {
  return {
    coupled: true,
    makeEnvs: async () =>
      Array.from({ length: games }, () => new Match(game.start)).flatMap((match): Env[] =>
        PLAYERS.map((player) => new GameSeat(match, { game, player, renderer })),
      ),
    loggingTags: () => ['self'],
  };
}

/** Games of the policy from one seat. */
interface Side {
  game: TwoPlayerGame;
  player: Player;
  games: number;
  renderer: Renderer;
}

/** A seed, and what for: decides the opponent's moves, in each game others. */
type Purpose = readonly [number, ...(string | number)[]];

function against(side: Side, tag: string, opponent: Opponent, purpose: Purpose): EnvGroupBuilder {
  return {
    makeEnvs: async () => seatsAgainst(side, (game) => scriptedChoice(side.game, opponent, purpose, game)),
    loggingTags: () => [tag],
  };
}

function scriptedChoice({ name }: TwoPlayerGame, opponent: Opponent, purpose: Purpose, game: number) {
  const [seed, ...names] = purpose;
  const random = randomFor(seed, name, ...names, game);
  return (position: Parameters<Opponent>[0]) => opponent(position, random);
}

interface League {
  past: PastPolicies | undefined;
  /** Who is met while nobody was saved. */
  blind: Opponent;
  seed: number;
  ordinal: number;
  maxTokens: number;
}

/** Against one of the policies that were saved before: all games of a group against the same. */
function inLeague(side: Side, { past, blind, seed, ordinal, maxTokens }: League): EnvGroupBuilder {
  return {
    async makeEnvs({ policyStep = 0 }: GroupOptions = {}) {
      const member = past === undefined ? null : await leagueMember(past, policyStep, { seed, ordinal });
      if (member === null)
        return seatsAgainst(side, (game) => scriptedChoice(side.game, blind, [seed, 'league', ordinal], game));
      const { game, renderer } = side;
      const choose = (index: number) =>
        playedBy({ member, game, renderer, maxTokens, purpose: [seed, 'league move', ordinal, index] });
      return seatsAgainst(side, choose, { opponent_step: member.step });
    },
    loggingTags: () => ['league'],
  };
}

function seatsAgainst(
  { game, player, games, renderer }: Side,
  chooseOf: (game: number) => AutomaticSeat['choose'],
  metrics: Record<string, number> = {},
): Env[] {
  return Array.from({ length: games }, (_, index): Env => {
    const match = matchAgainst(game.start, player, chooseOf(index));
    return new GameSeat(match, { game, player, renderer, metrics });
  });
}
