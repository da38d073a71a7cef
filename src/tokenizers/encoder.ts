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
    const spans = spansOf(pieces);
    const isWritten = (start: number, end: number) => {
      for (let index = spanAt(spans, start); index < spans.length && spans[index].start < end; index++) {
        if (!spans[index].special) return true;
      }
      return false;
    };
    const encodeBetween = (start: number, end: number) => {
      if (start >= end) return;
      const first = spanAt(spans, start);
      const cuts: Cut[] = [];
      const others: string[] = [];
      let next = first;
      for (; next < spans.length && spans[next].start < end; next++) {
        const span = spans[next];
        if (next > first) cuts.push({ at: span.start - start, apart: span.apart });
        if (!span.special) others.push(text.slice(Math.max(start, span.start), Math.min(end, span.end)));
      }
      const encode = (part: string) => this.#encodeSection(part, start === 0, others);
      const runs = encodeRun(text.slice(start, end), cuts, encode, (rest) => this.#encodeContinuation(rest, others));
      runs.forEach((run, index) => {
        const own = ids[spans[first + index].piece];
        for (const id of run) own.push(id);
      });
    };

    let end = 0;
    const matches = this.#raw.find(text, (token, from, to) => !(token.special && isWritten(from, to)));
    for (const match of matches) {
      encodeBetween(end, match.start);
      ids[spans[spanAt(spans, match.start)].piece].push(match.id);
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
      if (end >= to) return;
      // One by one: a text of half a million tokens is more than a call takes as arguments.
      for (const id of this.#words.encode(normal.slice(end, to), first && end === 0)) ids.push(id);
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

/** Where in the joined text a piece stands. */
interface Span {
  start: number;
  end: number;
  /** Index of the piece. */
  piece: number;
  special: boolean;
  apart: boolean;
}

/** Of the pieces that have text, in order. */
function spansOf(pieces: readonly TextPiece[]): Span[] {
  let end = 0;
  return pieces.flatMap(({ text, special, apart = false }, piece) => {
    const start = end;
    end += text.length;
    return text === '' ? [] : [{ start, end, piece, special, apart }];
  });
}

/** Index of the span that holds the character: conversations have thousands of them. */
function spanAt(spans: readonly Span[], at: number): number {
  let low = 0;
  let high = spans.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (spans[middle].start <= at) low = middle;
    else high = middle - 1;
  }
  return low;
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
