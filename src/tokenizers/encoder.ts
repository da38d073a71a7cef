// Text to token ids: a text is encoded as a whole, whoever wrote its pieces, and each token belongs to the piece in which
// it begins.

import { type AddedToken, AddedTokenMatcher } from './added_tokens.ts';
import { divideIds } from './division.ts';
import type { TokenWidth } from './token_widths.ts';
import type { TextPiece } from './types.ts';

/** What a tokenizer does between added tokens. */
export interface WordEncoder {
  /** Null where there is none. */
  normalize: ((text: string) => string) | null;
  /** Ids of normalized text without added tokens. `first`: nothing stands before it. */
  encode(text: string, first: boolean): number[];
  /** Text may begin otherwise than it goes on, with a space put in front. */
  marksBeginnings: boolean;
  width: TokenWidth;
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
      for (const run of runsOf(spans, start, end)) {
        this.#encodeRun(text, run, run.start > start).forEach((own, index) => {
          for (const id of own) ids[run.spans[index].piece].push(id);
        });
      }
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

  /** Ids of a run by its spans. `goesOn`: other text stands before it. */
  #encodeRun(text: string, { start, end, spans }: Run, goesOn: boolean): number[][] {
    const part = (span: Span) => text.slice(Math.max(start, span.start), Math.min(end, span.end));
    const isSpelledOut = this.#spellings(spans.filter(({ special }) => !special).map(part));
    return divideIds({
      parts: spans.map(part),
      encode: (from, to) => {
        const shown = text.slice(start + from, start + to);
        return goesOn || from > 0
          ? this.#encodeContinuation(shown, isSpelledOut)
          : this.#encodeSection(shown, start === 0, isSpelledOut);
      },
      width: this.#words.width,
      normalize: this.#words.normalize,
      mayBePrefixed: this.#words.marksBeginnings && !goesOn,
    });
  }

  /** Whether one of the texts spells a token out, each looked up once. */
  #spellings(texts: readonly string[]): (token: AddedToken) => boolean {
    const { normalize } = this.#words;
    const inNormal = (text: string) => (normalize === null ? text : normalize(text));
    const known = new Map<AddedToken, boolean>();
    return (token) => {
      const found = known.get(token) ?? texts.some((text) => inNormal(text).includes(inNormal(token.content)));
      known.set(token, found);
      return found;
    };
  }

  /** Ids of text between raw added tokens. A special token that somebody else than the format spells out is text in it. */
  #encodeSection(text: string, first: boolean, isSpelledOut: (token: AddedToken) => boolean): number[] {
    if (text === '') return [];
    const { normalize } = this.#words;
    const normal = normalize === null ? text : normalize(text);
    const matches = this.#normalized.find(normal, (token) => !(token.special && isSpelledOut(token)));
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
  #encodeContinuation(text: string, isSpelledOut: (token: AddedToken) => boolean): number[] {
    if (!this.#words.marksBeginnings) return this.#encodeSection(text, false, isSpelledOut);
    for (const anchor of ANCHORS) {
      const before = this.#encodeSection(anchor, false, isSpelledOut);
      const ids = this.#encodeSection(anchor + text, false, isSpelledOut);
      if (before.every((id, index) => ids[index] === id)) return ids.slice(before.length);
    }
    return this.#encodeSection(text, false, isSpelledOut);
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

/** Text between added tokens in which no piece is apart from the one before it. */
interface Run {
  start: number;
  end: number;
  /** That have a part in it. */
  spans: readonly Span[];
}

/** The text [start, end) in runs. A piece that is apart begins one, so that what is before it has the ids that it has alone. */
function runsOf(spans: readonly Span[], start: number, end: number): Run[] {
  const runs: Run[] = [];
  let from = start;
  let first = spanAt(spans, start);
  let index = first;
  for (; index < spans.length && spans[index].start < end; index++) {
    if (index === first || !spans[index].apart) continue;
    runs.push({ start: from, end: spans[index].start, spans: spans.slice(first, index) });
    [from, first] = [spans[index].start, index];
  }
  runs.push({ start: from, end, spans: spans.slice(first, index) });
  return runs;
}
