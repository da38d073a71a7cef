// The game of guessing a number: what the policy is told, how it is read, and how often the best way to play finds it.

import type { Message } from '../../renderers/types.ts';

export interface GuessNumberRules {
  /** The number is one of 0 … max. */
  max: number;
  /** Guesses of a game. */
  max_turns: number;
}

/** Guesses after which halving has found any number. */
export const turnsOfBisection = (max: number): number => Math.ceil(Math.log2(max + 2));

/** The share of the numbers that halving finds. No way to play finds more: each guess has three answers, one of them the end. */
export function bisectionSuccess({ max, max_turns }: GuessNumberRules): number {
  return Math.min(1, (2 ** max_turns - 1) / (max + 1));
}

export const opening = ({ max }: GuessNumberRules): Message => ({
  role: 'user',
  content: `Guess my number, 0 to ${max}. Say "Guess: n".`,
});

export const guessMessage = (guess: number): string => `Guess: ${guess}`;

/** The number that a reply guesses, and nothing else; null for a reply in another form. */
export function parseGuess(reply: string): number | null {
  const [, digits] = /^\s*Guess:\s*(-?\d{1,15})\.?\s*$/i.exec(reply) ?? [];
  return digits === undefined ? null : Number(digits);
}

/** What is said to a guess; null = to something that is none. */
export function feedback(guess: number | null, secret: number): Message {
  return { role: 'user', content: answerTo(guess, secret) };
}

function answerTo(guess: number | null, secret: number): string {
  if (guess === null) return 'Say "Guess: n".';
  if (guess === secret) return 'Correct!';
  return guess < secret ? 'Too low.' : 'Too high.';
}
