// Training examples and prompts as text, with ⟦…⟧ around what is trained.

import type { SupervisedExample } from '../../src/renderers/types.ts';
import { type ModelInput, tokensOf } from '../../src/tinker/types.ts';
import type { Tokenizer } from '../../src/tokenizers/types.ts';

export function showExample({ model_input, weights }: SupervisedExample, tokenizer: Tokenizer): string {
  const tokens = tokensOf(model_input);
  if (tokens.length !== weights.length) throw new Error(`${tokens.length} tokens, ${weights.length} weights`);
  let text = '';
  for (let start = 0, end = 0; start < tokens.length; start = end) {
    while (end < tokens.length && weights[end] === weights[start]) end += 1;
    const run = tokenizer.decode(tokens.slice(start, end));
    text += weights[start] === 0 ? run : `⟦${run}⟧`;
  }
  return text;
}

export function showPrompt(prompt: ModelInput, tokenizer: Tokenizer): string {
  return tokenizer.decode(tokensOf(prompt));
}
