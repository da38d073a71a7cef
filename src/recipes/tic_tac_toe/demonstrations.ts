// Moves of someone who knows which cells are free and nothing of the game.

import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import type { Message } from '../../renderers/types.ts';
import { nextBelow } from '../../util/random.ts';
import { type Board, EMPTY_BOARD, isOver, play } from './game.ts';
import { opponentOf } from './opponents.ts';
import { boardMessage, moveMessage } from './words.ts';

/** Any move on a board of a game that was played blindly, as early as late. */
export function blindMove(random: RandomGenerator): Message[] {
  const choose = opponentOf('random');
  const boards: Board[] = [];
  for (let board = EMPTY_BOARD; !isOver(board); board = play(board, choose(board, random))) boards.push(board);
  const board = boards[nextBelow(random, boards.length)];
  return [boardMessage(board), { role: 'assistant', content: moveMessage(choose(board, random)) }];
}
