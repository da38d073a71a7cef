// kimi: the models Kimi K2 (thinking), K2.5 and K2.6; roles between special tokens, and a system message where there is none.

import type { ImageChunk } from '../../tinker/types.ts';
import { RendererError } from '../../util/errors.ts';
import { canonicalJson } from '../../util/json.ts';
import type { MessageFormat, RenderContext, RenderedMessage } from '../base.ts';
import { partPieces, spokenOf } from '../content.ts';
import { factOf } from '../conversation_facts.ts';
import { defineRenderer } from '../definition.ts';
import { type Piece, said, written } from '../pieces.ts';
import type { CallSyntax } from '../reply_syntax.ts';
import { callOfJson, openAiTools, plainJson, TOOL_DECLARE, toolNameOf, unparsedText } from '../tool_calls.ts';
import { addedTo } from '../train_on_what.ts';
import type { Message, ToolSpec } from '../types.ts';
import { kimiNamespace } from './typescript_tools.ts';

const END = '<|im_end|>';
const SECTION_BEGIN = '<|tool_calls_section_begin|>';
const SECTION_END = '<|tool_calls_section_end|>';
const CALL_BEGIN = '<|tool_call_begin|>';
const CALL_ARGUMENTS = '<|tool_call_argument_begin|>';
const CALL_END = '<|tool_call_end|>';
const MEDIA = ['<|media_begin|>', '<|media_content|>', '<|media_end|>'];
const DEFAULT_SYSTEM = 'You are Kimi, an AI assistant created by Moonshot AI.';

interface Model {
  /** What prompts write of the reasoning. */
  opening: '' | '<think>' | '<think></think>';
  preserves?: boolean;
  sees?: boolean;
  declare: (tools: readonly ToolSpec[]) => string;
}

const THINKING = { '': 'sampled', '<think>': 'opened', '<think></think>': 'closed' } as const;

function define(name: string, doc: string, model: Model) {
  return defineRenderer({
    name,
    doc,
    stop: { tokens: [END] },
    tokens: [
      '<|im_system|>',
      '<|im_user|>',
      '<|im_assistant|>',
      '<|im_middle|>',
      '<think>',
      '</think>',
      SECTION_BEGIN,
    ].concat([SECTION_END, CALL_BEGIN, CALL_ARGUMENTS, CALL_END], model.sees ? MEDIA : []),
    hasExtensionProperty: false,
    supportsStreaming: true,
    disablesThinking: model.opening === '<think></think>',
    tools: true,
    thinking: THINKING[model.opening],
    options: {},
    format: () => kimiFormat(model),
  });
}

const sortedJson = (tools: readonly ToolSpec[]) => canonicalJson(plainJson(openAiTools(tools)));
const opened: Model = { opening: '<think>', sees: true, declare: kimiNamespace };
const closed: Model = { ...opened, opening: '<think></think>' };

export const kimi = [
  define('kimi_k2', 'Kimi K2 Thinking.', { opening: '', declare: sortedJson }),
  define('kimi_k25', 'Kimi K2.5 with reasoning.', opened),
  define('kimi_k25_disable_thinking', 'Kimi K2.5 without reasoning.', closed),
  define('kimi_k26', 'Kimi K2.6 with reasoning.', opened),
  define('kimi_k26_disable_thinking', 'Kimi K2.6 without reasoning.', closed),
  define('kimi_k26_preserve_thinking', 'Kimi K2.6, keeping the reasoning of earlier turns.', {
    ...opened,
    preserves: true,
  }),
];

function kimiFormat({ opening, preserves = false, sees = false, declare }: Model): MessageFormat {
  const piecesOf = (message: Message) => partPieces(message, spokenOf(message, false).parts, sees ? picture : null);

  function renderMessage(message: Message, context: RenderContext): RenderedMessage {
    if (message.role === 'assistant') {
      const { thinking } = spokenOf(message, false);
      const shown = preserves || isInCurrentTurn(context) ? thinking : '';
      const output = [written('<think>'), said(shown), written('</think>'), ...piecesOf(message), ...calls(message)];
      return {
        header: header(message.role, message.name),
        output: [...output, said(unparsedText(message)), written(END)],
      };
    }
    if (message.role !== 'tool') {
      return { header: header(message.role, message.name), output: [...piecesOf(message), written(END)] };
    }
    if (message.tool_call_id === undefined) {
      throw new RendererError('a tool result needs "tool_call_id", which this format shows');
    }
    const output = [
      written('## Return of '),
      said(message.tool_call_id),
      written('\n'),
      ...piecesOf(message),
      written(END),
    ];
    return { header: header('tool', toolNameOf(message, context.messages)), output };
  }

  return {
    bosTokens: [],
    arrange: withSystem,
    reply: {
      ends: [{ token: END, termination: 'stop_sequence' }],
      thinking: { open: '<think>', close: '</think>', prefilled: opening === '<think>' },
      calls: CALLS,
    },
    renderMessage,
    generationSuffix: (role) => [...header(role), ...(role === 'assistant' ? [written(opening)] : [])],
    createConversationPrefixWithTools: (tools, systemPrompt) => [
      { role: TOOL_DECLARE, content: declare(tools) },
      { role: 'system', content: systemPrompt === '' ? DEFAULT_SYSTEM : systemPrompt },
    ],
  };
}

function picture(chunk: ImageChunk): Piece[] {
  return [written('<|media_begin|>image<|media_content|>'), chunk, written('<|media_end|>\n')];
}

function header(role: string, name = role): Piece[] {
  const opener = role === 'user' ? '<|im_user|>' : role === 'assistant' ? '<|im_assistant|>' : '<|im_system|>';
  return [written(opener), said(name), written('<|im_middle|>')];
}

/** A system message first, or right after the tools; it is trained where others are, unless messages choose for themselves. */
function withSystem(messages: readonly Message[]): readonly Message[] {
  const place = messages[0]?.role === TOOL_DECLARE ? 1 : 0;
  if (messages[place]?.role === 'system') return messages;
  return messages.toSpliced(place, 0, addedTo(messages, { role: 'system', content: DEFAULT_SYSTEM }));
}

/** After the last reply that called no tool; a reply at the very end ends its turn and is in it. */
function isInCurrentTurn({ messages, index, isLast }: RenderContext): boolean {
  return isLast || index > lastAnswer(messages);
}

const lastAnswer = factOf((messages) =>
  messages.slice(0, -1).findLastIndex(({ role, tool_calls = [] }) => role === 'assistant' && tool_calls.length === 0),
);

function calls({ tool_calls = [] }: Message): Piece[] {
  if (tool_calls.length === 0) return [];
  const each = tool_calls.flatMap(({ id, function: { name, arguments: json } }, index) => {
    if (id === null || nameIn(id) !== name) {
      const problem = id === null ? 'has no id' : `has the id ${JSON.stringify(id)}`;
      throw new RendererError(`the call of ${name} ${problem}, and this format shows the id in place of the name`, {
        hint: `Give it one such as "functions.${name}:${index}", and its result the same as "tool_call_id".`,
      });
    }
    return [written(CALL_BEGIN), said(id), written(CALL_ARGUMENTS), said(json), written(CALL_END)];
  });
  return [written(SECTION_BEGIN), ...each, written(SECTION_END)];
}

/** `f` of `functions.f:0`. */
function nameIn(id: string): string {
  return id
    .trim()
    .replace(/^functions\./, '')
    .replace(/:\d+$/, '');
}

const CALLS: CallSyntax = {
  open: SECTION_BEGIN,
  close: SECTION_END,
  plainText: true,
  read(inner, raw) {
    const [before = '', ...blocks] = inner.split(CALL_BEGIN);
    const read = blocks.map((block) => {
      const middle = block.indexOf(CALL_ARGUMENTS);
      const end = block.indexOf(CALL_END, middle);
      if (middle === -1 || end === -1 || block.slice(end + CALL_END.length).trim() !== '') return null;
      const [id, json] = [block.slice(0, middle).trim(), block.slice(middle + CALL_ARGUMENTS.length, end).trim()];
      return callOfJson({ id, name: nameIn(id), json }, CALL_BEGIN + block);
    });
    const calls = read.flatMap((call) => call ?? []);
    if (before.trim() === '' && calls.length > 0 && calls.length === blocks.length) return calls;
    return [{ raw_text: raw, error: `a tool call must be ${CALL_BEGIN}id${CALL_ARGUMENTS}arguments${CALL_END}` }];
  },
};
