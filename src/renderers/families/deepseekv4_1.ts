// deepseekv4_1: the models of DeepSeek V4.1; an effort in numbers, tool calls in DSML, results as parts of a user's turn.

import { RendererError } from '../../util/errors.ts';
import type { MessageFormat, RenderContext, RenderedMessage } from '../base.ts';
import { noForm, singleTextOf, thoughtAndSaid } from '../content.ts';
import { factOf } from '../conversation_facts.ts';
import { defineRenderer } from '../definition.ts';
import { type Piece, said, written } from '../pieces.ts';
import { rankByKnownIds, schemaLines, sortResults, TOOL_DECLARE, unparsedText } from '../tool_calls.ts';
import type { Message } from '../types.ts';
import { callPieces, DSML, DSML_CALLS, declarationPieces } from './dsml.ts';

const BEGIN = '<｜begin▁of▁sentence｜>';
const END = '<｜end▁of▁sentence｜>';
const SYSTEM = '<｜System｜>';
const USER = '<｜User｜>';
const ASSISTANT = '<｜Assistant｜>';

interface Mode {
  /** Of 100; null where prompts close the reasoning before it begins. */
  budget: number | null;
  /** Earlier turns keep their reasoning. */
  preserves: boolean;
}

function define(name: string, doc: string, mode: Mode) {
  return defineRenderer({
    name,
    doc,
    stop: { tokens: [END] },
    tokens: [BEGIN, SYSTEM, USER, ASSISTANT, '<think>', '</think>', DSML],
    hasExtensionProperty: mode.preserves || mode.budget === null,
    supportsStreaming: true,
    // A reply's reasoning is left out in history too, so that it contradicts no prompt.
    disablesThinking: false,
    tools: true,
    thinking: mode.budget === null ? 'closed' : 'opened',
    options: {},
    format: () => deepseekV41Format(mode),
  });
}

export const deepseekV41 = [
  define('deepseekv4_1', 'DeepSeek V4.1 with reasoning, effort 75 of 100.', { budget: 75, preserves: false }),
  define('deepseekv4_1_low_reasoning', 'DeepSeek V4.1, effort 50 of 100.', { budget: 50, preserves: false }),
  define('deepseekv4_1_max_reasoning', 'DeepSeek V4.1, effort 100 of 100.', { budget: 100, preserves: false }),
  define('deepseekv4_1_disable_thinking', 'DeepSeek V4.1 without reasoning.', { budget: null, preserves: false }),
  define('deepseekv4_1_preserve_thinking', 'DeepSeek V4.1, effort 75, keeping the reasoning of earlier turns.', {
    budget: 75,
    preserves: true,
  }),
];

function deepseekV41Format({ budget, preserves }: Mode): MessageFormat {
  const thinks = budget !== null;
  const effort = `Reasoning Effort: ${budget} (range 1-100, the higher the value, the more thorough the reasoning)\n\n`;

  function keepsReasoning({ messages, index }: RenderContext): boolean {
    if (!thinks) return false;
    return preserves || declaresTools(messages) || index > lastAsking(messages);
  }

  /** Only what answers a user's turn is announced. */
  function assistantHeader(context: RenderContext): Piece[] {
    if (context.previous === null || !isAsking(context.previous, context.index - 1)) return [];
    return [written(`${ASSISTANT}${keepsReasoning(context) ? '<think>' : '</think>'}`)];
  }

  function assistant(message: Message, context: RenderContext): RenderedMessage {
    const { thinking, text } = thoughtAndSaid(message);
    return {
      header: assistantHeader(context),
      output: [
        ...(keepsReasoning(context) ? [said(thinking), written('</think>')] : []),
        said(text),
        ...callPieces(message.tool_calls ?? []),
        ...unparsed(message, text),
        written(END),
      ],
    };
  }

  function renderMessage(message: Message, context: RenderContext): RenderedMessage {
    const { index, previous, messages } = context;
    switch (message.role) {
      case 'system':
        return { header: index === 0 ? [] : [written(SYSTEM)], output: [said(singleTextOf(message))] };
      case TOOL_DECLARE:
        if (index > 1 || (index === 1 && messages[0].role !== 'system')) {
          throw new RendererError('tools can only be declared first, or right after the first system message');
        }
        return { header: [written('\n\n')], output: declarationPieces(singleTextOf(message)) };
      case 'user':
        return { header: userHeader(previous), output: [said(singleTextOf(message))] };
      case 'tool': {
        const result = [written('<tool_result>'), said(singleTextOf(message)), written('</tool_result>')];
        return { header: userHeader(previous), output: result };
      }
      case 'assistant':
        return assistant(message, context);
      default:
        throw noForm(message);
    }
  }

  return {
    bosTokens: [],
    arrange: (messages) => sortResults(messages, rankByKnownIds, isInUserTurn),
    preamble(messages) {
      const hasSystem = messages[0]?.role === 'system' || messages[0]?.role === TOOL_DECLARE;
      return [written(`${BEGIN}${thinks || hasSystem ? SYSTEM : ''}${thinks ? effort : ''}`)];
    },
    reply: {
      ends: [{ token: END, termination: 'stop_sequence' }],
      thinking: { open: '<think>', close: '</think>', prefilled: thinks },
      calls: DSML_CALLS,
    },
    renderMessage,
    generationSuffix(role, context) {
      if (role === 'assistant') return assistantHeader(context);
      if (role === 'system') return [written(SYSTEM)];
      return [...userHeader(context.previous), ...(role === 'tool' ? [written('<tool_result>')] : [])];
    },
    createConversationPrefixWithTools: (tools, systemPrompt) => [
      ...(systemPrompt === '' ? [] : [{ role: 'system', content: systemPrompt }]),
      { role: TOOL_DECLARE, content: schemaLines(tools) },
    ],
  };
}

function isInUserTurn({ role }: Message): boolean {
  return role === 'user' || role === 'tool';
}

/** Whether an assistant answers such a message: a user's, a result, and any system message that is not first. */
function isAsking(message: Message, index: number): boolean {
  return isInUserTurn(message) || (message.role === 'system' && index > 0);
}

const declaresTools = factOf((messages) => messages.some(({ role }) => role === TOOL_DECLARE));
const lastAsking = factOf((messages) => messages.findLastIndex(isAsking));

function userHeader(previous: Message | null): Piece[] {
  return [written(previous !== null && isInUserTurn(previous) ? '\n\n' : USER)];
}

/** What could not be read of a reply that was cut inside of a block is in its text already. */
function unparsed(message: Message, text: string): Piece[] {
  const raw = unparsedText(message);
  return text.endsWith(raw) ? [] : [said(`\n\n${raw}`)];
}
