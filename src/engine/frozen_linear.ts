// Linear layers of graphs through which nothing is trained: yₘ = x·Wₘᵀ + bₘ + (x·Aₘᵀ)·Bₘᵀ. What a row of x gives depends on that
// row alone, to the last bit, whichever rows are beside it.

import { MOST_OUTLIERS } from '../formats/int8.ts';
import type { Graph, Value } from './graph.ts';
import { type IntegerWeight, integerProduct, isInteger, outliersOf, type Weight } from './integer_products.ts';
import { project } from './ops.ts';
import { fused, matmul, matmulPlus } from './products.ts';
import { type Dense, integers } from './session.ts';

interface FrozenLayer {
  /** (out, in). */
  W: Weight;
  /** (out), or none. */
  bias: Value | null;
  /** (out, r), or none without an adapter. */
  B: Value | null;
}

/** x (N, in) → (N, outₘ) for layers that read one x. A (R, in): their factors A on top of each other, times the adapter's scale. */
export type FrozenLinears = (x: Value, layers: readonly FrozenLayer[], A: Value | null) => Value[];

/**
 * The runtime sums in one order wherever a product has at most so many columns (`products.ts`). With rows of x as columns, (W·xᵀ)ᵀ,
 * it also need not lay out W anew for every product, which for a few rows is more work than they are.
 */
const GROUP = 16;

/** A single row is summed in another order, even where sums are short. */
const FEWEST = 2;

/** Rows in [groups, rows of a group]: equal groups, so that there may be a few rows more than there were. */
function groupsOf(rows: number): [number, number] {
  const groups = Math.ceil(rows / GROUP);
  return [groups, Math.max(FEWEST, Math.ceil(rows / groups))];
}

/** How many rows are fed for so many that are wanted. */
export function rowsInGroups(rows: number): number {
  const [groups, size] = groupsOf(rows);
  return groups * size;
}

/** The input that tells the groups of `rows`. */
export const groupFeed = (rows: number): Dense => integers(groupsOf(rows), [2]);

/**
 * `groups` (2) as `groupsOf` gives them; `mostRank` bounds the ranks of adapters. Other devices than the CPU promise nothing about rows, and get
 * what suits them.
 */
export function frozenLinears(g: Graph, groups: Value, mostRank: number | null): FrozenLinears {
  return g.device === 'cpu' ? groupedLinears(g, groups, mostRank) : plainLinears(g);
}

function groupedLinears(g: Graph, groups: Value, mostRank: number | null): FrozenLinears {
  const grouped = g.node('Concat', [groups, g.ints([-1])], { attributes: { axis: 0 } });
  const turn = (x: Value) => g.node('Transpose', [x], { attributes: { perm: [0, 2, 1] } });
  const flat = (y: Value) => g.node('Flatten', [y], { attributes: { axis: 2 } }); // (G, n, …) → (N, …)
  return (x, layers, A) => {
    const xs = g.node('Reshape', [x, grouped]); // (G, n, in)
    // A right operand of one column that is not turned would be summed in another order: d is turned back.
    const stacked = A && turn(fused(g, A, xs, { transB: true })); // (G, n, M·r)
    const inIntegers = layers.flatMap((layer) => (isInteger(layer.W) ? [{ ...layer, W: layer.W }] : []));
    if (inIntegers.length === layers.length) {
      const d = stacked === null ? [] : apart(g, flat(stacked), layers.length, 1); // (N, r)
      return inIntegers.map((layer, m) => integerLinear(g, x, layer, d[m] ?? null, mostRank));
    }
    const d = stacked === null ? [] : apart(g, stacked, layers.length, 2); // (G, n, r)
    return layers.map(({ W, bias, B }, m) => {
      if (isInteger(W)) throw new Error('layers that read one x are all integers, or none of them');
      const raised = B === null ? null : fused(g, B, d[m], { transB: true }); // (G, out, n)
      return sum(g, flat(turn(sum(g, fused(g, W, xs, { transB: true }), raised))), bias);
    });
  };
}

/** What is left to sum is short: outliers are few, and so are ranks, for the most part. Rows need not become columns for it. */
function integerLinear(
  g: Graph,
  x: Value,
  { W, bias, B }: FrozenLayer & { W: IntegerWeight },
  d: Value | null,
  mostRank: number | null,
): Value {
  const outliers = outliersOf(g, x, W);
  const floats = [
    outliers && matmul(g, outliers.x, outliers.W, { trans: 'b', terms: MOST_OUTLIERS }),
    B && d && matmul(g, d, B, { trans: 'b', terms: mostRank }),
    bias,
  ];
  return floats.reduce<Value>((y, more) => sum(g, y, more), integerProduct(g, x, W));
}

/** The same for a single row, which the runtime multiplies in less time, and sums in another order. */
export function plainLinears(g: Graph): FrozenLinears {
  const options = { trans: 'b' as const, straight: true };
  return (x, layers, A) => {
    const d = A === null ? [] : apart(g, matmul(g, x, A, options), layers.length, 1);
    return layers.map(({ W, bias, B }, m) => {
      const base = isInteger(W) ? project(g, x, W, bias) : matmulPlus(g, x, W, bias, options);
      return B === null ? base : matmulPlus(g, d[m], B, base, options);
    });
  };
}

const sum = (g: Graph, y: Value, more: Value | null): Value => (more === null ? y : g.node('Add', [y, more]));

/** Equal parts of a stack. */
export function apart(g: Graph, whole: Value, parts: number, axis: number): Value[] {
  return parts === 1 ? [whole] : g.nodes('Split', [whole], parts, { attributes: { axis } });
}
