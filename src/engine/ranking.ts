// The most likely tokens of rows: what a graph emits for them, and what is read out of its outputs.

import type { Graph, Value } from './graph.ts';

/**
 * Log-probs of the `k` (1) most likely tokens of every row, most likely first, those of lower id before others that are as likely;
 * and their ids.
 */
export function mostLikely(g: Graph, logprobs: Value, k: Value): [logprobs: Value, tokens: Value] {
  const [best, ids] = g.nodes('TopK', [logprobs, k], 2, { attributes: { axis: -1 } });
  return [best, asFloats(g, ids)];
}

/** Outputs of a run are floats, which have room for the id of every token. */
export function asFloats(g: Graph, ids: Value): Value {
  return g.node('Cast', [ids], { attributes: { to: 1 } }); // ONNX's number for float32
}

/** The first `k` of the `width` tokens that were ranked for a row. */
export function ranked(
  { top_tokens, top_logprobs }: Record<string, { data: Float32Array }>,
  row: number,
  { k, width }: { k: number; width: number },
): [token: number, logprob: number][] {
  return Array.from({ length: k }, (_, i) => {
    const at = row * width + i;
    return [top_tokens.data[at], top_logprobs.data[at]];
  });
}
