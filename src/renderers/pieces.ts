// Text in pieces: what a format writes, in which special tokens are special, and what somebody says, which stays text.

import type { TextPiece, Tokenizer } from '../tokenizers/types.ts';

/** Written by the format. */
export function written(text: string): TextPiece {
  return { text, special: true };
}

/** Said by a user, a tool or a model. */
export function said(text: string): TextPiece {
  return { text, special: false };
}

/** The same pieces, of which the first begins with a token of its own. */
export function apart(pieces: readonly TextPiece[]): TextPiece[] {
  return pieces.map((piece, index) => (index === 0 ? { ...piece, apart: true } : piece));
}

/** Tokens of the joined text of several lists of pieces, by the list in which each token begins. */
export function encodeLists(tokenizer: Tokenizer, lists: readonly (readonly TextPiece[])[]): number[][] {
  const tokens = tokenizer.encodePieces(lists.flat());
  let at = 0;
  return lists.map((list) => {
    const own = tokens.slice(at, at + list.length).flat();
    at += list.length;
    return own;
  });
}
