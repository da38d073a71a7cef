// glm5_3: the models of GLM 5.3, in which the token that announces the next speaker ends a reply.

import type { MessageFormat, RenderContext, RenderedMessage } from '../base.ts';
import { splitAroundTags, textOf, thoughtAndSaid } from '../content.ts';
import { defineRenderer } from '../definition.ts';
import { type Piece, said, written } from '../pieces.ts';
import type { CallSyntax } from '../reply_syntax.ts';
import {
  argumentsJson,
  argumentsOf,
  jsonOrString,
  rankByUniqueIds,
  schemaLines,
  sortResults,
  TOOL_DECLARE,
  unparsedText,
} from '../tool_calls.ts';
import type { Message, ToolCall, ToolSpec, UnparsedToolCall } from '../types.ts';

const USER = '<|user|>';
const OBSERVATION = '<|observation|>';
const END_OF_TEXT = '<|endoftext|>';

export const glm53 = (['Max', 'High', 'Low'] as const).map((effort) =>
  defineRenderer({
    name: `glm5_3_${effort.toLowerCase()}_reasoning`,
    doc: `GLM 5.3 with reasoning, effort ${effort}.`,
    stop: { tokens: [USER, OBSERVATION, END_OF_TEXT] },
    tokens: ['[gMASK]', '<sop>', '<|system|>', '<|assistant|>', '<think>', '</think>', '<tool_call>', '</tool_call>'],
    hasExtensionProperty: true,
    supportsStreaming: true,
    disablesThinking: false,
    tools: true,
    thinking: 'opened',
    options: {},
    format: () => glmFormat(effort),
  }),
);

function glmFormat(effort: string): MessageFormat {
  return {
    bosTokens: [],
    preamble: () => [written(`[gMASK]<sop><|system|>Reasoning Effort: ${effort}`)],
    arrange: (messages) => sortResults(messages, rankByUniqueIds),
    reply: {
      ends: [
        { token: USER, termination: 'stop_sequence' },
        { token: OBSERVATION, termination: 'stop_sequence' },
        { token: END_OF_TEXT, termination: 'eos' },
      ],
      thinking: { open: '<think>', close: '</think>', prefilled: true },
      calls: CALLS,
    },
    renderMessage,
    generationSuffix: (role, context) => {
      if (role === 'assistant') return [written('<|assistant|><think>')];
      return role === 'tool' ? [written(`${speaker(OBSERVATION, context)}<tool_response>`)] : announced(role, context);
    },
    createConversationPrefixWithTools: (tools, systemPrompt) => [
      { role: TOOL_DECLARE, content: schemaLines(declared(tools)) },
      ...(systemPrompt === '' ? [] : [{ role: 'system', content: systemPrompt }]),
    ],
  };
}

function renderMessage(message: Message, context: RenderContext): RenderedMessage {
  if (message.role === TOOL_DECLARE) return { header: [written('<|system|>')], output: declaration(message) };
  if (message.role === 'tool') {
    const tags = [written('<tool_response>'), said(textOf(message)), written('</tool_response>')];
    return { header: [written(speaker(OBSERVATION, context))], output: tags };
  }
  if (message.role !== 'assistant') {
    return { header: announced(message.role, context), output: [said(textOf(message))] };
  }
  const { thinking, text } = thoughtAndSaid(message, splitAroundTags);
  const end = endOf(message);
  const isOwned = context.next === null || speakerOf(context.next.role) === end;
  return {
    header: [written('<|assistant|><think>')],
    output: [
      said(thinking),
      written('</think>'),
      said(text.trim()),
      ...(message.tool_calls ?? []).flatMap(call),
      said(unparsedText(message)),
      ...(isOwned ? [written(end)] : []),
    ],
  };
}

function announced(role: string, context: RenderContext): Piece[] {
  return [written(speaker(speakerOf(role), context))];
}

function speakerOf(role: string): string {
  if (role === 'user') return USER;
  if (role === 'tool') return OBSERVATION;
  return '<|system|>';
}

/** Nothing where a reply has ended with that token already, or where a result follows another. */
function speaker(token: string, { previous }: RenderContext): string {
  if (token === OBSERVATION && previous?.role === 'tool') return '';
  return previous?.role === 'assistant' && endOf(previous) === token ? '' : token;
}

function endOf({ tool_calls = [] }: Message): string {
  return tool_calls.length > 0 ? OBSERVATION : USER;
}

function call(toolCall: ToolCall): Piece[] {
  return [
    written('<tool_call>'),
    said(toolCall.function.name),
    ...[...argumentsOf(toolCall)].flatMap(([key, { string, json }]) => [
      written('<arg_key>'),
      said(key),
      written('</arg_key><arg_value>'),
      said(string ?? json),
      written('</arg_value>'),
    ]),
    written('</tool_call>'),
  ];
}

const ARGUMENT = /\s*<arg_key>(.*?)<\/arg_key>\s*<arg_value>(.*?)<\/arg_value>/sy;

const CALLS: CallSyntax = {
  open: '<tool_call>',
  close: '</tool_call>',
  unterminated: 'text',
  plainText: true,
  read: (inner, raw) => [readCall(inner, raw)],
};

function readCall(inner: string, raw: string): ToolCall | UnparsedToolCall {
  const unparsed = (error: string): UnparsedToolCall => ({ raw_text: raw, error });
  const nameEnd = inner.indexOf('<arg_key>');
  const [name, rest] = nameEnd === -1 ? [inner.trim(), ''] : [inner.slice(0, nameEnd).trim(), inner.slice(nameEnd)];
  if (name === '' || /<\/?(?:arg_key|arg_value|tool_call)>/.test(name)) return unparsed('Malformed GLM tool call');
  const members = new Map<string, string>();
  let at = 0;
  for (;;) {
    ARGUMENT.lastIndex = at;
    const argument = ARGUMENT.exec(rest);
    if (argument === null) break;
    const key = argument[1].trim();
    if (key === '') return unparsed('Empty tool call argument key');
    members.set(key, jsonOrString(argument[2]));
    at = ARGUMENT.lastIndex;
  }
  const left = rest.slice(at);
  if (holdsArgument(left)) return unparsed('Unexpected content between tool call arguments');
  if (left.trim() !== '') return unparsed('Unexpected trailing content inside tool call');
  return { type: 'function', id: null, function: { name, arguments: argumentsJson(members) } };
}

/** One search after another: a pattern for all of it would try every pair of tags. */
function holdsArgument(text: string): boolean {
  const key = text.indexOf('<arg_key>');
  const value = key === -1 ? null : /<\/arg_key>\s*<arg_value>/.exec(text.slice(key));
  return value !== null && text.indexOf('</arg_value>', key + value.index) !== -1;
}

/** Without the fields that only tell a server what to do; tools that are loaded later are not shown. */
function declared(tools: readonly ToolSpec[]): object[] {
  return tools.flatMap((tool) => {
    const { strict: _, defer_loading: isDeferred, ...shown } = { strict: false, defer_loading: false, ...tool };
    return isDeferred ? [] : [shown];
  });
}

function declaration(message: Message): Piece[] {
  return [
    written(`
# Tools

You may call one or more functions to assist with the user query.

You are provided with function signatures within <tools></tools> XML tags:
<tools>
`),
    said(textOf(message)),
    written(`
</tools>

For each function call, output the function name and arguments within the following XML format:
<tool_call>{function-name}<arg_key>{arg-key-1}</arg_key><arg_value>{arg-value-1}</arg_value><arg_key>{arg-key-2}</arg_key><arg_value>{arg-value-2}</arg_value>...</tool_call>`),
  ];
}
