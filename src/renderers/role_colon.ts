// role_colon: conversations for base models, as a transcript of `User: …` and `Assistant: …` lines.

import type { Tokenizer } from '../tokenizers/types.ts';
import { createRenderer } from './base.ts';
import { textOf } from './content.ts';
import type { ParsedResponse, Renderer } from './types.ts';

const STOP = '\n\nUser:';

/**
 * `User: Q\n\nAssistant: A\n\nUser:`, after BOS if the tokenizer has one. A reply is over where the user would speak
 * again, so a training example ends with those words and learns them. Tool messages are text like the others; tool calls
 * have no form here and are left out. Throws a RendererError for messages with reasoning.
 */
export function roleColonRenderer(tokenizer: Tokenizer): Renderer {
  const header = (role: string) => tokenizer.encode(`${role.charAt(0).toUpperCase()}${role.slice(1)}:`);
  return createRenderer({
    tokenizer,
    bosTokens: tokenizer.bosTokenId === null ? [] : [tokenizer.bosTokenId],
    hasExtensionProperty: true,
    stopSequences: [STOP],
    renderMessage: (message) => ({
      header: header(message.role),
      output: tokenizer.encode(` ${textOf(message)}\n\n`, { special: false }),
      stopOverlap: header('user'),
    }),
    generationSuffix: header,
    parseResponse: (tokens) => parseResponse(tokens, tokenizer),
  });
}

/** Exactly one end is a clean one: the stop words, or end-of-sequence, which base models write instead of them. */
function parseResponse(tokens: readonly number[], tokenizer: Tokenizer): ParsedResponse {
  const endsWithEos = tokens.length > 0 && tokens.at(-1) === tokenizer.eosTokenId;
  const [reply = '', ...rest] = tokenizer.decode(endsWithEos ? tokens.slice(0, -1) : tokens).split(STOP);
  const content = withoutTrailingBlankLines(reply.replace(/^ /, ''));
  if (rest.length + (endsWithEos ? 1 : 0) !== 1)
    return { message: { role: 'assistant', content }, termination: 'malformed' };
  return { message: { role: 'assistant', content }, termination: endsWithEos ? 'eos' : 'stop_sequence' };
}

function withoutTrailingBlankLines(text: string): string {
  const newline = text.indexOf('\n', text.trimEnd().length);
  return newline === -1 ? text : text.slice(0, newline);
}
