// Log-probs of tokens, in the forms of both routes.

import { Utf8Decoder } from '../../renderers/utf8_decoder.ts';
import type { TopkLogprobs } from '../../tinker/types.ts';
import type { Tokenizer } from '../../tokenizers/types.ts';
import type { JsonObject } from '../../util/json.ts';

/** A token, what the model says of it, and which tokens it says are the likeliest in its place. */
export interface ScoredToken {
  token: number;
  /** Null for the first of a prompt. */
  logprob: number | null;
  top: [token: number, logprob: number][];
}

/** Of tokens in their order, each with its own log-prob among the most likely: another pass may have rounded it otherwise. */
export function scoredTokens(
  tokens: readonly number[],
  logprobs: readonly (number | null)[],
  top: TopkLogprobs = [],
): ScoredToken[] {
  return tokens.map((token, i) => {
    const logprob = logprobs[i] ?? null;
    const likeliest = (top[i] ?? []).map(([id, value]): [number, number] => [
      id,
      id === token ? (logprob ?? value) : value,
    ]);
    return { token, logprob, top: likeliest };
  });
}

/** As `/completions` has them: lists of equal length. The token itself is always among the most likely. */
export function completionLogprobs(
  scored: readonly ScoredToken[],
  tokenizer: Tokenizer,
  isText: (index: number) => boolean,
): JsonObject {
  const decoder = new Utf8Decoder(tokenizer);
  let offset = 0;
  const text_offset = scored.map(({ token }, index) => {
    const start = offset;
    if (isText(index)) offset += [...decoder.decode(token)].length;
    return start;
  });
  return {
    tokens: scored.map(({ token }) => textOf(token, tokenizer)),
    token_logprobs: scored.map(({ logprob }) => logprob),
    top_logprobs: scored.map(({ token, logprob, top }) =>
      logprob === null ? null : byText([[token, logprob], ...top], tokenizer),
    ),
    text_offset,
  };
}

/** As `/chat/completions` has them. */
export function chatLogprobs(scored: readonly ScoredToken[], tokenizer: Tokenizer): JsonObject {
  const entry = (token: number, logprob: number | null): JsonObject => ({
    token: textOf(token, tokenizer),
    logprob,
    bytes: bytesOf(token, tokenizer),
  });
  return {
    content: scored.map(({ token, logprob, top }) => ({
      ...entry(token, logprob),
      top_logprobs: top.map(([id, value]) => entry(id, value)),
    })),
  };
}

/** Parts of characters look alike as text; of those the likeliest counts, the token itself first. */
function byText(rows: readonly [number, number][], tokenizer: Tokenizer): JsonObject {
  const texts = new Map<string, number>();
  for (const [token, logprob] of rows) {
    const text = textOf(token, tokenizer);
    if (!texts.has(text)) texts.set(text, logprob);
  }
  return Object.fromEntries(texts);
}

function textOf(token: number, tokenizer: Tokenizer): string {
  return tokenizer.decode([token], { continues: true });
}

/** Null for a token that is a part of a character: its bytes are not known here. */
function bytesOf(token: number, tokenizer: Tokenizer): number[] | null {
  const text = textOf(token, tokenizer);
  return text.includes('\ufffd') ? null : [...new TextEncoder().encode(text)];
}
