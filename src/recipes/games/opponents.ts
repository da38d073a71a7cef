// Who can be played against in any game: someone who moves blindly, and, where the game is small enough to be played to all its ends,
// someone who never errs.

import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { ConfigurationError } from '../../util/errors.ts';
import { nextBelow } from '../../util/random.ts';
import { isOver, type Position } from './game.ts';

/** Chooses among the moves of a position that is not over. */
export type Opponent = (position: Position, random: RandomGenerator) => string;

export const SCRIPTED_OPPONENTS = ['random', 'minimax'] as const;
export type ScriptedOpponent = (typeof SCRIPTED_OPPONENTS)[number];

/** One of each for a game, whose minimax remembers what it has found out. */
export function scriptedOpponents(): Readonly<Record<ScriptedOpponent, Opponent>> {
  const values = new Map<string, number>();
  return {
    random: ({ moves }, random) => anyOf(moves, random),
    // Any of the best moves, so that its games differ.
    minimax: (position, random) => anyOf(bestMoves(position, values), random),
  };
}

const anyOf = (moves: readonly string[], random: RandomGenerator): string => moves[nextBelow(random, moves.length)];

/** Positions that minimax looks at. Beyond it a game is too large for it. */
const MOST_POSITIONS = 1_000_000;

/** The moves that lose nothing. */
export function bestMoves(position: Position, values = new Map<string, number>()): string[] {
  const value = minimaxValue(position, values);
  return position.moves.filter((move) => valueOfMove(position, move, values) === value);
}

/** What the one to move gets if both play as well as can be: 1 wins, 0 draws, -1 loses. `values`: those that are known. */
export function minimaxValue(position: Position, values = new Map<string, number>()): number {
  const key = `${position.toMove}\n${position.board}`;
  const known = values.get(key);
  if (known !== undefined) return known;
  if (values.size >= MOST_POSITIONS)
    throw new ConfigurationError('the game has too many positions for the opponent minimax: leave it out');
  const value = isOver(position)
    ? valueOfEnd(position)
    : Math.max(...position.moves.map((move) => valueOfMove(position, move, values)));
  values.set(key, value);
  return value;
}

function valueOfMove(position: Position, move: string, values: Map<string, number>): number {
  const next = position.play(move);
  const value = minimaxValue(next, values);
  return next.toMove === position.toMove ? value : -value || 0;
}

function valueOfEnd({ winner, toMove }: Position): number {
  if (winner === null) return 0;
  return winner === toMove ? 1 : -1;
}
