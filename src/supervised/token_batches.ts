// Batches that are filled by tokens: all of nearly one size, none above the bound, and as many in any order of the examples.

/** Orders that differ a little from that of lengths are tried so often before the plain one is taken, in which batches fit for certain. */
const ATTEMPTS = 4;
/** Lengths that differ by less than this share count as equal in such an order. */
const ALIKE = 1.15;

/**
 * The longest first, each into the batch that is emptiest yet (the rule of longest processing time). How full batches become
 * depends on the lengths alone, so the number of them does too; `order` decides which examples of like length meet, and which
 * batch comes first.
 */
export function packBatches(tokens: readonly number[], batchTokens: number, order: readonly number[]): number[][] {
  const count = fewestBatches(tokens, batchTokens);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const turned = rotated(order, Math.floor((attempt * order.length) / ATTEMPTS));
    const classOf = (index: number) => Math.floor(Math.log(Math.max(tokens[index], 1)) / Math.log(ALIKE));
    const batches = fill(tokens, count, byDescending(turned, classOf));
    if (batches.every((batch) => total(tokens, batch) <= batchTokens)) return inOrder(batches, order);
  }
  return inOrder(
    fill(
      tokens,
      count,
      byDescending(order, (index) => tokens[index]),
    ),
    order,
  );
}

function fewestBatches(tokens: readonly number[], batchTokens: number): number {
  const all = tokens.map((_, index) => index);
  const longestFirst = byDescending(all, (index) => tokens[index]);
  let count = Math.max(1, Math.ceil(total(tokens, all) / batchTokens));
  while (fill(tokens, count, longestFirst).some((batch) => total(tokens, batch) > batchTokens)) count += 1;
  return count;
}

/** A heap of the batches by how many tokens they hold; of equal ones the first comes first. */
function fill(tokens: readonly number[], count: number, order: readonly number[]): number[][] {
  const batches = Array.from({ length: count }, (): number[] => []);
  const held = new Float64Array(count);
  const heap = batches.map((_, batch) => batch);
  const before = (a: number, b: number) => held[a] < held[b] || (held[a] === held[b] && a < b);
  for (const index of order) {
    const [emptiest] = heap;
    batches[emptiest].push(index);
    held[emptiest] += tokens[index];
    for (let at = 0; ; ) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      const child = right < count && before(heap[right], heap[left]) ? right : left;
      if (child >= count || !before(heap[child], heap[at])) break;
      [heap[at], heap[child]] = [heap[child], heap[at]];
      at = child;
    }
  }
  return batches.filter((batch) => batch.length > 0);
}

/** Stable, so that those of one size stay in their order. */
function byDescending(order: readonly number[], sizeOf: (index: number) => number): number[] {
  return order.toSorted((a, b) => sizeOf(b) - sizeOf(a));
}

/** Batches, and the examples in each, as the order has them: the first of a batch decides. */
function inOrder(batches: readonly number[][], order: readonly number[]): number[][] {
  const place = new Uint32Array(order.length);
  for (const [at, index] of order.entries()) place[index] = at;
  return batches.map((batch) => batch.toSorted((a, b) => place[a] - place[b])).sort(([a], [b]) => place[a] - place[b]);
}

function rotated(order: readonly number[], by: number): number[] {
  return [...order.slice(by), ...order.slice(0, by)];
}

function total(tokens: readonly number[], indices: readonly number[]): number {
  return indices.reduce((sum, index) => sum + tokens[index], 0);
}
