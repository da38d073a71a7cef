// nemotron3: the models of Nemotron 3 and 3.5. Every conversation has a system block; prompts open the reasoning, and replies
// without any say so.

import type { ImageChunk } from '../../tinker/types.ts';
import { RendererError } from '../../util/errors.ts';
import type { MessageFormat, RenderContext, RenderedMessage } from '../base.ts';
import { partPieces, spokenOf, type VisiblePart } from '../content.ts';
import { defineRenderer } from '../definition.ts';
import { apart, type Piece, said, written } from '../pieces.ts';
import { withoutLines } from '../reply_syntax.ts';
import { TOOL_DECLARE } from '../tool_calls.ts';
import type { Message } from '../types.ts';
import {
  chatmlTraits,
  END,
  headerOf,
  systemBlock,
  TOOLS_LAST,
  toolPrefix,
  toolResult,
  withSystemBlock,
} from './chatml.ts';
import { describeTools } from './nemotron3_tools.ts';
import { callBlocks, declarationPieces, xmlCalls } from './xml_tool_calls.ts';

interface Model {
  /** Nothing parts reasoning from the tag that closes it and the answer after that; messages may hold pictures. */
  isUltra: boolean;
  /** Prompts close the reasoning before it begins. */
  disables?: boolean;
  /** How much to think, at the end of the last question. */
  effort?: 'low' | 'efficient';
}

type Kind = Model & { preserves?: boolean };

function define(name: string, doc: string, { preserves = false, ...model }: Kind) {
  const { disables = false } = model;
  const traits = {
    ...chatmlTraits,
    name,
    doc,
    hasExtensionProperty: preserves,
    disablesThinking: disables,
    thinking: disables ? ('closed' as const) : ('opened' as const),
  };
  if (preserves) return defineRenderer({ ...traits, options: {}, format: () => nemotron3Format(model, false) });
  return defineRenderer({
    ...traits,
    options: { strip_thinking_from_history: true },
    format: (_tokenizer, { strip_thinking_from_history: strips }) => nemotron3Format(model, strips),
  });
}

const small = { isUltra: false };
const ultra = { isUltra: true };

export const nemotron3 = [
  define('nemotron3', 'Nemotron 3 with reasoning, which only the turn after the last question keeps.', small),
  define('nemotron3_low_thinking', 'Nemotron 3 with little reasoning.', { ...small, effort: 'low' }),
  define('nemotron3_disable_thinking', 'Nemotron 3 without reasoning.', { ...small, disables: true }),
  define('nemotron3_preserve_thinking', 'Nemotron 3, keeping the reasoning of earlier turns.', {
    ...small,
    preserves: true,
  }),
  define(
    'nemotron3_ultra',
    'Nemotron 3 Ultra with reasoning, which only the turn after the last question keeps.',
    ultra,
  ),
  define('nemotron3_ultra_medium_thinking', 'Nemotron 3 Ultra with less reasoning.', { ...ultra, effort: 'efficient' }),
  define('nemotron3_ultra_disable_thinking', 'Nemotron 3 Ultra without reasoning.', { ...ultra, disables: true }),
  define('nemotron3_ultra_preserve_thinking', 'Nemotron 3 Ultra, keeping the reasoning of earlier turns.', {
    ...ultra,
    preserves: true,
  }),
];

function nemotron3Format({ isUltra, disables = false, effort }: Model, strips: boolean): MessageFormat {
  const piecesOf = (message: Message, parts: readonly VisiblePart[]) =>
    partPieces(message, parts, isUltra ? pictureForm(parts) : null);

  function assistant(message: Message, context: RenderContext): RenderedMessage {
    const { thinking, text } = withTrimmedStrings(message);
    const visible = piecesOf(message, text);
    const header = headerOf('assistant', context);
    const keeps = !strips || context.index > context.lastUserIndex;
    const hasThought = thinking.trim() !== '';
    const blocks = callBlocks(message, 'python');
    const calls = blocks.flatMap((call) => [...call, written('\n')]);
    if (keeps && hasThought) {
      const thought = [
        written('<think>\n'),
        // It begins where the prompt ends, whatever its first character would merge with.
        ...apart([said(thinking)]),
        written(isUltra ? '</think>' : '\n</think>\n'),
      ];
      const isParted = blocks.length === 0 || (visible.length === 0 && !isUltra);
      return { header, output: [...thought, ...visible, written(isParted ? '' : '\n'), ...calls, written(END)] };
    }
    const isMarked = !isUltra && hasThought && visible.length > 0 && blocks.length === 0;
    return {
      header: [...header, written(isMarked ? '<think></think>\n' : '<think></think>')],
      output: [...visible, written(blocks.length === 0 ? '' : '\n'), ...calls, written(END)],
    };
  }

  function user(message: Message, context: RenderContext): RenderedMessage {
    const content = piecesOf(message, spokenOf(message, false).parts);
    const header = headerOf('user', context);
    if (effort === undefined || context.index !== context.lastUserIndex) {
      return { header, output: [...content, written(END)] };
    }
    if (!isUltra && typeof message.content !== 'string') {
      throw new RendererError('this renderer writes the effort after the last question, which must be a string', {
        hint: 'Join the parts of its content.',
      });
    }
    return { header, output: [...content, written(`\n\n{reasoning effort: ${effort}}${END}`)] };
  }

  return {
    bosTokens: [],
    hasExtensionProperty: strips || disables || effort !== undefined ? undefined : true,
    arrange: withSystemBlock,
    reply: {
      ends: [{ token: END, termination: 'stop_sequence' }],
      thinking: {
        open: '<think>',
        close: '</think>',
        prefilled: !disables,
        lines: { inside: 1, after: isUltra ? 0 : 1 },
      },
      calls: xmlCalls({ before: 1, after: 1 }, 'python'),
    },
    renderMessage(message, context) {
      if (message.role === 'assistant') return assistant(message, context);
      if (message.role === 'user') return user(message, context);
      if (message.role === TOOL_DECLARE) return systemBlock(declarationPieces(message), context, TOOLS_LAST);
      const content = piecesOf(message, spokenOf(message, false).parts);
      if (message.role === 'tool') return toolResult(content, context, '\n');
      if (message.role === 'system') return systemBlock(content, context, TOOLS_LAST);
      return { header: headerOf(message.role, context), output: [...content, written(END)] };
    },
    generationSuffix(role, context) {
      const opening = disables ? '<think></think>' : '<think>\n';
      return [...headerOf(role, context), ...(role === 'assistant' ? [written(opening)] : [])];
    },
    createConversationPrefixWithTools: (tools, system) => toolPrefix(TOOLS_LAST, describeTools(tools), system),
  };
}

/** Strings are trimmed, as the template does; lists are as they are. */
function withTrimmedStrings(message: Message): { thinking: string; text: VisiblePart[] } {
  const { thinking, parts } = spokenOf(message, true);
  if (typeof message.content !== 'string') return { thinking, text: parts };
  const text = parts.map((part) => (part.type === 'text' ? { ...part, text: part.text.trim() } : part));
  return { thinking: withoutLines(thinking), text };
}

/** A picture begins a line, and has its number where a message holds several. */
function pictureForm(parts: readonly VisiblePart[]): (chunk: ImageChunk, index: number) => Piece[] {
  const count = parts.filter(({ type }) => type === 'image').length;
  return (chunk, index) => {
    const before = parts[index - 1];
    const isOnNewLine = parts.slice(0, index).every((part) => part.type === 'text' && part.text === '');
    const number = parts.slice(0, index + 1).filter(({ type }) => type === 'image').length;
    const line = isOnNewLine || (before?.type === 'text' && before.text.endsWith('\n')) ? '' : '\n';
    return [written(`${line}${count > 1 ? `<image ${number}>` : ''}<img>`), chunk, written('</img>')];
  };
}
