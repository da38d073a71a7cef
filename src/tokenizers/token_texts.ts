// The text of each token of a sequence, where characters may take several tokens.

import type { Tokenizer } from './types.ts';

/** What a decoder writes for bytes that are no character, or not yet. */
const UNDECODED = /\uFFFD+$/;
/** How far back a token's neighbours are decoded with it, unless a character began before. */
const CONTEXT = 4;

/**
 * One text a token; joined they are the decoded sequence. A character that takes several tokens is the text of the last of
 * them, and the others have none.
 */
export function tokenTexts(tokens: readonly number[], tokenizer: Tokenizer): string[] {
  const texts: string[] = [];
  // Decoded with the tokens before it, because some tokenizers write a token at the beginning of a text in another way.
  let start = 0;
  let told = '';
  let before = '';
  for (let at = 0; at < tokens.length; at++) {
    const decoded = tokenizer.decode(tokens.slice(start, at + 1));
    const pending = before.slice(told.length);
    if (pending !== '' && isSettled(before, decoded)) {
      // These bytes were no beginning of a character: they are what the token before stands for.
      texts[at - 1] += pending;
      told = before;
    }
    const isLast = at === tokens.length - 1;
    const whole = isLast ? decoded : decoded.replace(UNDECODED, '');
    const text = whole.length > told.length ? whole.slice(told.length) : '';
    texts.push(text);
    told += text;
    before = decoded;
    if (told === decoded && at - start >= CONTEXT) {
      start = at;
      told = tokenizer.decode([tokens[at] ?? 0]);
      before = told;
    }
  }
  return texts;
}

function isSettled(before: string, after: string): boolean {
  return after.startsWith(before) && after.slice(before.length).replace(/\uFFFD/g, '') !== '';
}
