// The game of twenty questions: what the policy is told, and how it is read.

import type { Message } from '../../renderers/types.ts';

export const opening = (max_turns: number): Message => ({
  role: 'user',
  content: `I think of a thing. Ask what is true of it, and I say yes or no. You have ${max_turns} turns: say "Guess: thing" when you know it.`,
});

export const question = (trait: string): string => `Is it ${trait}?`;
export const guess = (thing: string): string => `Guess: ${thing}`;

/** The trait that a question in this form is about. */
export function traitIn(asked: string): string | null {
  return /^\s*is it (?:an? )?(\w[\w -]*?)\s*\?\s*$/i.exec(asked)?.[1].toLowerCase() ?? null;
}

/** What is guessed in a line of a reply, wherever the line stands; null where nothing is. */
export function guessIn(reply: string): string | null {
  const [, guessed] =
    /^[ \t]*guess:[ \t]*(?:(?:an?|the)[ \t]+)?(\S.*?)[ \t]*[.!]?[ \t]*$/im.exec(reply.replaceAll(/[^\S\n]+/g, ' ')) ??
    [];
  return guessed?.toLowerCase() ?? null;
}

/** What is said to a question or a guess; null = that was no answer. */
export function told(answer: boolean | null): string {
  if (answer === null) return 'I cannot say.';
  return answer ? 'Yes.' : 'No.';
}
