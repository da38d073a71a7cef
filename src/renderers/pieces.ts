// A rendering in pieces: what a format writes, in which special tokens are special; what somebody says, which stays text; pictures.

import type { ImageChunk, ModelInput, ModelInputChunk } from '../tinker/types.ts';
import type { TextPiece, Tokenizer } from '../tokenizers/types.ts';

export type Piece = TextPiece | ImageChunk;

/** A token, or a picture among the tokens. */
export type Unit = number | ImageChunk;

/** Written by the format. */
export function written(text: string): TextPiece {
  return { text, special: true };
}

/** Said by a user, a tool or a model. */
export function said(text: string): TextPiece {
  return { text, special: false };
}

/** The same pieces, of which the first begins with a token of its own. */
export function apart(pieces: readonly Piece[]): Piece[] {
  return pieces.map((piece, index) => (index === 0 && isText(piece) ? { ...piece, apart: true } : piece));
}

/** Tokens of the joined text of several lists of pieces, by the list in which each token begins. Pictures part the text. */
export function encodeLists(tokenizer: Tokenizer, lists: readonly (readonly Piece[])[]): Unit[][] {
  const units: Unit[][] = lists.map(() => []);
  let texts: TextPiece[] = [];
  let owners: number[] = [];
  const flush = () => {
    tokenizer.encodePieces(texts).forEach((tokens, index) => {
      for (const token of tokens) units[owners[index]].push(token);
    });
    texts = [];
    owners = [];
  };
  lists.forEach((list, owner) => {
    for (const piece of list) {
      if (isText(piece)) {
        texts.push(piece);
        owners.push(owner);
      } else {
        flush();
        units[owner].push(piece);
      }
    }
  });
  flush();
  return units;
}

/** Positions that a unit takes. */
export function widthOf(unit: Unit): number {
  return typeof unit === 'number' ? 1 : unit.expected_tokens;
}

/** Two renderings of a picture are the same if they show the same bytes. */
export function isSame(one: Unit, other: Unit | undefined): boolean {
  if (typeof one === 'number' || typeof other === 'number' || other === undefined) return one === other;
  return one.expected_tokens === other.expected_tokens && Buffer.compare(one.data, other.data) === 0;
}

export function modelInputOf(units: readonly Unit[]): ModelInput {
  const chunks: ModelInputChunk[] = [];
  let tokens: number[] = [];
  const flush = () => {
    if (tokens.length > 0) chunks.push({ type: 'encoded_text', tokens });
    tokens = [];
  };
  for (const unit of units) {
    if (typeof unit === 'number') tokens.push(unit);
    else {
      flush();
      chunks.push(unit);
    }
  }
  flush();
  return { chunks };
}

function isText(piece: Piece): piece is TextPiece {
  return !('type' in piece);
}
