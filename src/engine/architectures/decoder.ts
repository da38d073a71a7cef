// What a model family is written against: how weights, linear layers and attention enter the graph is the caller's choice.

import type { ModelConfig } from '../../formats/hf_config.ts';
import { EMBEDDING } from '../../formats/modules.ts';
import type { Graph, Value } from '../graph.ts';
import { add, gatherRows, type RotaryTables } from '../ops.ts';

export interface DecoderParts {
  g: Graph;
  config: ModelConfig;
  /** (N) token ids. */
  tokens: Value;
  /** (N, D) that is added to the embeddings, or none. */
  noise: Value | null;
  rotation: RotaryTables;
  /** A weight by its Hugging Face name. */
  weight(name: string): Value;
  /** The linear layers of modules that read the same x, with their adapters if they have them: (N, in) → (N, out) each. */
  linears(x: Value, modules: readonly string[]): Value[];
  /** Emits a block of the model, (N, D) → (N, D): what is computed again where memory is short. */
  block(x: Value, emit: (x: Value) => Value): Value;
  /** Causal attention of layer l over rotated q (N, H·head), k and v (N, Hkv·head) → (N, H·head). */
  attend(layer: number, q: Value, k: Value, v: Value): Value;
}

/** Rows of the embedding: (N) → (N, D). */
export function embed({ g, tokens, noise, weight }: DecoderParts): Value {
  const x = gatherRows(g, weight(EMBEDDING), tokens);
  return noise === null ? x : add(g, x, noise);
}
