// role_colon: conversations for base models, as a transcript of `User: …` and `Assistant: …` paragraphs.

import type { Tokenizer } from '../../tokenizers/types.ts';
import type { MessageFormat } from '../base.ts';
import { textOf } from '../content.ts';
import { defineRenderer } from '../definition.ts';
import { said } from '../pieces.ts';
import { unparsedText } from '../tool_calls.ts';
import type { ParsedResponse } from '../types.ts';

const STOP = '\n\nUser:';

export const roleColon = defineRenderer({
  name: 'role_colon',
  doc: 'A transcript of `User: …` and `Assistant: …` paragraphs, for base models.',
  stop: { text: STOP },
  tokens: [],
  hasExtensionProperty: true,
  supportsStreaming: false,
  disablesThinking: false,
  tools: false,
  thinking: 'none',
  options: {},
  format: roleColonFormat,
});

/**
 * `User: Q\n\nAssistant: A\n\nUser:`, after BOS if the tokenizer has one. A reply is over where the user would speak
 * again, so a training example ends with those words and learns them. Tool messages are text like the others. Throws a
 * RendererError for reasoning, which has no form here; tool calls have none either and are told to be left out.
 */
function roleColonFormat(tokenizer: Tokenizer): MessageFormat {
  const header = (role: string) => [said(`${role.charAt(0).toUpperCase()}${role.slice(1)}:`)];
  return {
    bosTokens: tokenizer.bosTokenId === null ? [] : [tokenizer.bosTokenId],
    reply: (tokens) => parseTranscript(tokens, tokenizer),
    renderMessage: (message) => ({
      header: header(message.role),
      output: [said(` ${textOf(message)}${unparsedText(message)}\n\n`)],
      stopOverlap: header('user'),
    }),
    generationSuffix: header,
  };
}

/** Exactly one end is a clean one: the stop words, or end-of-sequence, which base models write instead of them. */
function parseTranscript(tokens: readonly number[], tokenizer: Tokenizer): ParsedResponse {
  const endsWithEos = tokens.length > 0 && tokenizer.endTokenIds.includes(tokens[tokens.length - 1]);
  const text = tokenizer.decode(endsWithEos ? tokens.slice(0, -1) : tokens, { continues: true });
  const [reply = '', ...rest] = text.split(STOP);
  const content = withoutTrailingBlankLines(reply.replace(/^ /, ''));
  if (rest.length + (endsWithEos ? 1 : 0) !== 1)
    return { message: { role: 'assistant', content }, termination: 'malformed' };
  return { message: { role: 'assistant', content }, termination: endsWithEos ? 'eos' : 'stop_sequence' };
}

function withoutTrailingBlankLines(text: string): string {
  const newline = text.indexOf('\n', text.trimEnd().length);
  return newline === -1 ? text : text.slice(0, newline);
}
