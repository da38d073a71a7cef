// What a policy saw, as text for people.

import type { ModelInput } from '../tinker/types.ts';
import type { Tokenizer } from '../tokenizers/types.ts';
import { beginsWith, chunksOf, type Element, elementsOf } from './elements.ts';
import type { Transition } from './types.ts';

/** Special tokens are spelled out, and a picture is named. */
export function observationText(observation: ModelInput, tokenizer: Tokenizer): string {
  return textOf(elementsOf(observation), tokenizer);
}

/** The part of an observation that is new: what stands behind the last one and its action, or all of it. */
export function newObservationText(
  observation: ModelInput,
  before: Pick<Transition, 'ob' | 'ac'> | null,
  tokenizer: Tokenizer,
): { text: string; continues: boolean } {
  const elements = elementsOf(observation);
  const known = before === null ? [] : [...elementsOf(before.ob), ...before.ac.tokens];
  const continues = known.length > 0 && beginsWith(elements, known);
  return { text: textOf(continues ? elements.slice(known.length) : elements, tokenizer, continues), continues };
}

function textOf(elements: readonly Element[], tokenizer: Tokenizer, continues = false): string {
  return chunksOf(elements)
    .map((chunk, i) =>
      chunk.type === 'image'
        ? `[picture: ${chunk.format}, ${chunk.expected_tokens} positions]`
        : tokenizer.decode(chunk.tokens, { continues: continues || i > 0 }),
    )
    .join('');
}
