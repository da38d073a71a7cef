// The game of guessing a number: what the policy is told, how it is read, and how often the best way to play finds it.

import type { Message } from '../../renderers/types.ts';

export interface GuessNumberRules {
  /** The number is one of 0 … max. */
  max: number;
  /** Guesses of a game. */
  max_turns: number;
  /** Whether the policy is told which numbers are left. */
  tell_range: boolean;
}

/** Guesses after which halving has found any number. */
export const turnsOfBisection = (max: number): number => Math.ceil(Math.log2(max + 2));

/** The share of the numbers that halving finds. No way to play finds more: each guess has three answers, one of them the end. */
export function bisectionSuccess({ max, max_turns }: Pick<GuessNumberRules, 'max' | 'max_turns'>): number {
  return Math.min(1, (2 ** max_turns - 1) / (max + 1));
}

export const opening = ({ max }: Pick<GuessNumberRules, 'max'>): Message => ({
  role: 'user',
  content: `Guess my number, 0 to ${max}. Say "Guess: n".`,
});

export const guessMessage = (guess: number): string => `Guess: ${guess}`;

/** The number that a reply guesses, and nothing else; null for a reply in another form. */
export function parseGuess(reply: string): number | null {
  const [, digits] = /^\s*Guess:\s*(-?\d{1,15})\.?\s*$/i.exec(reply) ?? [];
  return digits === undefined ? null : Number(digits);
}

/** What can still be: the numbers from `low` to `high`. */
export interface NumberRange {
  low: number;
  high: number;
}

/** What a guess that is too low or too high leaves of a range; a number outside of it leaves it all. */
export function narrowed({ low, high }: NumberRange, guess: number, secret: number): NumberRange {
  return guess < secret ? { low: Math.max(low, guess + 1), high } : { low, high: Math.min(high, guess - 1) };
}

/**
 * What is said to a guess; null = to something that is none.
 * @param left said too, so that nothing has to be remembered; null = it is not
 */
export function feedback(guess: number | null, secret: number, left: NumberRange | null = null): Message {
  return { role: 'user', content: answerTo(guess, secret, left === null ? '.' : `: ${left.low} to ${left.high}.`) };
}

function answerTo(guess: number | null, secret: number, ending: string): string {
  if (guess === null) return 'Say "Guess: n".';
  if (guess === secret) return 'Correct!';
  return `Too ${guess < secret ? 'low' : 'high'}${ending}`;
}
