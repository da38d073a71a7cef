// Who can be played against: someone who moves blindly, and someone who never loses; and how such a one moves if always alike.

import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { type ScriptedOpponent, scriptedOpponents } from '../games/opponents.ts';
import { availableMoves, type Board, isOver, play, winnerOf } from './game.ts';
import { positionOf } from './position.ts';

/** Chooses among the moves of a board that is not over. */
export type Opponent = (board: Board, random: RandomGenerator) => number;

const SCRIPTED = scriptedOpponents();

export const opponentOf =
  (name: ScriptedOpponent): Opponent =>
  (board, random) =>
    Number(SCRIPTED[name](positionOf(board), random));

const scores = new Map<string, number>();

/** What the one to move gets if both play as well as can be: 1 wins, 0 draws, -1 loses. */
export const minimaxValue = (board: Board): number => Math.sign(scoreOf(board));

/** The moves that lose nothing. */
export function bestMoves(board: Board): number[] {
  const value = minimaxValue(board);
  return availableMoves(board).filter((move) => (-minimaxValue(play(board, move)) || 0) === value);
}

const BY_LINES = [4, 0, 2, 6, 8, 1, 3, 5, 7];

/** One of the best moves, always the same: what wins soonest or loses latest, and of those the cell with the most lines. */
export function surestMove(board: Board): number {
  const moves = availableMoves(board);
  const worst = Math.min(...moves.map((move) => scoreOf(play(board, move))));
  const surest = BY_LINES.find((move) => moves.includes(move) && scoreOf(play(board, move)) === worst);
  if (surest === undefined) throw new RangeError('a game that is over has no moves');
  return surest;
}

/** As `minimaxValue`, but a win or loss counts by the cells that it leaves free, and one more. */
function scoreOf(board: Board): number {
  const key = board.map((cell) => cell ?? '-').join('');
  const known = scores.get(key);
  if (known !== undefined) return known;
  const score = computedScore(board);
  scores.set(key, score);
  return score;
}

function computedScore(board: Board): number {
  if (!isOver(board)) return Math.max(...availableMoves(board).map((move) => -scoreOf(play(board, move)) || 0));
  // Who is to move on a finished board has not made the last move, and so has lost it if anybody has.
  return winnerOf(board) === null ? 0 : -1 - board.filter((cell) => cell === null).length;
}
