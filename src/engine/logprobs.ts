// Log-probs of target tokens: the one place where hidden states meet the vocabulary. Rows are taken in chunks, so that no
// more than a chunk of logits is ever in memory.

import { type Graph, sized, type Value } from './graph.ts';
import { integerRowsOf, isInteger, probabilityProduct, type Weight } from './integer_products.ts';
import { project, scatterAddRows } from './ops.ts';
import { matmul, matmulPlus } from './products.ts';

/** Cuts the rows of a chunk out of a tensor (M, …). */
export type Cut = (x: Value) => Value;

/** x·Wᵀ for x (M, n) and W (V, n). */
export interface Term {
  x: Value;
  W: Weight;
  /** n is no more, if there is such a bound. */
  most?: number | null;
}

export interface LogprobsInputs {
  /** What the logits are the sum of: hidden states and the unembedding, and the adapter of that. */
  terms: readonly Term[];
  /** (M, K). */
  targets: Value;
  chunks: Chunks;
  /**
   * dL/dlogprob of a chunk, given its log-probs. Where it is known in advance, the gradient of a chunk is computed beside
   * its log-probs, and its logits are gone before the next.
   */
  slope?: (logprobs: Value, cut: Cut) => Value;
  /** Emits what else is wanted of the rows of a chunk: so many values (m, …). */
  more?: (chunk: LogitsOfChunk) => Value[];
}

interface LogitsOfChunk {
  /** (m, V) both. */
  logits: Value;
  logprobs: Value;
  cut: Cut;
}

/** Logits of one chunk as float32 take at most so many bytes in passes of up to MANY_ROWS. */
export const CHUNK_BYTES = 2 ** 26;
const MANY_ROWS = 4096;

/** How a vocabulary's rows are taken: in at most `count` chunks, and no more than it takes for `rows` in each. */
export interface Chunks {
  count: number;
  rows: number;
}

export function chunksFor(vocabularySize: number): Chunks {
  const rows = Math.max(1, Math.floor(CHUNK_BYTES / (vocabularySize * Float32Array.BYTES_PER_ELEMENT)));
  return { count: Math.ceil(MANY_ROWS / rows), rows };
}

/**
 * log softmax(z)[target] → (M, K) with z = Σ x·Wᵀ over the terms, and the slope (M, K) where it is known in advance.
 * Given slopes c (M, K) and p = softmax(z), the gradient G of z is Σₖ cₖ·1[targetₖ] − (Σₖ cₖ)·p. It is never made: of every
 * term, dx = G·W = Σₖ cₖ·W[targetₖ] − (Σₖ cₖ)·p·W, and dW = Gᵀ·x likewise.
 */
export function targetLogprobs(
  g: Graph,
  { terms, targets, chunks, slope, more = () => [] }: LogprobsInputs,
): { logprobs: Value; slope: Value | null; more: Value[] } {
  const parts = cuts(g, targets, chunks).map((cut) => {
    const [ids, cutTerms] = [cut(targets), terms.map((term) => ({ ...term, x: cut(term.x) }))];
    const [first, ...others] = cutTerms;
    const logits = others.reduce(
      (sum, { x, W, most = null }) =>
        isInteger(W)
          ? g.node('Add', [sum, project(g, x, W, null)])
          : matmulPlus(g, x, W, sum, { trans: 'b', terms: most }),
      project(g, first.x, first.W, null),
    ); // (m, V)
    const all = g.node('LogSoftmax', [logits], { attributes: { axis: -1 } });
    const logprobs = g.node('GatherElements', [all, ids], { attributes: { axis: 1 } }); // (m, K)
    const pull = (c: Value): Gradients[] => {
      const { times, transposedTimes } = gradientOfLogits(g, { ids, all }, c);
      return cutTerms.map(({ x, W }, t) => ({
        dx: g.needsGradient(terms[t].x) ? times(W) : null,
        dW: !isInteger(W) && g.needsGradient(W) ? transposedTimes(x, W) : null,
      }));
    };
    const known = slope?.(logprobs, cut) ?? null;
    const told = more({ logits, logprobs: all, cut });
    return { cut, logprobs, pull, known, gradients: known === null ? null : pull(known), more: told };
  });
  const logprobs = concat(
    g,
    parts.map((part) => part.logprobs),
  );
  const slopes = parts.flatMap(({ known }) => known ?? []);
  g.record(logprobs, inputsOf(terms), (c) => {
    const chunked = parts.map(({ cut, pull, gradients }) => gradients ?? pull(cut(c)));
    return terms.flatMap((_, t) => {
      const dx = chunked.flatMap((gradients) => gradients[t].dx ?? []);
      const dW = chunked.flatMap((gradients) => gradients[t].dW ?? []);
      return [
        dx.length === 0 ? null : concat(g, dx),
        ...(isInteger(terms[t].W)
          ? []
          : [dW.length === 0 ? null : dW.reduce((sum, part) => g.node('Add', [sum, part]))]),
      ];
    });
  });
  return {
    logprobs,
    slope: slopes.length === 0 ? null : concat(g, slopes),
    more: parts[0].more.map((_, i) =>
      concat(
        g,
        parts.map((part) => part.more[i]),
      ),
    ),
  };
}

/** What a gradient may be wanted of, term by term. */
const inputsOf = (terms: readonly Term[]): Value[] => terms.flatMap(({ x, W }) => (isInteger(W) ? [x] : [x, W]));

/** Of a term in a chunk, where they are wanted: (m, n) and (V, n). */
interface Gradients {
  dx: Value | null;
  dW: Value | null;
}

interface Chunk {
  /** (m, K) and (m, V). */
  ids: Value;
  all: Value;
}

/** Products with the gradient G (m, V) of a chunk's logits for slopes c (m, K): G·W for W (V, n), and Gᵀ·x for x (m, n) and the sizes of W. */
function gradientOfLogits(g: Graph, { ids, all }: Chunk, c: Value) {
  const sum = (v: Value, axis: number, keepdims: number) =>
    g.node('ReduceSum', [v, g.ints([axis])], { attributes: { keepdims } });
  const mul = (a: Value, b: Value) => g.node('Mul', [a, b]);
  const p = g.node('Exp', [all]);
  const total = sum(c, 1, 1); // (m, 1)
  const weighted = (v: Value) => mul(v, g.node('Unsqueeze', [c, g.ints([2])])); // (m, K, ·)
  return {
    times(W: Weight) {
      const [rows, mixed] = isInteger(W)
        ? [integerRowsOf(g, W, ids), probabilityProduct(g, p, W)]
        : [g.node('Gather', [W, ids]), matmul(g, p, W)];
      return g.node('Sub', [sum(weighted(rows), 1, 0), mul(total, mixed)]);
    },
    transposedTimes(x: Value, { dims }: Value) {
      const [V, n] = [dims?.[0] ?? null, dims?.[1] ?? null];
      const pulling = sized(g.node('Neg', [mul(total, x)]), [null, n]);
      const pushed = matmul(g, sized(p, [null, V]), pulling, { trans: 'a' });
      const byTarget = g.node('Reshape', [
        weighted(g.node('Unsqueeze', [x, g.ints([1])])),
        g.node('Concat', [g.ints([-1]), g.node('Shape', [x], { attributes: { start: 1 } })], {
          attributes: { axis: 0 },
        }),
      ]);
      return scatterAddRows(g, pushed, g.node('Reshape', [ids, g.ints([-1])]), byTarget);
    },
  };
}

/**
 * Chunks of equal size, as few as may be: rows of products are cheaper together. The last ones may have fewer rows, or none; but one
 * row by itself, which the runtime sums in another order, only where the number of rows is odd.
 */
function cuts(g: Graph, like: Value, { count, rows }: Chunks): Cut[] {
  if (count === 1) return [(x) => x];
  const M = g.node('Shape', [like], { attributes: { start: 0, end: 1 } });
  const parts = (whole: Value, of: Value) =>
    g.node('Div', [g.node('Sub', [g.node('Add', [whole, of]), g.ints([1])]), of]); // ⌈whole/of⌉
  const used = g.node('Min', [parts(M, g.ints([rows])), g.ints([count])]);
  const size = g.node('Mul', [parts(parts(M, used), g.ints([2])), g.ints([2])]);
  const bound = (i: number) => g.node('Mul', [size, g.ints([i])]);
  return Array.from({ length: count }, (_, i) => {
    const [start, end] = [bound(i), bound(i + 1)];
    return (x: Value) => g.node('Slice', [x, start, end, g.ints([0])]);
  });
}

function concat(g: Graph, parts: Value[]): Value {
  return parts.length === 1 ? parts[0] : g.node('Concat', parts, { attributes: { axis: 0 } });
}
