// Sampled tokens back to a message: where the reply ends, its reasoning, its tool calls, told by a family's syntax.

import type { Tokenizer } from '../tokenizers/types.ts';
import type { ContentPart, ParsedResponse, ParseTermination, ToolCall, UnparsedToolCall } from './types.ts';

/** How a family writes its replies. */
export interface ReplySyntax {
  /** Tokens that end a reply, and what each says. */
  ends: readonly { token: string; termination: Exclude<ParseTermination, 'malformed'> }[];
  thinking?: ThinkingSyntax;
  calls?: CallSyntax;
}

export interface ThinkingSyntax {
  /** `<think>` */
  open: string;
  /** `</think>` */
  close: string;
  /** Prompts end in the opening tag, so that a reply begins inside of the block. */
  prefilled: boolean;
  /** What the format itself writes around the block, which is no part of what is said: matched at the ends of either. */
  trim?: { thinking?: RegExp; after?: RegExp };
}

export interface CallSyntax {
  open: string;
  close: string;
  /** The calls of one block; `raw` has the tags, `inner` is what stands between them. */
  read(inner: string, raw: string): (ToolCall | UnparsedToolCall)[];
}

export interface ReplyBlocks {
  parts: ContentPart[];
  tool_calls: ToolCall[];
  unparsed_tool_calls: UnparsedToolCall[];
}

export function parseReply(tokens: readonly number[], syntax: ReplySyntax, tokenizer: Tokenizer): ParsedResponse {
  const ends = new Map(syntax.ends.map(({ token, termination }) => [tokenizer.tokenId(token), termination]));
  const found = tokens.filter((token) => ends.has(token)).length;
  const end = tokens.findIndex((token) => ends.has(token));
  const said = found === 1 ? tokens.slice(0, end) : tokens;
  const text = withOpening(tokenizer.decode(said, { continues: true }), syntax);
  const termination = found === 1 ? ends.get(tokens[end]) : undefined;
  // Nobody knows what a reply that was cut short would have become, nor what one means that goes on after its end.
  if (termination === undefined) return { message: { role: 'assistant', content: text }, termination: 'malformed' };
  const blocks = parseBlocks(text, syntax);
  if (blocks === null) return { message: { role: 'assistant', content: text }, termination };
  const { parts, tool_calls, unparsed_tool_calls } = blocks;
  return {
    message: {
      role: 'assistant',
      content: parts,
      ...(tool_calls.length > 0 ? { tool_calls } : {}),
      ...(unparsed_tool_calls.length > 0 ? { unparsed_tool_calls } : {}),
    },
    termination,
  };
}

/** The text with the opening tag that the prompt wrote for it. */
function withOpening(text: string, { thinking }: ReplySyntax): string {
  if (thinking === undefined || !thinking.prefilled) return text;
  const { open, close } = thinking;
  return text.includes(close) && !text.trimStart().startsWith(open) ? `${open}${text}` : text;
}

/** Null where no block opens, so that the reply is plain text. */
function parseBlocks(_text: string, _syntax: ReplySyntax): ReplyBlocks | null {
  return null;
}
