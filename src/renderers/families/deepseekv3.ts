// deepseekv3: the models of DeepSeek V3.1, with reasoning and without; names, arguments and results stand between special tokens.

import { RendererError } from '../../util/errors.ts';
import type { MessageFormat, RenderContext, RenderedMessage } from '../base.ts';
import { noForm, singleTextOf, splitAtFirstClose, thoughtAndSaid } from '../content.ts';
import { defineRenderer } from '../definition.ts';
import type { RendererOptions } from '../options.ts';
import { type Piece, said, written } from '../pieces.ts';
import type { CallSyntax } from '../reply_syntax.ts';
import { callOfJson, spaced, TOOL_DECLARE, unparsedText } from '../tool_calls.ts';
import type { Message, ToolCall, ToolSpec, UnparsedToolCall } from '../types.ts';

const BEGIN = '<｜begin▁of▁sentence｜>';
const END = '<｜end▁of▁sentence｜>';
const CALLS_BEGIN = '<｜tool▁calls▁begin｜>';
const CALLS_END = '<｜tool▁calls▁end｜>';
const CALL_BEGIN = '<｜tool▁call▁begin｜>';
const CALL_SEP = '<｜tool▁sep｜>';
const CALL_END = '<｜tool▁call▁end｜>';
const OUTPUT_BEGIN = '<｜tool▁output▁begin｜>';
const OUTPUT_END = '<｜tool▁output▁end｜>';

type Options = Pick<RendererOptions, 'system_role_as_user'>;

const traits = {
  stop: { tokens: [END] },
  tokens: [
    BEGIN,
    '<｜User｜>',
    '<｜Assistant｜>',
    '<think>',
    '</think>',
    CALLS_BEGIN,
    CALLS_END,
    CALL_BEGIN,
    CALL_SEP,
  ].concat([CALL_END, OUTPUT_BEGIN, OUTPUT_END]),
  supportsStreaming: true,
  tools: true,
  options: { system_role_as_user: false },
};

function answering(name: string, doc: string) {
  return defineRenderer({
    ...traits,
    name,
    doc,
    hasExtensionProperty: true,
    // Prompts close the reasoning, but history does so too: a reply's reasoning is left out without a contradiction.
    disablesThinking: false,
    thinking: 'closed',
    format: (_tokenizer, options) => deepseekV3Format({ thinks: false, ...options }),
  });
}

export const deepseekV3 = [
  answering('deepseekv3', 'DeepSeek V3.1 without reasoning.'),
  answering('deepseekv3_disable_thinking', 'DeepSeek V3.1 without reasoning; the same as deepseekv3.'),
  defineRenderer({
    ...traits,
    name: 'deepseekv3_thinking',
    doc: 'DeepSeek V3.1 with reasoning, which only the last message keeps.',
    hasExtensionProperty: false,
    disablesThinking: false,
    thinking: 'opened',
    format: (_tokenizer, options) => deepseekV3Format({ thinks: true, ...options }),
  }),
];

function deepseekV3Format({ thinks, system_role_as_user }: Options & { thinks: boolean }): MessageFormat {
  function renderMessage(message: Message, context: RenderContext): RenderedMessage {
    switch (message.role) {
      case 'system':
        if (context.index === 0) return { header: [], output: [said(singleTextOf(message))] };
        if (system_role_as_user) return user(message);
        throw new RendererError('this format knows a system message only first', {
          hint: 'Put it first, or set system_role_as_user: true.',
        });
      case 'user':
        return user(message);
      case 'tool':
        return { header: [written(OUTPUT_BEGIN)], output: [said(singleTextOf(message)), written(OUTPUT_END)] };
      case TOOL_DECLARE:
        return { header: [], output: declaration(message) };
      case 'assistant':
        return assistant(message, context);
      default:
        throw noForm(message);
    }
  }

  function assistant(message: Message, { isLast, previous }: RenderContext): RenderedMessage {
    const { thinking, text } = thoughtAndSaid(message, splitAtFirstClose);
    const isAfterTool = previous?.role === 'tool';
    const output = [said(text), ...calls(message), said(unparsedText(message)), written(END)];
    if (!thinks || !isLast) {
      return { header: isAfterTool ? [] : [written('<｜Assistant｜></think>')], output };
    }
    const thought = [written('<think>'), said(thinking), written('</think>')];
    // A reply to a result goes on where the result ends; only what was thought tells that there was a block.
    if (isAfterTool) return { header: [], output: thinking === '' ? output : [...thought, ...output] };
    return { header: [written('<｜Assistant｜>')], output: [...thought, ...output] };
  }

  return {
    bosTokens: [],
    preamble: () => [written(BEGIN)],
    reply: {
      ends: [{ token: END, termination: 'stop_sequence' }],
      thinking: { open: '<think>', close: '</think>', prefilled: thinks },
      calls: CALLS,
    },
    renderMessage,
    generationSuffix(role, { previous }) {
      if (role === 'assistant') {
        if (previous?.role === 'tool') return [];
        return [written(`<｜Assistant｜>${thinks ? '<think>' : '</think>'}`)];
      }
      return role === 'tool' ? [written(OUTPUT_BEGIN)] : role === 'user' ? [written('<｜User｜>')] : [];
    },
    createConversationPrefixWithTools: (tools, systemPrompt) => [
      { role: 'system', content: systemPrompt },
      { role: TOOL_DECLARE, content: tools.map(describe).join('\n\n') },
    ],
  };
}

function user(message: Message): RenderedMessage {
  return { header: [written('<｜User｜>')], output: [said(singleTextOf(message))] };
}

function calls({ tool_calls = [] }: Message): Piece[] {
  if (tool_calls.length === 0) return [];
  const each = tool_calls.flatMap(({ function: { name, arguments: json } }) => [
    written(CALL_BEGIN),
    said(name),
    written(CALL_SEP),
    said(json),
    written(CALL_END),
  ]);
  return [written(CALLS_BEGIN), ...each, written(CALLS_END)];
}

const CALLS: CallSyntax = {
  open: CALLS_BEGIN,
  close: CALLS_END,
  plainText: true,
  read(inner) {
    const [before = '', ...blocks] = inner.split(CALL_BEGIN);
    const calls = blocks.map((block) => readCall(block, CALL_BEGIN + block));
    return before.trim() === '' ? calls : [{ raw_text: before, error: NO_CALL }, ...calls];
  },
};

const NO_CALL = `a tool call must be ${CALL_BEGIN}name${CALL_SEP}arguments${CALL_END}`;

function readCall(block: string, raw: string): ToolCall | UnparsedToolCall {
  const text = block.trimEnd();
  const [middle, end] = [text.indexOf(CALL_SEP), text.length - CALL_END.length];
  if (!text.endsWith(CALL_END) || middle === -1 || middle + CALL_SEP.length > end) {
    return { raw_text: raw, error: NO_CALL };
  }
  const [name, json] = [text.slice(0, middle).trim(), text.slice(middle + CALL_SEP.length, end).trim()];
  return callOfJson({ id: null, name, json }, raw);
}

function describe({ name, description, parameters }: ToolSpec): string {
  return `### ${name}\nDescription: ${description}\n\nParameters: ${spaced(parameters)}`;
}

/** The frame is the format's, so that its tokens are those of real calls; the tools' descriptions are said. */
function declaration(message: Message): Piece[] {
  return [
    written('\n\n## Tools\nYou have access to the following tools:\n\n'),
    said(singleTextOf(message)),
    written(`

IMPORTANT: ALWAYS adhere to this exact format for tool use:
${CALLS_BEGIN}${CALL_BEGIN}tool_call_name${CALL_SEP}tool_call_arguments${CALL_END}${CALLS_END}

Where:
- \`tool_call_name\` must be an exact match to one of the available tools
- \`tool_call_arguments\` must be valid JSON that strictly follows the tool's Parameters Schema
- For multiple tool calls, chain them directly without separators or spaces`),
  ];
}
