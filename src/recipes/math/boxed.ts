// Answers in `\boxed{…}`.

import { DataValidationError } from '../../util/errors.ts';

/**
 * The last boxed answer of a text; of boxes in boxes the outer one. Without braces, `\boxed 5` counts too.
 * @throws DataValidationError where there is none, or where a brace closes that was never opened
 */
export function extractBoxed(text: string): string {
  const opened: number[] = [];
  let last: string | null = null;
  for (const { 0: brace, index } of text.matchAll(/[{}]/g)) {
    if (brace === '{') {
      opened.push(index);
      continue;
    }
    const start = opened.pop();
    if (start === undefined) {
      throw new DataValidationError('no boxed answer can be read: a "}" closes no "{"');
    }
    if (text.endsWith('\\boxed', start)) last = text.slice(start + 1, index);
  }
  const answer = last ?? /\\boxed\s+([a-zA-Z0-9]+)/.exec(text)?.[1];
  if (answer === undefined)
    throw new DataValidationError('the text has no boxed answer', { hint: 'It is written \\boxed{42}.' });
  return answer;
}

/** The first boxed answer, with its braces matched; null where there is none. Other braces of the text do not matter. */
export function firstBoxed(text: string): string | null {
  for (const { 0: command, index } of text.matchAll(/\\boxed\s*\{/g)) {
    const start = index + command.length;
    const end = closingBrace(text, start);
    if (end !== null) return text.slice(start, end);
  }
  return null;
}

function closingBrace(text: string, start: number): number | null {
  let depth = 1;
  for (const { 0: brace, index } of text.slice(start).matchAll(/[{}]/g)) {
    depth += brace === '{' ? 1 : -1;
    if (depth === 0) return start + index;
  }
  return null;
}
