// Games of someone who knows how guesses are written and little of what to guess.

import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import type { Message } from '../../renderers/types.ts';
import { nextBelow, nextUniform } from '../../util/random.ts';
import { feedback, type GuessNumberRules, guessMessage, narrowed, opening } from './game.ts';

/**
 * Guesses by chance, until one is right or the game is over: some (`noise` of them) blindly, any number of all, also one that has been tried;
 * the others among the numbers that can still be.
 */
export function noisyGame(
  rules: GuessNumberRules,
  { secrets, noise, random }: { secrets: readonly number[]; noise: number; random: RandomGenerator },
): Message[] {
  const secret = secrets[nextBelow(random, secrets.length)];
  const messages = [opening(rules)];
  let left = { low: 0, high: rules.max };
  for (let turn = 1; ; turn++) {
    const blind = nextUniform(random) < noise;
    const guess = blind ? nextBelow(random, rules.max + 1) : left.low + nextBelow(random, left.high - left.low + 1);
    messages.push({ role: 'assistant', content: guessMessage(guess) });
    if (guess === secret || turn === rules.max_turns) return messages;
    left = narrowed(left, guess, secret);
    messages.push(feedback(guess, secret, rules.tell_range ? left : null));
  }
}
