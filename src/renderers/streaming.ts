// Reading a reply while it is sampled: the syntax of reply_syntax.ts, token by token.

import type { Tokenizer } from '../tokenizers/types.ts';
import {
  endsOf,
  parseBlocks,
  parseReply,
  type ReplySyntax,
  withoutLeadingLines,
  withoutTrailingLines,
} from './reply_syntax.ts';
import type { ReplyEvent } from './types.ts';
import { Utf8Decoder } from './utf8_decoder.ts';

/**
 * The header, then text and reasoning as soon as they are certain, then the whole message as `parseReply` gives it. However
 * the text is cut into tokens, the pieces of one `content_index` join to that part of the message. Two things only the last
 * event knows, which then has text where the pieces may have told reasoning: that a reply is malformed, and that reasoning
 * never closes. A reply that never closes the reasoning which its prompt opened is therefore told as reasoning throughout.
 */
export async function* streamReply(
  tokens: AsyncIterable<number> | Iterable<number>,
  syntax: ReplySyntax,
  tokenizer: Tokenizer,
): AsyncGenerator<ReplyEvent> {
  yield { type: 'header', role: 'assistant' };
  const ends = endsOf(syntax, tokenizer);
  const decoder = new Utf8Decoder(tokenizer);
  const reader = new ReplyReader(syntax);
  const all: number[] = [];
  let isOver = false;
  for await (const token of tokens) {
    all.push(token);
    if (isOver) continue;
    isOver = ends.has(token);
    yield* isOver ? reader.finish(decoder.finish()) : reader.read(decoder.decode(token));
  }
  if (!isOver) yield* reader.finish(decoder.finish());
  yield { type: 'message', ...parseReply(all, syntax, tokenizer) };
}

/** Says of a reply's text what has become certain. It goes through each character a few times, however long the reply is. */
class ReplyReader {
  readonly #syntax: ReplySyntax;
  #place: 'start' | 'text' | 'thinking' | 'call' | 'over';
  /** Text that may yet turn out to be a tag. */
  #held = '';
  /** Line breaks before it that may yet turn out to be the format's. */
  #lines = 0;
  /** Line breaks that may be dropped here. */
  #skipped = 0;
  /** The call that is read, with what of its end may be the beginning of the closing tag. */
  #call: { texts: string[]; end: string } = { texts: [], end: '' };
  #part: 'text' | 'thinking' | null = null;
  #index = -1;

  constructor(syntax: ReplySyntax) {
    this.#syntax = syntax;
    this.#place = syntax.thinking?.prefilled ? 'start' : 'text';
  }

  *read(text: string): Generator<ReplyEvent> {
    this.#held += text;
    for (let goesOn = text !== ''; goesOn; ) {
      if (this.#place === 'start') goesOn = this.#enterThinking();
      else if (this.#place === 'thinking') goesOn = yield* this.#readThinking();
      else if (this.#place === 'text') goesOn = yield* this.#readText();
      else goesOn = this.#place === 'call' && this.#readCall();
    }
  }

  /** Nothing follows: what is held is what it looks like. */
  *finish(text: string): Generator<ReplyEvent> {
    yield* this.read(text);
    if (this.#place === 'over') return;
    const held = this.#place === 'call' ? this.#call.texts.join('') : this.#linesAnd(this.#held);
    if (this.#place === 'start' || this.#place === 'thinking') return yield* this.#say('thinking', held);
    for (const part of parseBlocks(held, this.#syntax).parts) {
      if (part.type === 'text') yield* this.#say('text', part.text);
      if (part.type === 'thinking') yield* this.#say('thinking', part.thinking);
    }
  }

  /** A prompt has opened the reasoning; the reply may do so once more. */
  #enterThinking(): boolean {
    const { open = '', lines } = this.#syntax.thinking ?? {};
    if (this.#held.length < open.length && open.startsWith(this.#held)) return false;
    if (this.#held.startsWith(open)) this.#held = this.#held.slice(open.length);
    this.#enter('thinking', lines?.inside);
    return true;
  }

  *#readThinking(): Generator<ReplyEvent, boolean> {
    const { close = '', lines: { inside = 0, after = 0 } = {} } = this.#syntax.thinking ?? {};
    this.#skip();
    const end = this.#held.indexOf(close);
    if (end === -1) {
      yield* this.#sayCertain('thinking', [close], inside);
      return false;
    }
    yield* this.#say('thinking', withoutTrailingLines(this.#linesAnd(this.#held.slice(0, end)), inside));
    this.#held = this.#held.slice(end + close.length);
    this.#enter('text', after);
    return true;
  }

  *#readText(): Generator<ReplyEvent, boolean> {
    const { thinking, calls } = this.#syntax;
    this.#skip();
    const thought = thinking === undefined ? -1 : this.#held.indexOf(thinking.open);
    const call = calls === undefined ? -1 : this.#held.indexOf(calls.open);
    if (thinking !== undefined && thought !== -1 && (call === -1 || thought < call)) {
      yield* this.#say('text', this.#linesAnd(this.#held.slice(0, thought)));
      this.#held = this.#held.slice(thought + thinking.open.length);
      this.#enter('thinking', thinking.lines?.inside);
      return true;
    }
    const before = calls?.lines?.before ?? 0;
    if (calls === undefined || call === -1) {
      const tags = [thinking?.open, calls?.open].filter((tag) => tag !== undefined);
      yield* this.#sayCertain('text', tags, before);
      return false;
    }
    const text = this.#linesAnd(this.#held.slice(0, call));
    const said = withoutTrailingLines(text, before);
    yield* this.#say('text', said);
    this.#call = { texts: [text.slice(said.length), calls.open], end: '' };
    this.#held = this.#held.slice(call + calls.open.length);
    this.#place = 'call';
    return true;
  }

  /** What of a call is read is never looked at again, but for what may be a part of the tag that closes it. */
  #readCall(): boolean {
    const { close = '', lines, nothingAfter } = this.#syntax.calls ?? {};
    const text = this.#call.end + this.#held;
    const end = text.indexOf(close);
    if (end === -1) {
      this.#call.texts.push(this.#held);
      this.#call.end = text.slice(Math.max(0, text.length - close.length + 1));
      this.#held = '';
      return false;
    }
    this.#held = text.slice(end + close.length);
    if (nothingAfter !== undefined) {
      this.#place = 'over';
      return false;
    }
    this.#enter('text', lines?.after);
    return true;
  }

  #enter(place: 'text' | 'thinking', skipped = 0): void {
    this.#place = place;
    this.#skipped = skipped;
    this.#part = null;
  }

  /** Drops the line breaks with which the format begins this place. */
  #skip(): void {
    const rest = withoutLeadingLines(this.#held, this.#skipped);
    this.#skipped = rest === '' ? this.#skipped - this.#held.length : 0;
    this.#held = rest;
  }

  /** All that is held but what may be the beginning of a tag, and the line breaks that the format may write before it. */
  *#sayCertain(part: 'text' | 'thinking', tags: readonly string[], most: number): Generator<ReplyEvent> {
    const longest = Math.max(...tags.map((tag) => tag.length), 0);
    let end = Math.max(0, this.#held.length - longest + 1);
    while (end < this.#held.length && !tags.some((tag) => tag.startsWith(this.#held.slice(end)))) end += 1;
    const certain = this.#held.slice(0, end);
    const said = withoutTrailingLines(certain, Number.POSITIVE_INFINITY);
    this.#held = this.#held.slice(end);
    if (said !== '') yield* this.#say(part, this.#linesAnd(said));
    this.#lines += certain.length - said.length;
    if (this.#lines <= most) return;
    yield* this.#say(part, '\n'.repeat(this.#lines - most));
    this.#lines = most;
  }

  /** The text after the line breaks that stand before it. */
  #linesAnd(text: string): string {
    const whole = '\n'.repeat(this.#lines) + text;
    this.#lines = 0;
    return whole;
  }

  *#say(part: 'text' | 'thinking', said: string): Generator<ReplyEvent> {
    if (said === '') return;
    if (this.#part !== part) this.#index += 1;
    this.#part = part;
    if (part === 'text') yield { type: 'text', text: said, content_index: this.#index };
    else yield { type: 'thinking', thinking: said, content_index: this.#index };
  }
}
