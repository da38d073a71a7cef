// Games of someone who knows how guesses are written and nothing of what to guess.

import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import type { Message } from '../../renderers/types.ts';
import { nextBelow } from '../../util/random.ts';
import { feedback, type GuessNumberRules, guessMessage, opening } from './game.ts';

/** Any number at any time, also one that has been tried, until it is right or the game is over. */
export function blindGame(rules: GuessNumberRules, secrets: readonly number[], random: RandomGenerator): Message[] {
  const secret = secrets[nextBelow(random, secrets.length)];
  const messages = [opening(rules)];
  for (let turn = 1; ; turn++) {
    const guess = nextBelow(random, rules.max + 1);
    messages.push({ role: 'assistant', content: guessMessage(guess) });
    if (guess === secret || turn === rules.max_turns) return messages;
    messages.push(feedback(guess, secret));
  }
}
