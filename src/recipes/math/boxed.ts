// Answers in `\boxed{…}`.

import { DataValidationError } from '../../util/errors.ts';

/**
 * The last boxed answer of a text; of boxes in boxes the outer one. Without braces, `\boxed 5` counts too.
 * @throws DataValidationError where there is none, or where a brace closes that was never opened
 */
export function extractBoxed(text: string): string {
  let last: string | null = null;
  for (const { open, close } of bracePairs(text)) {
    if (open === null) throw new DataValidationError('no boxed answer can be read: a "}" closes no "{"');
    if (text.endsWith('\\boxed', open)) last = text.slice(open + 1, close);
  }
  const answer = last ?? /\\boxed\s+([a-zA-Z0-9]+)/.exec(text)?.[1];
  if (answer !== undefined) return answer;
  throw new DataValidationError('the text has no boxed answer', { hint: 'It is written \\boxed{42}.' });
}

/** The first boxed answer whose braces are closed; null where there is none. Stray braces do not matter. */
export function firstBoxed(text: string): string | null {
  let first: { open: number; close: number } | null = null;
  for (const { open, close } of bracePairs(text)) {
    if (open === null || (first !== null && open > first.open)) continue;
    if (/\\boxed\s*$/.test(text.slice(Math.max(0, open - MAX_SPACE), open))) first = { open, close };
  }
  return first === null ? null : text.slice(first.open + 1, first.close);
}

/** `\boxed` and a little space. */
const MAX_SPACE = 16;

/** In the order in which they close; the opening one is null for a brace that closes nothing. */
function* bracePairs(text: string): Generator<{ open: number | null; close: number }> {
  const opened: number[] = [];
  for (const { 0: brace, index } of text.matchAll(/[{}]/g)) {
    if (brace === '{') opened.push(index);
    else yield { open: opened.pop() ?? null, close: index };
  }
}
