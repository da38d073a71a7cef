// Conversations through a model's Jinja chat template, keeping what people wrote apart from what the template wrote.

import { Template } from '@huggingface/jinja';
import type { Tokenizer } from '../tokenizers/types.ts';
import { ConfigurationError, messageOf, RendererError } from '../util/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../util/json.ts';
import { textOf } from './content.ts';
import type { Message, ToolCall } from './types.ts';

/** Role of the message that carries tool declarations, as JSON, to the template's `tools`. */
export const TOOL_DECLARE = 'tool_declare';

/**
 * Stands on both sides of a special token that is spelled out inside a message, so that it is still known for text once
 * the template has put the message among real special tokens. Unicode keeps this code point for such internal use.
 */
const MARK = '\uFDD0';

export interface ConversationTemplate {
  /** The Jinja source. */
  source: string;
  /** The rendered text, in which special tokens that come from messages are marked. Throws a RendererError. */
  render(messages: readonly Message[], addGenerationPrompt: boolean): string;
  /** Tokens of rendered text, or of a part of it that does not end inside a mark. */
  encode(rendered: string): number[];
}

/**
 * Compiles the tokenizer's chat template. Templates that print today's date print `currentDate` (YYYY-MM-DD), because a
 * prompt must not change overnight; with null the date is undefined, which many templates answer with one of their own.
 */
export function compileTemplate(tokenizer: Tokenizer, currentDate: string | null): ConversationTemplate {
  const source = tokenizer.chatTemplate;
  if (source === null) {
    throw new ConfigurationError('the model has no chat template', {
      hint: 'Set renderer: role_colon, or take a model directory with a chat_template.jinja.',
    });
  }
  const template = parseTemplate(source);
  const textOfToken = (token: number | null) => (token === null ? undefined : tokenizer.decode([token]));
  const globals = {
    bos_token: textOfToken(tokenizer.bosTokenId),
    eos_token: textOfToken(tokenizer.eosTokenId),
    pad_token: textOfToken(tokenizer.padTokenId),
    documents: null,
    fixed_now: currentDate === null ? undefined : (format: string) => formatDate(format, currentDate),
  };

  return {
    source,
    render(messages, addGenerationPrompt) {
      const [first] = messages;
      const declaresTools = first?.role === TOOL_DECLARE;
      const conversation = (declaresTools ? messages.slice(1) : messages).map((m) => templateMessage(m, source));
      try {
        const tools: JsonValue = declaresTools ? JSON.parse(textOf(first)) : null;
        const written = mapStrings({ messages: conversation, tools }, (text) => mark(text, tokenizer.specialTokens));
        return template.render({ ...globals, ...written, add_generation_prompt: addGenerationPrompt });
      } catch (error) {
        if (error instanceof RendererError) throw error;
        throw new RendererError(`the model's chat template refuses the conversation: ${messageOf(error)}`, {
          cause: error,
          ...(currentDate === null && source.includes('strftime_now')
            ? {
                hint: 'If it asks for the date, set it in the renderer: {builder: chat_template, current_date: 2025-01-31}.',
              }
            : {}),
        });
      }
    },
    encode: (rendered) =>
      rendered.split(MARK).flatMap((piece, index) => tokenizer.encode(piece, { special: index % 2 === 0 })),
  };
}

function parseTemplate(source: string): Template {
  try {
    // The library would read strftime_now off the clock.
    return new Template(`{% set strftime_now = fixed_now %}\n${source}`);
  } catch (error) {
    throw new RendererError(`the model's chat template is no Jinja that can be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/**
 * A message in the form that templates of the Hugging Face world expect: text content, `reasoning_content` where the
 * template knows it (elsewhere reasoning stands in the text, as `<think>`), arguments of tool calls as objects.
 */
function templateMessage(message: Message, source: string): JsonObject {
  const parts =
    typeof message.content === 'string' ? [{ type: 'text' as const, text: message.content }] : message.content;
  const takesReasoning = source.includes('reasoning_content');
  const texts = parts.map((part) => {
    if (part.type === 'text') return part.text;
    return takesReasoning ? '' : `<think>\n${part.thinking}\n</think>\n\n`;
  });
  const reasoning = parts.map((part) => (part.type === 'thinking' ? part.thinking : '')).join('');
  const unparsed = (message.unparsed_tool_calls ?? []).map((call) => call.raw_text);
  const calls = message.tool_calls ?? [];
  if (calls.length > 0 && !source.includes('tool_calls'))
    throw new RendererError("the model's chat template has no tool calls");
  return {
    role: message.role,
    content: [...texts, ...unparsed].join(''),
    ...(takesReasoning && reasoning !== '' ? { reasoning_content: reasoning } : {}),
    ...(calls.length > 0 ? { tool_calls: calls.map(templateToolCall) } : {}),
    ...(message.tool_call_id === undefined ? {} : { tool_call_id: message.tool_call_id }),
    ...(message.name === undefined ? {} : { name: message.name }),
  };
}

function templateToolCall(call: ToolCall): JsonObject {
  const { name } = call.function;
  let parsed: unknown;
  try {
    parsed = JSON.parse(call.function.arguments);
  } catch (error) {
    throw new RendererError(`the arguments of the call of ${name} are not valid JSON: ${messageOf(error)}`);
  }
  if (!isJsonObject(parsed)) throw new RendererError(`the arguments of the call of ${name} must be a JSON object`);
  return { type: 'function', ...(call.id === null ? {} : { id: call.id }), function: { name, arguments: parsed } };
}

function mark(text: string, specialTokens: readonly string[]): string {
  if (text.includes(MARK))
    throw new RendererError('a message holds U+FDD0, a code point that Unicode keeps out of the exchange of text');
  if (!specialTokens.some((token) => text.includes(token))) return text;
  const spelledOut = specialTokens.map((token) => token.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|');
  return text.replace(new RegExp(spelledOut, 'g'), `${MARK}$&${MARK}`);
}

function mapStrings(object: JsonObject, change: (text: string) => string): JsonObject {
  const mapValue = (value: JsonValue): JsonValue => {
    if (typeof value === 'string') return change(value);
    if (Array.isArray(value)) return value.map(mapValue);
    return isJsonObject(value) ? mapStrings(value, change) : value;
  };
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, mapValue(value)]));
}

/** The directives of strftime that chat templates use. */
function formatDate(format: string, date: string): string {
  const at = new Date(`${date}T00:00:00Z`);
  const name = (options: Intl.DateTimeFormatOptions) => at.toLocaleDateString('en-US', { ...options, timeZone: 'UTC' });
  const [year = '', month = '', day = ''] = date.split('-');
  const directives: Record<string, string> = {
    '%Y': year,
    '%m': month,
    '%d': day,
    '%B': name({ month: 'long' }),
    '%b': name({ month: 'short' }),
    '%A': name({ weekday: 'long' }),
    '%a': name({ weekday: 'short' }),
    '%H': '00',
    '%M': '00',
    '%S': '00',
  };
  return format.replace(/%./g, (directive) => {
    const value = directives[directive];
    if (value === undefined) throw new Error(`it formats the date with ${directive}, which is not known here`);
    return value;
  });
}
