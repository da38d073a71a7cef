// Moves of someone who knows the rules of a game, and no more.

import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import type { Message } from '../../renderers/types.ts';
import { nextBelow } from '../../util/random.ts';
import { isOver, type Position, type TwoPlayerGame } from './game.ts';

/** A move of a game between two who move blindly, as early as late. */
export function blindMove({ start }: TwoPlayerGame, random: RandomGenerator): Message[] {
  const turns: { position: Position; move: string }[] = [];
  for (let position = start; !isOver(position); ) {
    const move = position.moves[nextBelow(random, position.moves.length)];
    turns.push({ position, move });
    position = position.play(move);
  }
  const { position, move } = turns[nextBelow(random, turns.length)];
  return [
    { role: 'user', content: position.view },
    { role: 'assistant', content: move },
  ];
}
