// Helpers that turn sampled tokens back into messages: where the reply ends, its reasoning, its tool calls.

import type { Tokenizer } from '../tokenizers/types.ts';
import { messageOf, RendererError } from '../util/errors.ts';
import { isJsonObject, type JsonValue } from '../util/json.ts';
import type { ContentPart, ParseTermination, ToolCall, UnparsedToolCall } from './types.ts';

/**
 * The text before the stop token, and how it ended; `eos` are the other ids that end a reply. A reply without an end is
 * `malformed` and whole. More than one end means that the sampler was not told to stop: a RendererError.
 */
export function parseResponseForStopToken(
  tokens: readonly number[],
  { stop, eos }: { stop: number; eos: number | readonly number[] | null },
  tokenizer: Tokenizer,
): { text: string; termination: ParseTermination } {
  const others = typeof eos === 'number' ? [eos] : (eos ?? []);
  const isEnd = (token: number) => token === stop || others.includes(token);
  const ends = tokens.filter(isEnd).length;
  if (ends === 0) return { text: tokenizer.decode(tokens, { continues: true }), termination: 'malformed' };
  if (ends > 1) {
    throw new RendererError(`a sampled reply goes on after its end: it holds ${ends} stop tokens`, {
      hint: "Pass the renderer's getStopSequences() to the sampler.",
    });
  }
  const end = tokens.findIndex(isEnd);
  return {
    text: tokenizer.decode(tokens.slice(0, end), { continues: true }),
    termination: tokens[end] === stop ? 'stop_sequence' : 'eos',
  };
}

export interface ContentBlocks {
  parts: ContentPart[];
  tool_calls: ToolCall[];
  unparsed_tool_calls: UnparsedToolCall[];
}

const TOOL_OPEN = '<tool_call>';
const TOOL_CLOSE = '</tool_call>';

/**
 * Splits a reply at `<think>…</think>` and `<tool_call>…</tool_call>`, keeping white space; null where neither opens, so
 * that the reply is plain text. A tool call that never closes is unparsed; reasoning that never closes is text.
 */
export function parseContentBlocks(text: string): ContentBlocks | null {
  if (!text.includes('<think>') && !text.includes(TOOL_OPEN)) return null;
  const blocks: ContentBlocks = { parts: [], tool_calls: [], unparsed_tool_calls: [] };
  const pushText = (piece: string) => {
    if (piece !== '') blocks.parts.push({ type: 'text', text: piece });
  };
  let end = 0;
  for (const match of text.matchAll(/<think>(.*?)<\/think>|<tool_call>(.*?)<\/tool_call>/gs)) {
    pushText(text.slice(end, match.index));
    end = match.index + match[0].length;
    const [raw, thinking, call] = match;
    if (call !== undefined) {
      const parsed = parseToolCallsJson(call, raw);
      if ('error' in parsed) blocks.unparsed_tool_calls.push(parsed);
      else blocks.tool_calls.push(parsed);
    } else if (thinking !== undefined && thinking !== '') {
      blocks.parts.push({ type: 'thinking', thinking });
    }
  }
  const rest = text.slice(end);
  const open = rest.indexOf(TOOL_OPEN);
  pushText(open === -1 ? rest : rest.slice(0, open));
  if (open !== -1) {
    blocks.unparsed_tool_calls.push({
      raw_text: rest.slice(open),
      error: `unterminated tool block: '${TOOL_OPEN}' opened without a matching '${TOOL_CLOSE}'`,
    });
  }
  return blocks;
}

/** One call written as `{"name": …, "arguments": {…}}`. `raw` is what an unparsed call quotes. */
function parseToolCallsJson(text: string, raw: string): ToolCall | UnparsedToolCall {
  let call: unknown;
  try {
    call = JSON.parse(text);
  } catch (error) {
    return { raw_text: raw, error: `Invalid JSON: ${messageOf(error)}` };
  }
  if (!isJsonObject(call)) return { raw_text: raw, error: 'a tool call must be a JSON object' };
  if (typeof call.name !== 'string') return { raw_text: raw, error: 'a tool call must have a "name", a string' };
  if (!isJsonObject(call.arguments)) return { raw_text: raw, error: 'a tool call must have "arguments", an object' };
  const id = typeof call.id === 'string' ? call.id : null;
  return { type: 'function', id, function: { name: call.name, arguments: spacedJson(call.arguments) } };
}

/** JSON with a space after commas and colons, as models are trained to write it. */
export function spacedJson(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(spacedJson).join(', ')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}: ${spacedJson(member)}`);
  return `{${members.join(', ')}}`;
}
