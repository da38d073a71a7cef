// Text to token ids: a text is encoded as a whole, whoever wrote its pieces, and each token belongs to the piece in which
// it begins.

import { type AddedToken, AddedTokenMatcher } from './added_tokens.ts';
import type { TextPiece } from './types.ts';

/** What a tokenizer does between added tokens. */
export interface WordEncoder {
  /** Null where there is none. */
  normalize: ((text: string) => string) | null;
  /** Ids of normalized text without added tokens. `first`: nothing stands before it. */
  encode(text: string, first: boolean): number[];
  /** Text may begin otherwise than it goes on, with a space put in front. */
  marksBeginnings: boolean;
}

/** Texts to set in front of one that goes on; one of them does not merge with it. */
const ANCHORS = ['\n', '.', 'a', ':', '0', ' '];

export class Encoder {
  readonly #words: WordEncoder;
  readonly #raw: AddedTokenMatcher;
  readonly #normalized: AddedTokenMatcher;

  constructor(words: WordEncoder, tokens: readonly AddedToken[]) {
    this.#words = words;
    const { normalize } = words;
    const isRaw = (token: AddedToken) => normalize === null || !token.normalized;
    this.#raw = new AddedTokenMatcher(tokens.filter(isRaw));
    this.#normalized = new AddedTokenMatcher(
      tokens.filter((token) => !isRaw(token)),
      ({ content }) => (normalize === null ? content : normalize(content)),
    );
  }

  /** Ids of the joined text, by the piece in which each token begins. */
  encode(pieces: readonly TextPiece[]): number[][] {
    const text = pieces.map((piece) => piece.text).join('');
    const ids: number[][] = pieces.map(() => []);
    const starts: number[] = [];
    let length = 0;
    for (const piece of pieces) {
      starts.push(length);
      length += piece.text.length;
    }
    const written = pieces.flatMap((piece, index) =>
      piece.special || piece.text === '' ? [] : [{ start: starts[index], end: starts[index] + piece.text.length }],
    );
    const isWritten = (start: number, end: number) => written.some((range) => range.start < end && start < range.end);
    const pieceAt = (at: number) => {
      let index = starts.findLastIndex((start) => start <= at);
      // Of several that begin there, all but the last are empty.
      while (index > 0 && pieces[index].text === '') index -= 1;
      return index;
    };
    const encodeBetween = (start: number, end: number) => {
      if (start >= end) return;
      const section = text.slice(start, end);
      const cuts = pieces.flatMap((piece, index) =>
        starts[index] > start && starts[index] < end && piece.text !== ''
          ? [{ at: starts[index] - start, apart: piece.apart === true }]
          : [],
      );
      const texts = written.filter((range) => range.start < end && start < range.end);
      const others = texts.map((range) => text.slice(Math.max(start, range.start), Math.min(end, range.end)));
      const encode = (part: string) => this.#encodeSection(part, start === 0, others);
      const runs = encodeRun(section, cuts, encode, (rest) => this.#encodeContinuation(rest, others));
      [0, ...cuts.map(({ at }) => at)].forEach((at, index) => {
        ids[pieceAt(start + at)].push(...runs[index]);
      });
    };

    let end = 0;
    const matches = this.#raw.find(text, (token, from, to) => !(token.special && isWritten(from, to)));
    for (const match of matches) {
      encodeBetween(end, match.start);
      ids[pieceAt(match.start)].push(match.id);
      ({ end } = match);
    }
    encodeBetween(end, text.length);
    return ids;
  }

  /** Ids of text between raw added tokens. `others` is what in it nobody of the format wrote. */
  #encodeSection(text: string, first: boolean, others: readonly string[]): number[] {
    if (text === '') return [];
    const { normalize } = this.#words;
    const normal = normalize === null ? text : normalize(text);
    const inNormal = (part: string) => (normalize === null ? part : normalize(part));
    const spelledOut = (token: AddedToken) => others.some((other) => inNormal(other).includes(inNormal(token.content)));
    const matches = this.#normalized.find(normal, (token) => !(token.special && spelledOut(token)));
    const ids: number[] = [];
    let end = 0;
    const encodeWords = (to: number) => {
      if (end < to) ids.push(...this.#words.encode(normal.slice(end, to), first && end === 0));
    };
    for (const match of matches) {
      encodeWords(match.start);
      ids.push(match.id);
      ({ end } = match);
    }
    encodeWords(normal.length);
    return ids;
  }

  /** Ids of text that goes on after other text. */
  #encodeContinuation(text: string, others: readonly string[]): number[] {
    if (!this.#words.marksBeginnings) return this.#encodeSection(text, false, others);
    for (const anchor of ANCHORS) {
      const before = this.#encodeSection(anchor, false, others);
      const ids = this.#encodeSection(anchor + text, false, others);
      if (before.every((id, index) => ids[index] === id)) return ids.slice(before.length);
    }
    return this.#encodeSection(text, false, others);
  }
}

interface Cut {
  at: number;
  /** No token reaches over it. */
  apart: boolean;
}

/**
 * Ids of a text, divided at cuts. If the ids of what stands before a cut begin those of the whole, they end there;
 * otherwise a token reaches over the cut. It belongs to the part before, or is split where the cut says so.
 */
function encodeRun(
  text: string,
  cuts: readonly Cut[],
  encode: (part: string) => number[],
  encodeContinuation: (part: string) => number[],
): number[][] {
  const ids = encode(text);
  const parts: number[][] = [];
  let done = 0;
  for (const [index, { at, apart }] of cuts.entries()) {
    const before = encode(text.slice(0, at));
    const differing = before.findIndex((id, position) => ids[position] !== id);
    if (differing !== -1 && apart) {
      const left = encodeRun(text.slice(0, at), cuts.slice(0, index), encode, encodeContinuation);
      const later = cuts.slice(index + 1).map((cut) => ({ ...cut, at: cut.at - at }));
      return [...left, ...encodeRun(text.slice(at), later, encodeContinuation, encodeContinuation)];
    }
    const end = Math.max(done, differing === -1 ? before.length : differing + 1);
    parts.push(ids.slice(done, end));
    done = end;
  }
  parts.push(ids.slice(done));
  return parts;
}
