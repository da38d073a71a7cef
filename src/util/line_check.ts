// A digest that a line of a file carries of what it says and of whom it says it: by that an edited line shows, and one of another owner.

import { createHash } from 'node:crypto';

const DIGITS = 8;

/** @param parts what the line says, in an order and a spelling that stay the same */
export function lineCheck(owner: string, ...parts: readonly (string | number)[]): string {
  return createHash('sha256')
    .update([owner, ...parts].join(' '))
    .digest('hex')
    .slice(0, DIGITS);
}
