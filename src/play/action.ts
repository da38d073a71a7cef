// What a person types as what a model would have sampled: tokens behind a prompt, up to the one that ends them.

import type { StopCondition } from '../rl/types.ts';
import type { ModelInput } from '../tinker/types.ts';
import type { Tokenizer } from '../tokenizers/types.ts';

/** Tokens of a prompt's end that decide how text behind it is encoded. */
const TAIL = 8;

/**
 * A person is the policy: special tokens that are spelled out are these tokens. The action ends where something in it ends
 * it, else with the first stop.
 */
export function actionTokens(text: string, prompt: ModelInput, stop: StopCondition, tokenizer: Tokenizer): number[] {
  const strings = stop.filter((each) => typeof each === 'string');
  const ids = stop.filter((each) => typeof each === 'number');
  const tokens = encodedBehind(prompt, untilStop(text, strings), tokenizer);
  const end = tokens.findIndex((token) => ids.includes(token) || tokenizer.endTokenIds.includes(token));
  if (end !== -1) return tokens.slice(0, end + 1);
  const last = strings.length > 0 ? undefined : (ids[0] ?? tokenizer.eosTokenId ?? undefined);
  return last === undefined ? tokens : [...tokens, last];
}

/** The text with the string that ends it: the first in it, else the first there is. */
function untilStop(text: string, strings: readonly string[]): string {
  const ends = strings.flatMap((stop) => (text.includes(stop) ? [text.indexOf(stop) + stop.length] : []));
  return ends.length > 0 ? text.slice(0, Math.min(...ends)) : text + (strings[0] ?? '');
}

/** Text is encoded in another way at the beginning of a text than behind some. */
function encodedBehind({ chunks }: ModelInput, text: string, tokenizer: Tokenizer): number[] {
  const last = chunks.at(-1);
  const tail = last?.type === 'encoded_text' ? tokenizer.decode(last.tokens.slice(-TAIL)) : '';
  if (tail === '') return tokenizer.encode(text);
  const [, tokens = []] = tokenizer.encodePieces([
    { text: tail, special: true },
    { text, special: true, apart: true },
  ]);
  return tokens;
}
