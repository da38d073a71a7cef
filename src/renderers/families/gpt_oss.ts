// gpt_oss: the Harmony format, in which each message names its channel and calls go to a recipient.

import type { Tokenizer } from '../../tokenizers/types.ts';
import { RendererError } from '../../util/errors.ts';
import type { MessageFormat, RenderContext, RenderedMessage } from '../base.ts';
import { singleTextOf, thoughtAndSaid } from '../content.ts';
import { defineRenderer } from '../definition.ts';
import { type Piece, said, written } from '../pieces.ts';
import { toolNameOf, unparsedText } from '../tool_calls.ts';
import { addedTo } from '../train_on_what.ts';
import type { Message, ToolCall } from '../types.ts';
import { CALL, CHANNEL, CONSTRAIN, END, MESSAGE, parseHarmony, RETURN, START } from './harmony_replies.ts';
import { harmonyNamespace } from './typescript_tools.ts';

/** Internal: a message in the name of the system, which to this format is not the one who writes system messages. */
const HARMONY_SYSTEM = 'harmony_system';

/** Printed unless the option says otherwise: one date, because the tokens of a spec must not depend on the day. */
const DEFAULT_DATE = '2025-01-01';

type Effort = 'low' | 'medium' | 'high';

function define(name: string, doc: string, effort: Effort | null) {
  return defineRenderer({
    name,
    doc,
    stop: { tokens: [RETURN, CALL] },
    tokens: [START, MESSAGE, CHANNEL, CONSTRAIN, END],
    hasExtensionProperty: false,
    supportsStreaming: false,
    disablesThinking: false,
    tools: true,
    thinking: 'sampled',
    options: { current_date: null },
    format: (tokenizer, { current_date }) => gptOssFormat(tokenizer, systemPrompt(effort, current_date)),
  });
}

const DATED = `It prints the date ${DEFAULT_DATE} unless current_date is set.`;

export const gptOss = [
  define('gpt_oss_no_sysprompt', 'gpt-oss without its system prompt; current_date prints nothing.', null),
  define('gpt_oss_low_reasoning', `gpt-oss, effort low. ${DATED}`, 'low'),
  define('gpt_oss_medium_reasoning', `gpt-oss, effort medium. ${DATED}`, 'medium'),
  define('gpt_oss_high_reasoning', `gpt-oss, effort high. ${DATED}`, 'high'),
];

function systemPrompt(effort: Effort | null, date: string | null): string | null {
  if (effort === null) return null;
  return `You are ChatGPT, a large language model trained by OpenAI.
Knowledge cutoff: 2024-06
Current date: ${date ?? DEFAULT_DATE}

Reasoning: ${effort}

# Valid channels: analysis, commentary, final. Channel must be included for every message.`;
}

function gptOssFormat(tokenizer: Tokenizer, prompt: string | null): MessageFormat {
  return {
    bosTokens: [],
    arrange(messages) {
      if (prompt === null) return messages;
      return [addedTo(messages, { role: HARMONY_SYSTEM, content: prompt }), ...messages];
    },
    reply: (tokens) => parseHarmony(tokens, tokenizer),
    renderMessage,
    generationSuffix: (role) => [written(START), said(shownRole(role))],
    createConversationPrefixWithTools: (tools, systemText) => [
      { role: HARMONY_SYSTEM, content: "Calls to these tools must go to the commentary channel: 'functions'." },
      {
        role: 'developer',
        content: `${systemText === '' ? '' : instructions(systemText)}# Tools\n\n${harmonyNamespace(tools)}`,
      },
    ],
  };
}

function renderMessage(message: Message, context: RenderContext): RenderedMessage {
  const { role } = message;
  if (role === 'assistant') return { header: [written(`${START}assistant`)], output: assistant(message, context) };
  if (role === 'tool') {
    return {
      header: [written(`${START}functions.`), said(toolNameOf(message, context.messages)), written(' to=assistant')],
      output: [written(`${CHANNEL}commentary${MESSAGE}`), said(singleTextOf(message)), written(END)],
    };
  }
  const text = singleTextOf(message);
  const shown = role === 'system' ? instructions(text) : text;
  return { header: [written(START), said(shownRole(role))], output: [written(MESSAGE), said(shown), written(END)] };
}

/** System messages are a developer's here. */
function shownRole(role: string): string {
  if (role === HARMONY_SYSTEM) return 'system';
  return role === 'system' ? 'developer' : role;
}

function instructions(text: string): string {
  return `# Instructions\n\n${text}\n\n`;
}

function assistant(message: Message, { isLast }: RenderContext): Piece[] {
  const { thinking, text: answer } = thoughtAndSaid(message);
  const text = `${answer}${unparsedText(message)}`;
  const calls = message.tool_calls ?? [];
  const next = written(`${END}${START}assistant`);
  const thought = thinking === '' ? [] : [written(`${CHANNEL}analysis${MESSAGE}`), said(thinking), next];
  if (calls.length === 0) {
    return [...thought, written(`${CHANNEL}final${MESSAGE}`), said(text), written(isLast ? RETURN : END)];
  }
  const preamble = text === '' ? [] : [written(`${CHANNEL}commentary${MESSAGE}`), said(text), next];
  return [...thought, ...preamble, ...calls.flatMap((call, index) => callPieces(call, index > 0))];
}

function callPieces({ function: { name, arguments: json } }: ToolCall, followsAnother: boolean): Piece[] {
  if (name === '') throw new RendererError('a tool call must have a name');
  return [
    written(`${followsAnother ? `${START}assistant` : ''} to=functions.`),
    said(name),
    written(`${CHANNEL}commentary ${CONSTRAIN}json${MESSAGE}`),
    said(json),
    written(CALL),
  ];
}
