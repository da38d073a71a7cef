// ChatML: what Qwen and Nemotron share. Messages stand between `<|im_start|>role` and `<|im_end|>`, a line break apart.

import type { ImageChunk } from '../../tinker/types.ts';
import type { RenderContext, RenderedMessage } from '../base.ts';
import { type Piece, said, written } from '../pieces.ts';
import { TOOL_DECLARE } from '../tool_calls.ts';
import { addedTo } from '../train_on_what.ts';
import type { Message } from '../types.ts';

export const END = '<|im_end|>';

/** What stands in every conversation; tool calls have tokens of their own in some of the models only. */
export const chatmlTraits = {
  stop: { tokens: [END] },
  tokens: ['<|im_start|>', '<think>', '</think>'],
  supportsStreaming: true,
  tools: true,
};

export function headerOf(role: string, { index }: Pick<RenderContext, 'index'>): Piece[] {
  return [written(`${index === 0 ? '' : '\n'}<|im_start|>`), said(role), written('\n')];
}

export const QWEN_PICTURE = (chunk: ImageChunk): Piece[] => [
  written('<|vision_start|>'),
  chunk,
  written('<|vision_end|>'),
];

/** Consecutive results share a user's block. `after` is what the format writes after each. */
export function toolResult(content: readonly Piece[], context: RenderContext, after: '' | '\n'): RenderedMessage {
  const isFirst = context.previous?.role !== 'tool';
  const lead = isFirst || after === '\n' ? '' : '\n';
  return {
    header: isFirst ? headerOf('user', context) : [],
    output: [
      written(`${lead}<tool_response>\n`),
      ...content,
      written(`\n</tool_response>${after}${context.next?.role === 'tool' ? '' : END}`),
    ],
  };
}

/**
 * A system message or a declaration of tools: side by side they share a block, in the order of `roles`. `opening` begins
 * the block.
 */
export function systemBlock(
  content: readonly Piece[],
  context: RenderContext,
  roles: readonly [string, string],
  opening = '',
): RenderedMessage {
  const { messages, index } = context;
  const isJoined = (at: number) => messages[at - 1]?.role === roles[0] && messages[at]?.role === roles[1];
  const begin = written(content.length === 0 || opening === '' ? opening : `${opening}\n\n`);
  return {
    header: isJoined(index) ? [written('\n\n')] : headerOf('system', context),
    output: [...(index === 0 ? [begin] : []), ...content, ...(isJoined(index + 1) ? [] : [written(END)])],
  };
}

/** An empty system message first, where nothing makes a system block; it is trained where others are, unless messages choose for themselves. */
export function withSystemBlock(messages: readonly Message[]): readonly Message[] {
  if (messages[0]?.role === 'system' || messages[0]?.role === TOOL_DECLARE) return messages;
  return [addedTo(messages, { role: 'system', content: '' }), ...messages];
}

export const TOOLS_LAST = ['system', TOOL_DECLARE] as const;
export const TOOLS_FIRST = [TOOL_DECLARE, 'system'] as const;

/** `[system, tool_declare]`, or the other way round. */
export function toolPrefix(roles: readonly [string, string], declaration: string, system: string): Message[] {
  return roles
    .map((role) => ({ role, content: role === TOOL_DECLARE ? declaration : system }))
    .filter(({ role, content }) => role === TOOL_DECLARE || content !== '');
}
