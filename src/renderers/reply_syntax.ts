// How a family writes its replies, and the reading of one that is whole: its end, its reasoning, its tool calls.

import type { Tokenizer } from '../tokenizers/types.ts';
import type { ContentPart, Message, ParsedResponse, ParseTermination, ToolCall, UnparsedToolCall } from './types.ts';

/** How a family writes its replies. `streaming.ts` reads the same syntax token by token. */
export interface ReplySyntax {
  /** Tokens that end a reply, and what each says. */
  ends: readonly { token: string; termination: Exclude<ParseTermination, 'malformed'> }[];
  thinking?: ThinkingSyntax;
  calls?: CallSyntax;
}

interface ThinkingSyntax {
  /** `<think>` */
  open: string;
  /** `</think>` */
  close: string;
  /** Prompts end in the opening tag, so that a reply begins inside of the block. */
  prefilled: boolean;
  /** Line breaks that the format itself writes, at most: at both ends inside of the block, and after it. 0 unless given. */
  lines?: { inside?: number; after?: number };
}

export interface CallSyntax {
  /** `<tool_call>` */
  open: string;
  /** `</tool_call>` */
  close: string;
  /** Line breaks that the format itself writes around a block, at most. 0 unless given. */
  lines?: { before?: number; after?: number };
  /** What becomes of a block that never closes: an unparsed call (unless given), text, or both. */
  unterminated?: 'unparsed' | 'text' | 'both';
  /** What is wrong where a reply goes on after its block of calls, of which the format has one, at the end. */
  nothingAfter?: string;
  /** Text before and after calls is one part, and without reasoning a string, as it is in a reply without calls; else a list of parts. */
  plainText?: boolean;
  /** The calls of one block; `raw` has the tags, `inner` is what stands between them. */
  read(inner: string, raw: string): (ToolCall | UnparsedToolCall)[];
}

export interface ReplyBlocks {
  parts: ContentPart[];
  tool_calls: ToolCall[];
  unparsed_tool_calls: UnparsedToolCall[];
}

/** What of a reply is said before its end. A reply without an end is malformed, and so is one that goes on to a second. */
export interface ReplyEnd {
  said: readonly number[];
  termination: ParseTermination;
}

export function endOfReply(tokens: readonly number[], ends: ReadonlyMap<number, ParseTermination>): ReplyEnd {
  const end = tokens.findIndex((token) => ends.has(token));
  const termination = ends.get(tokens[end]);
  // Nobody knows what a reply that was cut short would have become, nor what one means that goes on after its end.
  if (termination === undefined || tokens.slice(end + 1).some((token) => ends.has(token)))
    return { said: tokens, termination: 'malformed' };
  return { said: tokens.slice(0, end), termination };
}

/** The tokens that end replies in a syntax. */
export function endsOf(syntax: ReplySyntax, tokenizer: Tokenizer): Map<number, ParseTermination> {
  const ends = new Map<number, ParseTermination>();
  for (const { token, termination } of syntax.ends) {
    const id = tokenizer.tokenId(token);
    if (id !== null) ends.set(id, termination);
  }
  return ends;
}

export function parseReply(tokens: readonly number[], syntax: ReplySyntax, tokenizer: Tokenizer): ParsedResponse {
  const { said, termination } = endOfReply(tokens, endsOf(syntax, tokenizer));
  const text = withOpening(tokenizer.decode(said, { continues: true }), syntax.thinking);
  const message = termination === 'malformed' ? messageOfText(text) : messageOfText(text, syntax);
  return { message, termination };
}

/** The text with the opening tag that the prompt wrote for it, where it closes what that opened. */
function withOpening(text: string, thinking?: ThinkingSyntax): string {
  if (thinking === undefined || !thinking.prefilled) return text;
  return text.includes(thinking.close) && !text.startsWith(thinking.open) ? `${thinking.open}${text}` : text;
}

/** The message of a reply's text; without a syntax, all of it is text. */
export function messageOfText(text: string, syntax: Omit<ReplySyntax, 'ends'> = {}): Message {
  const { thinking, calls } = syntax;
  const hasThinking = thinking !== undefined && text.includes(thinking.open);
  const hasCalls = calls !== undefined && text.includes(calls.open);
  if (!hasThinking && !hasCalls) return { role: 'assistant', content: text };
  const { parts, tool_calls, unparsed_tool_calls } = parseBlocks(text, syntax);
  const isPlain = !hasThinking && calls?.plainText === true;
  return {
    role: 'assistant',
    content: isPlain ? parts.map((part) => (part.type === 'text' ? part.text : '')).join('') : parts,
    ...(tool_calls.length > 0 ? { tool_calls } : {}),
    ...(unparsed_tool_calls.length > 0 ? { unparsed_tool_calls } : {}),
  };
}

/**
 * Splits a reply at its blocks. Reasoning that never closes is text, and empty reasoning is nothing; line breaks that the
 * format writes around blocks are dropped, and all other white space is kept.
 */
export function parseBlocks(text: string, { thinking, calls }: Omit<ReplySyntax, 'ends'>): ReplyBlocks {
  const blocks: ReplyBlocks = { parts: [], tool_calls: [], unparsed_tool_calls: [] };
  let isAfterCall = false;
  const pushText = (piece: string) => {
    const last = blocks.parts.at(-1);
    if (isAfterCall && calls?.plainText && last?.type === 'text') last.text += piece;
    else if (piece !== '') blocks.parts.push({ type: 'text', text: piece });
  };
  const pushCalls = (read: readonly (ToolCall | UnparsedToolCall)[]) => {
    for (const call of read) {
      if ('error' in call) blocks.unparsed_tool_calls.push(call);
      else blocks.tool_calls.push(call);
    }
  };
  let end = 0;
  /** Line breaks that may follow the last block. */
  let skipped = 0;
  const textUpTo = (index: number) => withoutLeadingLines(text.slice(end, index), skipped);
  const nextThought = blockFinder(text, thinking);
  const nextCall = blockFinder(text, calls);
  for (;;) {
    const thought = nextThought(end);
    const call = nextCall(end);
    if (thought !== null && (call === null || thought.start < call.start)) {
      const { inside = 0, after = 0 } = thought.syntax.lines ?? {};
      pushText(textUpTo(thought.start));
      const said = withoutTrailingLines(withoutLeadingLines(thought.inner, inside), inside);
      if (said !== '') blocks.parts.push({ type: 'thinking', thinking: said });
      [end, skipped, isAfterCall] = [thought.end, after, false];
    } else if (call !== null) {
      const { before = 0, after = 0 } = call.syntax.lines ?? {};
      pushText(withoutTrailingLines(textUpTo(call.start), before));
      pushCalls(call.syntax.read(call.inner, text.slice(call.start, call.end)));
      [end, skipped, isAfterCall] = [call.end, after, true];
      const rest = text.slice(end);
      if (call.syntax.nothingAfter !== undefined) {
        if (rest.trim() !== '') pushCalls([{ raw_text: rest, error: call.syntax.nothingAfter }]);
        return blocks;
      }
    } else break;
  }
  const open = calls === undefined ? -1 : text.indexOf(calls.open, end);
  if (calls === undefined || open === -1 || calls.unterminated === 'text') {
    pushText(textUpTo(text.length));
  } else {
    const isBoth = calls.unterminated === 'both';
    pushText(isBoth ? textUpTo(text.length) : withoutTrailingLines(textUpTo(open), calls.lines?.before ?? 0));
    blocks.unparsed_tool_calls.push({
      raw_text: text.slice(open),
      error: `unterminated tool block: '${calls.open}' opened without a matching '${calls.close}'`,
    });
  }
  return blocks;
}

interface Block<Syntax> {
  syntax: Syntax;
  start: number;
  inner: string;
  end: number;
}

/** Finds the first block of a syntax from a place on that closes. Places ascend, so that a text is searched once. */
function blockFinder<Syntax extends { open: string; close: string }>(
  text: string,
  syntax?: Syntax,
): (from: number) => Block<Syntax> | null {
  if (syntax === undefined) return () => null;
  const blockAfter = (from: number): Block<Syntax> | null => {
    const start = text.indexOf(syntax.open, from);
    const inner = start + syntax.open.length;
    const close = start === -1 ? -1 : text.indexOf(syntax.close, inner);
    return close === -1 ? null : { syntax, start, inner: text.slice(inner, close), end: close + syntax.close.length };
  };
  let next = blockAfter(0);
  return (from) => {
    if (next !== null && next.start < from) next = blockAfter(from);
    return next;
  };
}

export function withoutLeadingLines(text: string, most: number): string {
  let start = 0;
  while (start < most && text[start] === '\n') start += 1;
  return text.slice(start);
}

/** Without the line breaks at both ends. */
export function withoutLines(text: string): string {
  return withoutTrailingLines(withoutLeadingLines(text, Number.POSITIVE_INFINITY), Number.POSITIVE_INFINITY);
}

export function withoutTrailingLines(text: string, most: number): string {
  let end = text.length;
  while (end > 0 && text.length - end < most && text[end - 1] === '\n') end -= 1;
  return text.slice(0, end);
}
