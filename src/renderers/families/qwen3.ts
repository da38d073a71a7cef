// qwen3: the models of Qwen3 and Qwen3-VL, which choose whether to think; tool calls are JSON between tags.

import type { MessageFormat, RenderContext, RenderedMessage } from '../base.ts';
import { partPieces, spokenOf, textOf } from '../content.ts';
import { defineRenderer } from '../definition.ts';
import { type Piece, said, written } from '../pieces.ts';
import { type ReplySyntax, withoutLines } from '../reply_syntax.ts';
import { jsonOfCall, openAiTools, readJsonCall, schemaLines, TOOL_DECLARE } from '../tool_calls.ts';
import type { Message } from '../types.ts';
import {
  chatmlTraits,
  END,
  headerOf,
  QWEN_PICTURE,
  systemBlock,
  TOOLS_LAST,
  toolPrefix,
  toolResult,
} from './chatml.ts';

interface Model {
  /** Reasoning between `<think>` and `</think>` on lines of their own, which the model writes even where it did not think. */
  isFramed: boolean;
  /** Prompts close the reasoning before it begins. */
  disables?: boolean;
  sees?: boolean;
  /** The model does not think. */
  isInstruct?: boolean;
}

function define(
  name: string,
  doc: string,
  { extends: hasExtensionProperty = false, ...model }: Model & { extends?: boolean },
) {
  return defineRenderer({
    ...chatmlTraits,
    name,
    doc,
    tokens: [...chatmlTraits.tokens, '<tool_call>', '</tool_call>'].concat(model.sees ? VISION : []),
    hasExtensionProperty,
    disablesThinking: model.disables ?? false,
    thinking: model.isInstruct ? 'none' : model.disables ? 'closed' : 'sampled',
    options: { strip_thinking_from_history: true },
    format: (_tokenizer, { strip_thinking_from_history: strips }) => qwen3Format(model, strips),
  });
}

const VISION = ['<|vision_start|>', '<|vision_end|>'];

export const qwen3 = [
  define('qwen3', 'Qwen3 with reasoning, which only the turn after the last question keeps.', { isFramed: true }),
  define('qwen3_disable_thinking', 'Qwen3 without reasoning.', { isFramed: true, disables: true }),
  define('qwen3_instruct', 'The instruct models of Qwen3 2507.', { isFramed: false, isInstruct: true, extends: true }),
  define('qwen3_vl', 'Qwen3-VL, with pictures.', { isFramed: false, sees: true }),
  define('qwen3_vl_instruct', 'The instruct models of Qwen3-VL, with pictures.', {
    isFramed: false,
    isInstruct: true,
    sees: true,
  }),
];

function qwen3Format({ isFramed, disables = false, sees = false }: Model, strips: boolean): MessageFormat {
  const piecesOf = (message: Message) =>
    partPieces(message, spokenOf(message, isFramed).parts, sees ? QWEN_PICTURE : null);

  function assistant(message: Message, context: RenderContext): RenderedMessage {
    const { thinking, parts } = spokenOf(message, isFramed);
    const text = partPieces(message, parts, sees ? QWEN_PICTURE : null);
    const keeps = !strips || context.index > context.lastUserIndex;
    const thought = isFramed ? frame(keeps ? thinking : '', context) : unframed(keeps ? thinking : '');
    return {
      header: headerOf('assistant', context),
      output: [
        ...thought,
        ...(isFramed && thought.length > 0 ? afterFrame(text) : text),
        ...calls(message, text.length > 0 || (sees && (message.tool_calls ?? []).length > 0)),
        written(END),
      ],
    };
  }

  /** A reply at the end has a frame in any case; where reasoning stays in history, every reply has. */
  function frame(thinking: string, { isLast, lastUserIndex, index }: RenderContext): Piece[] {
    const shown = withoutLines(thinking);
    const isInTurn = lastUserIndex !== -1 && index > lastUserIndex;
    if (strips && !(isInTurn && (isLast || shown !== ''))) return [];
    return [written('<think>\n'), said(shown), written('\n</think>\n\n')];
  }

  return {
    bosTokens: [],
    hasExtensionProperty: isFramed && !strips ? true : undefined,
    reply: isFramed || sees ? FRAMED_REPLY : BARE_REPLY,
    renderMessage(message, context) {
      if (message.role === 'assistant') return assistant(message, context);
      if (message.role === 'tool') return toolResult(piecesOf(message), context, '');
      if (message.role === 'system') return systemBlock(piecesOf(message), context, TOOLS_LAST);
      if (message.role === TOOL_DECLARE) return systemBlock(declaration(message), context, TOOLS_LAST);
      return { header: headerOf(message.role, context), output: [...piecesOf(message), written(END)] };
    },
    generationSuffix(role, context) {
      const closed = role === 'assistant' && disables ? [written('<think>\n\n</think>\n\n')] : [];
      return [...headerOf(role, context), ...closed];
    },
    createConversationPrefixWithTools: (tools, system) =>
      toolPrefix(TOOLS_LAST, schemaLines(openAiTools(tools)), system),
  };
}

function unframed(thinking: string): Piece[] {
  return thinking === '' ? [] : [written('<think>'), said(thinking), written('</think>')];
}

/** The frame ends in an empty line already. */
function afterFrame(pieces: readonly Piece[]): Piece[] {
  return pieces.map((piece, index) =>
    index === 0 && 'text' in piece ? { ...piece, text: piece.text.replace(/^\n+/, '') } : piece,
  );
}

/** One a line, unless nothing comes before the first. */
function calls({ tool_calls = [], unparsed_tool_calls = [] }: Message, isAfterText: boolean): Piece[] {
  const blocks = [
    ...tool_calls.map((call) => [written('<tool_call>\n'), said(jsonOfCall(call)), written('\n</tool_call>')]),
    ...unparsed_tool_calls.map(({ raw_text }) => [said(raw_text)]),
  ];
  return blocks.flatMap((block, index) => (index > 0 || isAfterText ? [written('\n'), ...block] : block));
}

const BARE_REPLY: ReplySyntax = {
  ends: [{ token: END, termination: 'stop_sequence' }],
  thinking: { open: '<think>', close: '</think>', prefilled: false },
  calls: {
    open: '<tool_call>',
    close: '</tool_call>',
    lines: { before: 1, after: 1 },
    read: (inner, raw) => readJsonCall(inner.trim(), raw),
  },
};

const FRAMED_REPLY: ReplySyntax = {
  ...BARE_REPLY,
  thinking: {
    open: '<think>',
    close: '</think>',
    prefilled: false,
    lines: { inside: Number.POSITIVE_INFINITY, after: Number.POSITIVE_INFINITY },
  },
};

/** The frame is the format's, so that its tokens are those of real calls; the schemas are said. */
function declaration(message: Message): Piece[] {
  return [
    written(`# Tools

You may call one or more functions to assist with the user query.

You are provided with function signatures within <tools></tools> XML tags:
<tools>
`),
    said(textOf(message)),
    written(`
</tools>

For each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:
<tool_call>
{"name": <function-name>, "arguments": <args-json-object>}
</tool_call>`),
  ];
}
