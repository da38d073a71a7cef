// The elements of a JSON array as a stream, each with the line that it begins on: a list of rows need not fit in memory.

import { type Line, MAX_LINE_BYTES, textOfPieces } from './lines.ts';

const LF = 0x0a;
const QUOTE = 0x22;
const COMMA = 0x2c;
const OPENING = 0x5b;
const BACKSLASH = 0x5c;
const CLOSING = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/**
 * Splits a text whose first character is `[` at the commas of its outermost list. Elements are not parsed; an element that
 * is no JSON is for the reader to find. What is wrong with the list itself is a problem of the line where it shows.
 */
export async function* arrayElements(chunks: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  const element = new Element();
  let line = 1;
  /** Of brackets and braces: 0 outside the list, 1 between its elements. */
  let depth = 0;
  let inString = false;
  let escaped = false;
  let isClosed = false;
  let count = 0;
  for await (const chunk of chunks) {
    element.enter(chunk);
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0;
      if (byte === LF) line += 1;
      if (inString) {
        if (escaped) escaped = false;
        else if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) inString = false;
        continue;
      }
      if (isBlank(byte)) continue;
      if (isClosed) {
        yield { number: line, text: '', problem: 'text after the end of the list' };
        return;
      }
      if (depth === 0) {
        depth = 1;
        continue;
      }
      const ends = depth === 1 && (byte === COMMA || byte === CLOSING);
      if (ends) {
        const isMissing = !element.begun && (byte === COMMA || count > 0);
        if (isMissing) yield { number: line, text: '', problem: 'a comma without a row beside it' };
        else if (element.begun) yield element.take(at);
        count += 1;
        if (byte === CLOSING) isClosed = true;
        continue;
      }
      if (!element.begun) element.begin(at, line);
      if (byte === QUOTE) inString = true;
      else if (byte === OPENING || byte === OPENING_BRACE) depth += 1;
      else if (byte === CLOSING || byte === CLOSING_BRACE) depth -= 1;
      if (depth < 1) {
        yield { number: line, text: '', problem: 'not valid JSON: a brace that closes nothing' };
        return;
      }
    }
    element.leave();
  }
  if (!isClosed) yield { number: line, text: '', problem: 'the list has no end: the file is cut short' };
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === LF || byte === 0x0d || byte === 0x09;
}

/** The bytes of one element, which may lie in several chunks. */
class Element {
  #pieces: Buffer[] = [];
  #length = 0;
  #line = 0;
  #chunk: Buffer = Buffer.alloc(0);
  #start = 0;
  begun = false;

  enter(chunk: Buffer): void {
    this.#chunk = chunk;
    this.#start = 0;
  }

  begin(at: number, line: number): void {
    this.begun = true;
    this.#start = at;
    this.#line = line;
  }

  /** Keeps what the chunk holds of the element; of one that is too long only its length counts. */
  leave(end = this.#chunk.length): void {
    if (!this.begun) return;
    this.#length += end - this.#start;
    if (this.#length <= MAX_LINE_BYTES) this.#pieces.push(this.#chunk.subarray(this.#start, end));
  }

  take(end: number): Line {
    this.leave(end);
    const taken = { number: this.#line, ...textOfPieces(this.#pieces, this.#length, 'the row') };
    this.#pieces = [];
    this.#length = 0;
    this.begun = false;
    return taken;
  }
}
