// What a reply says aloud, piece by piece while it is sampled: its text, without reasoning, tool calls and stop words.

import type { Renderer } from '../renderers/types.ts';
import { Utf8Decoder } from '../renderers/utf8_decoder.ts';

/** Text is told as soon as it is certain. The reply's own text, once it is whole, has the last word. */
export async function* spokenText(
  tokens: AsyncIterable<number>,
  renderer: Renderer,
  prompt: readonly number[],
): AsyncGenerator<string> {
  if (!renderer.supportsStreaming) return yield* plainText(tokens, renderer, prompt);
  for await (const event of renderer.parseResponseStreaming(tokens)) if (event.type === 'text') yield event.text;
}

/** With one of these begins what formats say other than aloud. */
const TAGS = ['<think>', '</think>', '<tool_call>', '<|'];

/**
 * Of a format that is only read whole, all is certain up to its first tag, or to what may be the beginning of one or of the
 * stop words. Where the prompt has opened the reasoning, nothing is.
 */
async function* plainText(
  tokens: AsyncIterable<number>,
  { tokenizer, getStopSequences }: Renderer,
  prompt: readonly number[],
): AsyncGenerator<string> {
  const stops: readonly (string | number)[] = getStopSequences();
  const ends = new Set([...tokenizer.endTokenIds, ...stops]);
  const marks = [...TAGS, ...stops.filter((stop) => typeof stop === 'string')];
  const decoder = new Utf8Decoder(tokenizer);
  let isCertain = !/<think>\s*$/.test(tokenizer.decode(prompt.slice(-8)));
  let held = '';
  for await (const token of tokens) {
    if (!isCertain) continue;
    if (ends.has(token)) isCertain = false;
    held += ends.has(token) ? '' : decoder.decode(token);
    const end = certainEnd(held, marks);
    if (end > 0) yield held.slice(0, end);
    held = held.slice(end);
    if (marks.some((mark) => held.startsWith(mark))) isCertain = false;
  }
}

/** Where the text goes on with a mark, or ends in the beginning of one. */
export function certainEnd(text: string, marks: readonly string[]): number {
  for (let start = 0; start < text.length; start++) {
    const rest = text.slice(start);
    if (marks.some((mark) => rest.startsWith(mark) || mark.startsWith(rest))) return start;
  }
  return text.length;
}
