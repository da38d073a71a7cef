// What a player is shown, and how a move is read.

import type { Message } from '../../renderers/types.ts';
import { type Board, type Mark, toMove } from './game.ts';

/** The rows of the board. A free cell shows its number, which is the move that takes it. */
export function boardText(board: Board, shown: (mark: Mark) => string = (mark) => mark): string {
  const cells = board.map((cell, move) => (cell === null ? String(move) : shown(cell)));
  return [0, 3, 6].map((row) => cells.slice(row, row + 3).join('')).join('\n');
}

/**
 * The board as the one sees it who is to move, whose own marks are always X: what is learned in one seat helps in the other.
 * It is short, because a small model reads little.
 */
export function ownView(board: Board): string {
  const own = toMove(board);
  return boardText(board, (mark) => (mark === own ? 'X' : 'O'));
}

export const boardMessage = (board: Board): Message => ({ role: 'user', content: ownView(board) });

/** One token, so that what a game is won or lost by is all that is learned from it. */
export const moveMessage = (move: number): string => String(move);

/** The first number in brackets, or a number that stands alone; null where a reply names no move. */
export function parseMove(reply: string): number | null {
  const [, bracketed, alone] = /\[\s*(\d)\s*\]|^\s*(\d)\s*$/.exec(reply) ?? [];
  const digit = bracketed ?? alone;
  return digit === undefined ? null : Number(digit);
}
