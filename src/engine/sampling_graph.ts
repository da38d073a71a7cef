// The graphs of sampling: one reads prompts, the other the last token of every sequence beside its cached keys and values.

import { causalAttention } from './attention.ts';
import { attentionIndex } from './attention_index.ts';
import type { BaseWeights } from './base_weights.ts';
import { type DecoderKind, decoder } from './decoder_graph.ts';
import type { Device } from './device.ts';
import { frozenLinears, plainLinears } from './frozen_linear.ts';
import { Graph, type Value } from './graph.ts';
import { batchedMatmul, softmax, transpose } from './ops.ts';
import { fusedMatmul } from './products.ts';
import { mostLikely } from './ranking.ts';

export const pastKeys = (layer: number) => `past_keys_${layer}`;
export const pastValues = (layer: number) => `past_values_${layer}`;

export interface SamplingGraphOptions extends DecoderKind {
  /** With the most likely tokens of every row. */
  ranked: boolean;
  /** That ranks of adapters are no larger, where that is known. */
  mostRank: number | null;
  device: Device;
}

const LAST_AXIS = { attributes: { axis: -1 } };

/**
 * Inputs: `tokens` (N) of prompts that lie end to end, `positions` (N, 1), the index of attention, `groups` of the tokens, `rows` (M)
 * = where the next token is wanted, `row_groups` of these, `inverse_temperature` (M, 1), and the frozen parameters.
 * Outputs: `probabilities` (M, V) at the temperature; `log_normalizer` (M, 1) of the logits and `tempered_log_normalizer` of
 * the logits at the temperature, from which the model's own log-prob of any token follows; and `new_rows` of the cache, keys and
 * values of every layer in turn, (2L·Hkv, N, head). Ranked, it takes `top_k` (1) and tells `top_tokens` and `top_logprobs` (M, k) of the
 * model itself, whatever the temperature.
 */
export function promptGraph({ device, ranked, mostRank, ...kind }: SamplingGraphOptions): Uint8Array {
  const g = new Graph(device);
  const index = attentionIndex((name, type) => g.input(name, type));
  const attend = causalAttention(g, kind.base.config, index);
  const newRows = new NewRows(g, kind.base);
  const model = decoder(g, {
    ...kind,
    use: { trained: false, linears: frozenLinears(g, g.input('groups', 'int64'), mostRank) },
    tokens: g.input('tokens', 'int64'),
    positions: g.input('positions', 'int64'),
    attend(_layer, q, k, v) {
      newRows.add(k, v);
      return attend(q, k, v);
    },
  });
  const rows = g.node('Gather', [model.hidden, g.input('rows', 'int64')]);
  emitNextToken(g, model.logits(rows, frozenLinears(g, g.input('row_groups', 'int64'), mostRank)), ranked);
  newRows.output();
  return g.encode();
}

/**
 * Inputs: `tokens` (N), one a sequence, `positions` (N, 1), their `groups`, `widths` = [P, 1], `mask` (N, 1, 1, P + 1), the cache
 * (N, Hkv, P, head) of every layer, `inverse_temperature` (N, 1), and the frozen parameters. Outputs as above, where M = N;
 * returning whole caches would copy them at every token. A graph for a `single` sequence takes no groups.
 */
export function tokenGraph(
  { device, ranked, mostRank, ...kind }: SamplingGraphOptions,
  { single }: { single: boolean },
): Uint8Array {
  const g = new Graph(device);
  const { head_dim: head, num_key_value_heads: keyHeads, num_attention_heads: queryHeads } = kind.base.config;
  const tokens = g.input('tokens', 'int64');
  const positions = g.input('positions', 'int64');
  const linears = single ? plainLinears(g) : frozenLinears(g, g.input('groups', 'int64'), mostRank);
  const widths = g.input('widths', 'int64');
  const mask = g.input('mask', 'float32');
  const newRows = new NewRows(g, kind.base);

  const byHead = (x: Value) => g.node('Reshape', [x, g.ints([0, keyHeads, -1, head])]);
  const attend = (layer: number, q: Value, k: Value, v: Value): Value => {
    newRows.add(k, v);
    const cached = (name: string) => g.input(name, 'float32');
    const [oldK, oldV] = [cached(pastKeys(layer)), cached(pastValues(layer))];
    const [queries, keys, values] = [q, k, v].map(byHead); // (N, Hkv, G, head), (N, Hkv, 1, head) twice
    const scores = (rows: Value) =>
      batchedMatmul(g, queries, rows, { transB: true, alpha: 1 / Math.sqrt(head), terms: head });
    const joined = g.node('Add', [g.node('Concat', [scores(oldK), scores(keys)], LAST_AXIS), mask]);
    const [onOld, onNew] = g.nodes('Split', [softmax(g, joined), widths], 2, LAST_AXIS); // (N, Hkv, G, P), (N, Hkv, G, 1)
    // Turned, so that its columns are few and as many whatever the batch.
    const mixedOld = transpose(g, fusedMatmul(g, oldV, onOld, { trans: 'ab', straight: true }), [0, 1, 3, 2]);
    const mixed = g.node('Add', [mixedOld, g.node('Mul', [onNew, values])]);
    return g.node('Reshape', [mixed, g.ints([0, queryHeads * head])]); // (N, H·head)
  };

  const use = { trained: false as const, linears };
  const model = decoder(g, { ...kind, use, tokens, positions, attend });
  emitNextToken(g, model.logits(model.hidden, linears), ranked);
  newRows.output();
  return g.encode();
}

/** The outputs that tell the next token of rows with such logits (M, V). */
function emitNextToken(g: Graph, logits: Value, ranked: boolean): void {
  const tempered = g.node('Mul', [logits, g.input('inverse_temperature', 'float32')]);
  const [logprobs, temperedLogprobs] = [logits, tempered].map((x) => g.node('LogSoftmax', [x], LAST_AXIS));
  const first = (x: Value) => g.node('Slice', [x, g.ints([0]), g.ints([1]), g.ints([1])]); // (M, 1)
  const normalizer = (x: Value, logprobs: Value) => g.node('Sub', [first(x), first(logprobs)]);
  g.output('probabilities', g.node('Exp', [temperedLogprobs]));
  g.output('log_normalizer', normalizer(logits, logprobs));
  g.output('tempered_log_normalizer', normalizer(tempered, temperedLogprobs));
  if (!ranked) return;
  const [best, tokens] = mostLikely(g, logprobs, g.input('top_k', 'int64'));
  g.output('top_logprobs', best);
  g.output('top_tokens', tokens);
}

/** Collects the keys and values (N, Hkv·head) that a graph adds to the cache. */
class NewRows {
  readonly #g: Graph;
  readonly #sizes: Value;
  readonly #rows: Value[] = [];

  constructor(g: Graph, { config }: BaseWeights) {
    this.#g = g;
    this.#sizes = g.ints([0, config.num_key_value_heads, config.head_dim]);
  }

  add(...rows: Value[]): void {
    const split = (x: Value) => this.#g.node('Reshape', [x, this.#sizes]);
    this.#rows.push(...rows.map((x) => transpose(this.#g, split(x), [1, 0, 2])));
  }

  output(): void {
    this.#g.output('new_rows', this.#g.node('Concat', this.#rows, { attributes: { axis: 0 } }));
  }
}
