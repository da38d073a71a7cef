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

  /** Adds an example; false where it does not fit. The first one always does. */
  take(example: Packed, index: number, budget: number): boolean {
    const { length } = example.tokens;
    const tokens = this.#tokens + this.#contexts.unread(example);
    const longest = Math.max(this.#longest, length);
    const shortest = Math.min(this.#shortest, length);
    const fits = example.K === this.#K && UNLIKE * shortest >= longest && tokens <= budget;
    if (!fits && this.indices.length > 0) return false;
    this.indices.push(index);
    this.#contexts.join(example, index);
    this.#tokens = tokens;
    this.#longest = longest;
    this.#shortest = shortest;
    return true;
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
    if (groups.at(-1)?.take(example, index, budget)) continue;
    const group = new Microbatch(example.K);
    group.take(example, index, budget);
    groups.push(group);
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
