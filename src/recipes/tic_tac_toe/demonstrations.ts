// Moves of someone who plays well most of the time.

import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import type { Message } from '../../renderers/types.ts';
import { nextBelow, nextUniform } from '../../util/random.ts';
import type { ScriptedOpponent } from '../games/opponents.ts';
import { type Board, EMPTY_BOARD, isOver, MARKS, play, toMove } from './game.ts';
import { opponentOf, surestMove } from './opponents.ts';
import { boardMessage, moveMessage } from './words.ts';

export interface Demonstrated {
  skill: number;
  opponents: readonly ScriptedOpponent[];
}

/**
 * A move of a game against one of the opponents, as early as late and from either seat. The player knows the best move, and
 * makes it with the probability `skill`; else it moves blindly.
 */
export function playedMove(random: RandomGenerator, { skill, opponents }: Demonstrated): Message[] {
  const blind = opponentOf('random');
  const reply = opponentOf(opponents[nextBelow(random, opponents.length)]);
  const demonstrated = (board: Board) => (nextUniform(random) < skill ? surestMove(board) : blind(board, random));
  const mark = MARKS[nextBelow(random, MARKS.length)];
  const turns: { board: Board; move: number }[] = [];
  for (let board = EMPTY_BOARD; !isOver(board); ) {
    const own = toMove(board) === mark;
    const move = own ? demonstrated(board) : reply(board, random);
    if (own) turns.push({ board, move });
    board = play(board, move);
  }
  const { board, move } = turns[nextBelow(random, turns.length)];
  return [boardMessage(board), { role: 'assistant', content: moveMessage(move) }];
}
