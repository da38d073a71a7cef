// What a sequence is made of, position by position where it is text: tokens, and the pictures among them.

import type { ImageChunk, ModelInput, ModelInputChunk } from '../tinker/types.ts';

export type Element = number | ImageChunk;

export function elementsOf({ chunks }: ModelInput): Element[] {
  return chunks.flatMap((chunk): Element[] => (chunk.type === 'image' ? [chunk] : chunk.tokens));
}

export function chunksOf(elements: readonly Element[]): ModelInputChunk[] {
  const chunks: ModelInputChunk[] = [];
  for (const element of elements) {
    const last = chunks.at(-1);
    if (typeof element !== 'number') chunks.push(element);
    else if (last?.type === 'encoded_text') last.tokens.push(element);
    else chunks.push({ type: 'encoded_text', tokens: [element] });
  }
  return chunks;
}

export function beginsWith(elements: readonly Element[], prefix: readonly Element[]): boolean {
  return prefix.length <= elements.length && prefix.every((element, i) => isSame(element, elements[i]));
}

/** Two pictures are the same if they show the same bytes. */
function isSame(a: Element, b: Element): boolean {
  if (typeof a === 'number' || typeof b === 'number') return a === b;
  return a === b || (a.expected_tokens === b.expected_tokens && Buffer.compare(a.data, b.data) === 0);
}
