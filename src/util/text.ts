// Text cut to a length, and told from other texts that come to the same by a few digits.

import { createHash } from 'node:crypto';

/** A cut through a pair of surrogates would leave half of it, which is no Unicode and which a database refuses. */
export function cutText(text: string, most: number): string {
  return text.length <= most ? text : text.slice(0, most).replace(/[\ud800-\udbff]$/, '');
}

/** The same with an ellipsis, of one character more, where something was cut. */
export function shortened(text: string, most: number): string {
  return text.length <= most ? text : `${cutText(text, most)}…`;
}

/** Of a hash, the same each time. */
export function digitsOf(text: string, count: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, count);
}
