// qwen3_5: the models of Qwen3.5 and 3.6, which see pictures; prompts open the reasoning, and tool calls are tags.

import type { MessageFormat, RenderContext, RenderedMessage } from '../base.ts';
import { partPieces, spokenOf, type VisiblePart } from '../content.ts';
import { defineRenderer } from '../definition.ts';
import { apart, type Piece, said, written } from '../pieces.ts';
import { schemaLines, TOOL_DECLARE } from '../tool_calls.ts';
import type { Message } from '../types.ts';
import {
  chatmlTraits,
  END,
  headerOf,
  QWEN_PICTURE,
  systemBlock,
  TOOLS_FIRST,
  toolPrefix,
  toolResult,
  withSystemBlock,
} from './chatml.ts';
import { callBlocks, declarationPieces, type Scalars, xmlCalls } from './xml_tool_calls.ts';

export interface Qwen35Model {
  /** Turns before the last question lose their reasoning. */
  strips: boolean;
  /** Prompts close the reasoning before it begins. */
  disables: boolean;
  /** A string with `</think>` in it is taken apart. */
  readsStrings: boolean;
  scalars: Scalars;
  /** A sentence at the head of the system message, which is made for it where there is none. */
  effort: string;
  /** A system message that says nothing is not shown. */
  dropsEmptySystem: boolean;
}

export const qwen35Traits = {
  ...chatmlTraits,
  tokens: [...chatmlTraits.tokens, '<tool_call>', '</tool_call>', '<|vision_start|>', '<|vision_end|>'],
  // Where a reply is sampled without reasoning, history shows its empty block with another line break.
  hasExtensionProperty: false,
};

const QWEN35: Omit<Qwen35Model, 'strips'> = {
  disables: false,
  readsStrings: true,
  scalars: 'python',
  effort: '',
  dropsEmptySystem: false,
};

export const qwen35 = [
  defineRenderer({
    ...qwen35Traits,
    name: 'qwen3_5',
    doc: 'Qwen3.5 and 3.6 with reasoning, which only the turn after the last question keeps.',
    disablesThinking: false,
    thinking: 'opened',
    options: { strip_thinking_from_history: true },
    format: (_tokenizer, { strip_thinking_from_history: strips }) => qwen35Format({ ...QWEN35, strips }),
  }),
  defineRenderer({
    ...qwen35Traits,
    name: 'qwen3_5_disable_thinking',
    doc: 'Qwen3.5 and 3.6 without reasoning.',
    disablesThinking: true,
    thinking: 'closed',
    options: { strip_thinking_from_history: true },
    format: (_tokenizer, { strip_thinking_from_history: strips }) =>
      qwen35Format({ ...QWEN35, strips, disables: true }),
  }),
  defineRenderer({
    ...qwen35Traits,
    name: 'qwen3_5_preserve_thinking',
    doc: 'Qwen3.5 and 3.6, keeping the reasoning of earlier turns.',
    disablesThinking: false,
    thinking: 'opened',
    options: {},
    format: () => qwen35Format({ ...QWEN35, strips: false }),
  }),
];

export function qwen35Format(model: Qwen35Model): MessageFormat {
  const { strips, disables, readsStrings, scalars, effort } = model;
  const opening = disables ? '<think>\n\n</think>\n\n' : '<think>\n';
  const piecesOf = (message: Message) =>
    partPieces(message, trimmed(spokenOf(message, readsStrings).parts), QWEN_PICTURE);

  function assistant(message: Message, context: RenderContext): RenderedMessage {
    const thinking = spokenOf(message, readsStrings).thinking.trim();
    const text = piecesOf(message);
    const answer = [...text, ...calls(message, text.length > 0), written(END)];
    const header = headerOf('assistant', context);
    if (strips && context.index < context.lastUserIndex) return { header, output: answer };
    if (thinking !== '') return { header, output: [...block(thinking), ...answer] };
    // What a reply without reasoning says first closes the block that its prompt opened.
    if (context.isLast && !disables) {
      return { header: [...header, written(opening)], output: [written('\n</think>\n\n'), ...answer] };
    }
    return { header: [...header, written('<think>\n\n</think>\n\n')], output: answer };
  }

  function calls(message: Message, isAfterText: boolean): Piece[] {
    return callBlocks(message, scalars).flatMap((call, index) => {
      if (index > 0) return [written('\n'), ...call];
      return isAfterText ? [written('\n\n'), ...call] : call;
    });
  }

  return {
    bosTokens: [],
    arrange: (messages) => {
      const shown = model.dropsEmptySystem ? withoutEmptySystem(messages) : messages;
      return effort === '' ? shown : withSystemBlock(shown);
    },
    reply: {
      ends: [{ token: END, termination: 'stop_sequence' }],
      thinking: {
        open: '<think>',
        close: '</think>',
        prefilled: !disables,
        lines: { inside: Number.POSITIVE_INFINITY, after: 2 },
      },
      calls: xmlCalls({ after: 1 }, scalars),
    },
    renderMessage(message, context) {
      if (message.role === 'assistant') return assistant(message, context);
      if (message.role === 'tool') return toolResult(piecesOf(message), context, '');
      if (message.role === 'system') return systemBlock(piecesOf(message), context, TOOLS_FIRST, effort);
      if (message.role === TOOL_DECLARE) {
        return systemBlock(declarationPieces(message), context, TOOLS_FIRST, effort);
      }
      return { header: headerOf(message.role, context), output: [...piecesOf(message), written(END)] };
    },
    generationSuffix: (role, context) => [
      ...headerOf(role, context),
      ...(role === 'assistant' ? [written(opening)] : []),
    ],
    createConversationPrefixWithTools: (tools, system) => toolPrefix(TOOLS_FIRST, schemaLines(tools), system),
  };
}

function withoutEmptySystem(messages: readonly Message[]): readonly Message[] {
  const place = messages[0]?.role === TOOL_DECLARE ? 1 : 0;
  const first = messages[place];
  const isEmpty =
    first?.role === 'system' && spokenOf(first, false).parts.every((part) => part.type === 'text' && !part.text.trim());
  return isEmpty ? messages.toSpliced(place, 1) : messages;
}

/** Reasoning begins where the prompt ends, whatever its first character would merge with. */
function block(thinking: string): Piece[] {
  return [written('<think>\n'), ...apart([said(thinking)]), written('\n</think>\n\n')];
}

/** Without the white space around all that is visible, up to a picture. */
function trimmed(parts: readonly VisiblePart[]): VisiblePart[] {
  const cut = (from: readonly VisiblePart[], trim: (text: string) => string) => {
    let isOver = false;
    return from.map((part) => {
      if (isOver || part.type === 'image') {
        isOver = true;
        return part;
      }
      const text = trim(part.text);
      isOver = text !== '';
      return { ...part, text };
    });
  };
  const fromStart = cut(parts, (text) => text.trimStart());
  return cut(fromStart.toReversed(), (text) => text.trimEnd()).toReversed();
}
