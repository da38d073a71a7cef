// Whether two tokenizers give the same ids to the same tokens, and where they do not.

import type { Tokenizer } from './types.ts';

export interface DifferingToken {
  id: number;
  /** What it is in the one and in the other; null where no token has the id. */
  texts: [string | null, string | null];
}

/** By id. Merges and normalization may differ: they decide which ids a text has, and not what an id is. */
export function differingTokens(one: Tokenizer, other: Tokenizer): DifferingToken[] {
  return Array.from(
    { length: Math.max(one.vocabSize, other.vocabSize) },
    (_, id): DifferingToken => ({
      id,
      texts: [one.tokenText(id), other.tokenText(id)],
    }),
  ).filter(({ texts: [first, second] }) => first !== second);
}
