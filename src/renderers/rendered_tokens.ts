// Rendered text to tokens: what a message says stays text, and tokens belong to the stretch in which they begin.

import type { TextPiece, Tokenizer } from '../tokenizers/types.ts';
import { plain, sliceText, spansOf, type Text } from './jinja/text.ts';

/** Characters [start, end) of a rendering. */
export interface Stretch {
  start: number;
  end: number;
}

/** Tokens of a text up to the first stretch, of that stretch, up to the next, and so on to the end. Stretches are apart. */
export function encodeStretches(tokenizer: Tokenizer, text: Text, stretches: readonly Stretch[]): number[][] {
  const pieces: TextPiece[] = [];
  /** Of each piece, which group of tokens it belongs to. */
  const groups: number[] = [];
  const append = (start: number, end: number, group: number) => {
    const isStretch = group % 2 === 1;
    piecesOf(sliceText(text, start, end)).forEach((piece, index) => {
      pieces.push(isStretch && index === 0 ? { ...piece, apart: true } : piece);
      groups.push(group);
    });
  };
  let end = 0;
  stretches.forEach((stretch, index) => {
    append(end, stretch.start, 2 * index);
    append(stretch.start, stretch.end, 2 * index + 1);
    ({ end } = stretch);
  });
  append(end, plain(text).length, 2 * stretches.length);

  const tokens: number[][] = Array.from({ length: 2 * stretches.length + 1 }, () => []);
  tokenizer.encodePieces(pieces).forEach((ids, index) => {
    for (const id of ids) tokens[groups[index]].push(id);
  });
  return tokens;
}

/** What messages say, and between it what the template writes, in which special tokens are special. */
export function piecesOf(text: Text): TextPiece[] {
  const whole = plain(text);
  const pieces: TextPiece[] = [];
  let end = 0;
  for (const span of spansOf(text)) {
    if (end < span.start) pieces.push({ text: whole.slice(end, span.start), special: true });
    pieces.push({ text: whole.slice(span.start, span.end), special: false });
    ({ end } = span);
  }
  if (end < whole.length) pieces.push({ text: whole.slice(end), special: true });
  return pieces;
}
