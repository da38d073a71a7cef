// A training example as text for the terminal, coloured by what the loss sees.

import pc from 'picocolors';
import { type Datum, tokensOf } from '../tinker/types.ts';
import type { Tokenizer } from '../tokenizers/types.ts';
import { printableText } from '../util/printable.ts';

/** Decodes a datum: green where the weight is positive, yellow where it is 0, red where it is negative. */
export function colorizeExample(datum: Datum, tokenizer: Tokenizer): string {
  // Always coloured: where the text ends up decides whether colours are shown.
  const { green, yellow, red } = pc.createColors(true);
  const colorOf = (weight: number) => (weight > 0 ? green : weight < 0 ? red : yellow);
  const { target_tokens, weights } = datum.loss_fn_inputs;
  const tokens = [...tokensOf(datum.model_input).slice(0, 1), ...target_tokens.data];
  const colors = [yellow, ...Array.from(weights.data, colorOf)];

  // Runs rather than tokens, because a character may take several tokens.
  let text = '';
  for (let start = 0, end = 0; start < tokens.length; start = end) {
    while (end < tokens.length && colors[end] === colors[start]) end += 1;
    text += colors[start](printableText(tokenizer.decode(tokens.slice(start, end))));
  }
  return text;
}
