// What a player is shown, and how a move is read.

import type { Message } from '../../renderers/types.ts';
import { availableMoves, type Board, toMove } from './game.ts';

/** The rows of the board, with the numbers of its free cells. */
export function boardText(board: Board): string {
  const cells = board.map((cell, move) => cell ?? move);
  return [0, 3, 6].map((row) => cells.slice(row, row + 3).join('')).join('\n');
}

/** The board, whose turn it is, and the moves that there are. */
export function boardMessage(board: Board): Message {
  const moves = availableMoves(board).map((move) => ` ${move}`);
  return { role: 'user', content: `You are ${toMove(board)}.\n${boardText(board)}\nMoves:${moves.join('')}` };
}

export const moveMessage = (move: number): string => `[${move}]`;

/** The first number in brackets, or a number that stands alone; null where a reply names no move. */
export function parseMove(reply: string): number | null {
  const [, bracketed, alone] = /\[\s*(\d)\s*\]|^\s*(\d)\s*$/.exec(reply) ?? [];
  const digit = bracketed ?? alone;
  return digit === undefined ? null : Number(digit);
}
