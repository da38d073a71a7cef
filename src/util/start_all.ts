// Work on many things at once, of which one failure is the end.

import pLimit from 'p-limit';

/**
 * Begins work on all items in their order, on at most so many at once (null: all). The first that fails aborts the signal that
 * the others are given. Whoever waits for an outcome is told of its failure; until then it may fail unheard.
 */
export function startAll<Item, Outcome>(
  items: readonly Item[],
  { most, signal }: { most: number | null; signal: AbortSignal },
  work: (item: Item, index: number, signal: AbortSignal) => Promise<Outcome>,
): Promise<Outcome>[] {
  const limit = pLimit(most ?? Math.max(1, items.length));
  const failure = new AbortController();
  const either = AbortSignal.any([signal, failure.signal]);
  return items.map((item, index) => {
    const begun = limit(() => work(item, index, either));
    begun.catch((error: unknown) => failure.abort(error));
    return begun;
  });
}
