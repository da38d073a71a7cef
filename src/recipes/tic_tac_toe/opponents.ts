// Who can be played against: someone who moves blindly, and someone who never loses.

import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { nextBelow } from '../../util/random.ts';
import { availableMoves, type Board, isOver, play, winnerOf } from './game.ts';

/** Chooses among the moves of a board that is not over. */
export type Opponent = (board: Board, random: RandomGenerator) => number;

export const SCRIPTED_OPPONENTS = ['random', 'minimax'] as const;
export type ScriptedOpponent = (typeof SCRIPTED_OPPONENTS)[number];

const OPPONENTS: Readonly<Record<ScriptedOpponent, Opponent>> = {
  random: (board, random) => anyOf(availableMoves(board), random),
  // Any of the best moves, so that its games differ.
  minimax: (board, random) => anyOf(bestMoves(board), random),
};

export const opponentOf = (name: ScriptedOpponent): Opponent => OPPONENTS[name];

const anyOf = (moves: readonly number[], random: RandomGenerator): number => moves[nextBelow(random, moves.length)];

const values = new Map<string, number>();

/** What the one to move gets if both play as well as can be: 1 wins, 0 draws, -1 loses. */
export function minimaxValue(board: Board): number {
  const key = board.map((cell) => cell ?? '-').join('');
  const known = values.get(key);
  if (known !== undefined) return known;
  const value = computedValue(board);
  values.set(key, value);
  return value;
}

function computedValue(board: Board): number {
  // Who is to move on a finished board has not made the last move, and so has lost it if anybody has.
  if (isOver(board)) return winnerOf(board) === null ? 0 : -1;
  return Math.max(...availableMoves(board).map((move) => -minimaxValue(play(board, move)) || 0));
}

/** The moves that lose nothing. */
export function bestMoves(board: Board): number[] {
  const value = minimaxValue(board);
  return availableMoves(board).filter((move) => (-minimaxValue(play(board, move)) || 0) === value);
}
