// What a reply says, told apart as it comes: reasoning, text, calls of tools. A reply that is whole is read the same way, so that
// an answer in pieces joins to the answer in one.

import { visibleText } from '../../completers/completers.ts';
import { spokenText } from '../../completers/spoken.ts';
import type { Message, Renderer, ToolCall } from '../../renderers/types.ts';
import { StopText } from './stop_text.ts';

export type ReplyDelta =
  | { kind: 'reasoning'; text: string }
  | { kind: 'content'; text: string }
  | { kind: 'tool_calls'; calls: ToolCall[] };

export interface ReplySource {
  renderer: Renderer;
  prompt: readonly number[];
  /** Strings that end the text, and are no part of it. */
  stop: readonly string[];
}

export async function* replyDeltas(
  tokens: AsyncIterable<number> | Iterable<number>,
  source: ReplySource,
): AsyncGenerator<ReplyDelta> {
  const content = new StopText(source.stop);
  let reasoning = new StopText(source.stop);
  const read = source.renderer.supportsStreaming ? readAsItComes : readAtItsEnd;
  for await (const delta of read(tokens, source)) {
    if (delta.kind === 'tool_calls') {
      yield* said('content', content.finish());
      yield delta;
    } else if (delta.kind === 'content') {
      yield* said('reasoning', reasoning.finish());
      // It may think again.
      reasoning = new StopText(source.stop);
      yield* said('content', content.add(delta.text));
    } else yield* said('reasoning', reasoning.add(delta.text));
  }
  yield* said('reasoning', reasoning.finish());
  yield* said('content', content.finish());
}

async function* readAsItComes(
  tokens: AsyncIterable<number> | Iterable<number>,
  { renderer }: ReplySource,
): AsyncGenerator<ReplyDelta> {
  let text = '';
  let thought = '';
  const all: number[] = [];
  const seen = async function* () {
    for await (const token of readable(tokens, renderer)) {
      all.push(token);
      yield token;
    }
  };
  for await (const event of renderer.parseResponseStreaming(seen())) {
    if (event.type === 'text') {
      text += event.text;
      yield { kind: 'content', text: event.text };
    } else if (event.type === 'thinking') {
      thought += event.thinking;
      yield { kind: 'reasoning', text: event.thinking };
    } else if (event.type === 'message') {
      const message = event.termination === 'malformed' ? asIfEnded(all, renderer) : event.message;
      // What was cut while it reasoned has no calls, whatever it thought of.
      if (event.termination !== 'malformed' || thoughtOf(message) === thought) yield* callsOf(message, text);
    }
  }
}

/** A reply that was cut is text to its format, tags and all. What was told of it by then is what it says if it ends there. */
function asIfEnded(tokens: readonly number[], { parseResponse, getStopSequences, tokenizer }: Renderer): Message {
  const [end] = getStopSequences();
  return parseResponse([...tokens, ...(typeof end === 'string' ? tokenizer.encode(end) : [end])]).message;
}

/** Formats whose pieces say little until the reply is whole: text that is certain comes at once, all else at the end. */
async function* readAtItsEnd(
  tokens: AsyncIterable<number> | Iterable<number>,
  { renderer, prompt }: ReplySource,
): AsyncGenerator<ReplyDelta> {
  const all: number[] = [];
  const seen = async function* () {
    for await (const token of tokens) {
      all.push(token);
      yield token;
    }
  };
  let whole = '';
  let told = '';
  for await (const piece of spokenText(seen(), renderer, prompt)) {
    // White space at both ends is no part of a reply, and what follows tells whether this is an end.
    whole += piece;
    const text = whole.trim();
    yield* said('content', text.slice(told.length));
    told = text;
  }
  const { message } = renderer.parseResponse(all);
  yield* said('reasoning', thoughtOf(message).trim());
  const text = visibleText(message).trim();
  if (text.startsWith(told)) yield* said('content', text.slice(told.length));
  yield* callsOf(message, text);
}

/** An end of the model's that is none of the format's would be read as text. */
async function* readable(
  tokens: AsyncIterable<number> | Iterable<number>,
  { tokenizer, getStopSequences }: Renderer,
): AsyncGenerator<number> {
  const stops: readonly (string | number)[] = getStopSequences();
  for await (const token of tokens) if (!tokenizer.endTokenIds.includes(token) || stops.includes(token)) yield token;
}

/** The API has no place for calls that could not be read: they are text, and to some formats they are that already. */
function* callsOf({ tool_calls = [], unparsed_tool_calls = [] }: Message, told: string): Generator<ReplyDelta> {
  const unread = unparsed_tool_calls.map(({ raw_text }) => raw_text).join('');
  if (!told.endsWith(unread)) yield* said('content', unread);
  if (tool_calls.length > 0) yield { kind: 'tool_calls', calls: tool_calls };
}

function* said(kind: 'content' | 'reasoning', text: string): Generator<ReplyDelta> {
  if (text !== '') yield { kind, text };
}

function thoughtOf({ content }: Message): string {
  if (typeof content === 'string') return '';
  return content.map((part) => (part.type === 'thinking' ? part.thinking : '')).join('');
}
