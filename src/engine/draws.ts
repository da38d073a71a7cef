// Drawing tokens from distributions within a graph: a vocabulary is large, so distributions do not leave it for the draws.

import type { Graph, Value } from './graph.ts';
import { type Dense, floats } from './session.ts';

export interface DrawInputs {
  /** (m, 1). */
  inverseTemperature: Value;
  /** (m, k) each, uniform in [0, 1): the first chooses a block of the vocabulary, the second a token in it. */
  blocks: Value;
  within: Value;
}

/** The largest float32 below 1. */
const BELOW_ONE = 1 - 2 ** -24;
const SUM_OF_LAST = { attributes: { keepdims: 0 } };

/**
 * k tokens of every row, each drawn by itself, as often as its probability at the temperature says: ids (m, k).
 * The vocabulary is taken in about √V blocks of about √V tokens, so that a draw compares 2·√V sums in the place of V. A sum that a
 * draw falls below is larger than the one before it, so no token of probability 0 is drawn, whatever is rounded.
 */
export function drawTokens(g: Graph, logits: Value, vocabularySize: number, inputs: DrawInputs): Value {
  const size = Math.ceil(Math.sqrt(vocabularySize));
  const count = Math.ceil(vocabularySize / size);
  const tempered = g.node('Mul', [logits, inputs.inverseTemperature]);
  const probabilities = g.node('Softmax', [tempered], { attributes: { axis: -1 } });
  const padded = g.node('Pad', [probabilities, g.ints([0, 0, 0, count * size - vocabularySize]), g.scalar(0)]);
  const blocks = g.node('Reshape', [padded, g.ints([0, count, size])]); // (m, count, size)
  const sums = g.node('ReduceSum', [blocks, g.ints([2])], SUM_OF_LAST); // (m, count)
  const block = chosen(g, g.node('Unsqueeze', [sums, g.ints([1])]), inputs.blocks); // (m, k)
  const places = g.node('Unsqueeze', [block, g.ints([2])]);
  const drawn = g.node('GatherND', [blocks, places], { attributes: { batch_dims: 1 } }); // (m, k, size)
  const token = chosen(g, drawn, inputs.within);
  return g.node('Add', [g.node('Mul', [block, g.ints([size])]), token]);
}

/** Of weights (m, k or 1, n), the place in which the running sum passes `u` (m, k) of the whole: (m, k). */
function chosen(g: Graph, weights: Value, u: Value): Value {
  const running = g.node('CumSum', [weights, g.ints([2])]);
  const whole = g.node('Slice', [running, g.ints([-1]), g.ints([Number.MAX_SAFE_INTEGER]), g.ints([2])]);
  const share = g.node('Mul', [g.node('Unsqueeze', [u, g.ints([2])]), whole]); // (m, k, 1)
  const passed = g.node('Cast', [g.node('LessOrEqual', [running, share])], { attributes: { to: 7 } }); // ONNX's number for int64
  return g.node('ReduceSum', [passed, g.ints([2])], SUM_OF_LAST);
}

/** What is fed for a number from a generator, which float32 would round to 1 now and then. */
export const drawn = (u: number): number => Math.min(Math.fround(u), BELOW_ONE);

/** Draws for so many rows of which each has `k`: numbers by row and draw. */
export function drawFeed(rows: number, k: number, of: (row: number, draw: number) => number): Dense {
  const data = new Float32Array(rows * k);
  for (let row = 0; row < rows; row++) for (let i = 0; i < k; i++) data[row * k + i] = of(row, i);
  return floats(data, [rows, k]);
}
