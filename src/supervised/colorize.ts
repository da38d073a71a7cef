// A training example as text for the terminal, coloured by what the loss sees.

import pc from 'picocolors';
import type { Colors, Formatter } from 'picocolors/types.js';
import { type Datum, tokensOf } from '../tinker/types.ts';
import { tokenTexts } from '../tokenizers/token_texts.ts';
import type { Tokenizer } from '../tokenizers/types.ts';
import { printableText } from '../util/printable.ts';

/** Green where the weight is positive, yellow where it is 0, red where it is negative. */
export function colorOfWeight(weight: number, { green, yellow, red }: Colors): Formatter {
  return weight > 0 ? green : weight < 0 ? red : yellow;
}

/** Decodes a datum, in the colours of its weights. */
export function colorizeExample(datum: Datum, tokenizer: Tokenizer): string {
  // Always coloured: where the text ends up decides whether colours are shown.
  const colors = pc.createColors(true);
  const { target_tokens, weights } = datum.loss_fn_inputs;
  const tokens = [...tokensOf(datum.model_input).slice(0, 1), ...target_tokens.data];
  const texts = tokenTexts(tokens, tokenizer);
  const painters = [0, ...weights.data].map((weight) => colorOfWeight(weight, colors));

  let text = '';
  for (let start = 0, end = 0; start < tokens.length; start = end) {
    while (end < tokens.length && painters[end] === painters[start]) end += 1;
    text += painters[start](printableText(texts.slice(start, end).join('')));
  }
  return text;
}
