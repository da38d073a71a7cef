// Examples packed into the microbatches that are computed together.

import type { Example } from './examples.ts';
import { contextKey, SharedContexts } from './layout.ts';

type Packed = Pick<Example, 'tokens' | 'context' | 'K'>;

/** Of examples that are computed together none is shorter than the longest by more than this factor: attention pads them. */
const UNLIKE = 4;

class Microbatch {
  readonly indices: number[] = [];
  readonly #K: number;
  readonly #contexts = new SharedContexts();
  /** That are read. */
  #tokens = 0;
  #longest = 0;
  #shortest = Number.POSITIVE_INFINITY;

  constructor(K: number) {
    this.#K = K;
  }

  fits(example: Packed, budget: number): boolean {
    const { length } = example.tokens;
    const isAlike = UNLIKE * Math.min(this.#shortest, length) >= Math.max(this.#longest, length);
    return example.K === this.#K && isAlike && this.#tokens + this.#contexts.unread(example) <= budget;
  }

  add(example: Packed, index: number): void {
    const { length } = example.tokens;
    this.indices.push(index);
    this.#tokens += this.#contexts.unread(example);
    this.#longest = Math.max(this.#longest, length);
    this.#shortest = Math.min(this.#shortest, length);
    this.#contexts.join(example, index);
  }
}

/**
 * Groups of examples that are computed together: not too unlike in length, and at most `budget` tokens (one longer example
 * goes alone), of which a context that examples share counts once. The same batch gives the same groups, and gradients the same
 * bytes, everywhere.
 */
export function microbatches(examples: readonly Packed[], budget: number): number[][] {
  const groups: Microbatch[] = [];
  for (const index of inOrder(examples)) {
    const example = examples[index];
    let group = groups.at(-1);
    if (group === undefined || !group.fits(example, budget)) {
      group = new Microbatch(example.K);
      groups.push(group);
    }
    group.add(example, index);
  }
  return groups.map(({ indices }) => indices);
}

/** The longest first, each followed by those that have the same context. */
function inOrder(examples: readonly Packed[]): number[] {
  const order = examples
    .map((_, i) => i)
    .sort((a, b) => examples[b].tokens.length - examples[a].tokens.length || a - b);
  const alike = new Map<string | number, number[]>();
  for (const index of order) {
    const key = contextKey(examples[index]) ?? index;
    const members = alike.get(key);
    if (members === undefined) alike.set(key, [index]);
    else members.push(index);
  }
  return [...alike.values()].flat();
}
