// A value that is not what it should be, as a message shows it.

import { inspect } from 'node:util';

const LONGEST = 300;

/** On one line and not at length. */
export function shown(value: unknown): string {
  const text = inspect(value, {
    depth: 1,
    breakLength: Number.POSITIVE_INFINITY,
    maxArrayLength: 8,
    maxStringLength: LONGEST,
  });
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`;
}
