// What is wrong with regular expressions that people write in specs.

import { messageOf } from './errors.ts';

/** Why a text is no regular expression; null where it is one. */
export function expressionProblem(pattern: string): string | null {
  try {
    new RegExp(pattern);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

/** Why nothing could be read from the first group of an expression; null where something could. */
export function groupProblem(pattern: string): string | null {
  const problem = expressionProblem(pattern);
  if (problem !== null) return problem;
  // With an empty alternative any expression matches nothing, in as many groups as it has.
  const groups = new RegExp(`${pattern}|`).exec('')?.length ?? 0;
  return groups > 1 ? null : 'has no group, (…), that the answer could be read from';
}
