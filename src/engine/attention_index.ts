// Where every head of every token stands in attention: the inputs of its graph, and what they are fed, made from the layout alone.

import type { ModelConfig } from '../formats/hf_config.ts';
import type { Value } from './graph.ts';
import type { Layout } from './layout.ts';
import type { ElementType } from './onnx.ts';
import { FEWEST_ROWS, SHORT_SUM } from './products.ts';
import { type Dense, floats, integers } from './session.ts';

/**
 * Queries are taken in so many blocks of about t = T/BLOCKS positions. A block sees no keys past its end (of n blocks, (n + 1)/2n of
 * the scores are computed, and half of them would do) and has no part in sequences that end before it begins.
 */
const BLOCKS = 4;

/** Which rows stand where. Rows are the heads of tokens: (N·H, head) of q, (N·Hkv, head) of k and v. */
export interface AttentionIndex {
  blocks: BlockIndex[];
  /** (N, H): where every row of q stands among the queries of all blocks. */
  fromQueries: Value;
  /** (N − S, Hkv): where every row of k and v but the first S stands among the keys of all B sequences up to T. */
  fromKeys: Value;
  /** (S, Hkv, M): the same for the first, which stand at up to M places; the others are padding. */
  fromSharedKeys: Value;
}

interface BlockIndex {
  /** (B′, Hkv, G·t): the row of q of every query; G query heads share a key head. Padding points at row 0. */
  queries: Value;
  /** (B′, Hkv, T′): the row of k and v of every key up to the end of the block. */
  keys: Value;
  /** (B′, Hkv, G·t, 1): 1 at tokens, once for those that sequences share; 0 at padding. */
  mask: Value;
  /** (G·t, T′): 0 where a query may look, very negative where not. */
  causal: Value;
}

type Heads = Pick<ModelConfig, 'num_attention_heads' | 'num_key_value_heads' | 'head_dim'>;

/** Added to the score of a key that a query may not see. */
export const MASKED = -1e9;

/** The index as inputs of a graph. */
export function attentionIndex(input: (name: string, type: ElementType) => Value): AttentionIndex {
  return {
    blocks: Array.from({ length: BLOCKS }, (_, i) => ({
      queries: input(`queries_${i}`, 'int64'),
      keys: input(`keys_${i}`, 'int64'),
      mask: input(`mask_${i}`, 'float32'),
      causal: input(`causal_${i}`, 'float32'),
    })),
    fromQueries: input('from_queries', 'int64'),
    fromKeys: input('from_keys', 'int64'),
    fromSharedKeys: input('from_shared_keys', 'int64'),
  };
}

/** Rows of softmax are as wide as a multiple of a short vector, so that a row is summed in one way however far it is padded. */
const LANES = 4;

/**
 * Positions of a block. Its products have as many rows as columns, those of keys from the second block on, but for sums so short
 * that the runtime makes them in one way anyway (`products.ts`).
 */
function blockSize(
  lengths: readonly number[],
  { num_attention_heads: queryHeads, num_key_value_heads: keyHeads, head_dim }: Heads,
): number {
  const group = queryHeads / keyHeads;
  const t = Math.ceil(Math.max(...lengths) / BLOCKS);
  const isShort = Math.max(BLOCKS, group) * (t + LANES) <= SHORT_SUM;
  const least = isShort ? 1 : Math.max(FEWEST_ROWS, head_dim / Math.min(2, group));
  return Math.ceil(Math.max(t, least) / LANES) * LANES;
}

/** Scores that a head computes for sequences of the given lengths. */
export function scoresOfAttention(lengths: readonly number[], heads: Heads): number {
  const t = blockSize(lengths, heads);
  const ofBlocks = Array.from({ length: BLOCKS }, (_, block) => {
    const reaching = lengths.filter((length) => length > block * t).length;
    return reaching * t * (block + 1) * t;
  });
  return ofBlocks.reduce((sum, scores) => sum + scores, 0);
}

/** Feeds for the rows of a layout. */
export function attentionFeeds({ tokens, rows_B_T, shared }: Layout, heads: Heads): Record<string, Dense> {
  const { num_attention_heads: queryHeads, num_key_value_heads: keyHeads } = heads;
  const N = tokens.length;
  const lengths = rows_B_T.map(({ length }) => length);
  const M = mostSharing(rows_B_T, N);
  const S = Math.max(1, shared); // A runtime's operators may not like 0.
  // Behind the end of every sequence there is padding, for a row to stand at that stands at fewer places than others.
  const t = blockSize(M === 1 ? lengths : [Math.max(...lengths) + 1], heads);
  const T = BLOCKS * t;
  const group = queryHeads / keyHeads;
  const rows = group * t;
  // The longest come first, so that those which reach a block are the first B′. A runtime's operators may not like B′ = 0.
  const order = lengths.map((_, b) => b).sort((a, b) => lengths[b] - lengths[a] || a - b);
  const places = lengths.map(() => 0);
  for (const [place, b] of order.entries()) places[b] = place;
  const reaching = Array.from({ length: BLOCKS }, (_, block) =>
    Math.max(1, lengths.filter((length) => length > block * t).length),
  );

  const queries = reaching.map((B) => new Int32Array(B * keyHeads * rows));
  const mask = queries.map(({ length }) => new Float32Array(length));
  const keys = reaching.map((B, block) => new Int32Array(B * keyHeads * (block + 1) * t));
  const before = queries.map((_, block) => queries.slice(0, block).reduce((sum, { length }) => sum + length, 0));
  const fromQueries = new Int32Array(N * queryHeads);
  const fromKeys = new Int32Array((N - S) * keyHeads);
  const fromSharedKeys = new Int32Array(S * keyHeads * M).fill(T - 1);
  const seenTimes = new Int32Array(N);
  for (const [b, rows_T] of rows_B_T.entries()) {
    const last = Math.floor((rows_T.length - 1) / t);
    for (const [position, n] of rows_T.entries()) {
      const block = Math.floor(position / t);
      const time = seenTimes[n]++;
      for (let key = 0; key < keyHeads; key++) {
        const sequence = places[b] * keyHeads + key; // one key head of one sequence
        for (let seen = block; seen <= last; seen++) {
          keys[seen][sequence * (seen + 1) * t + position] = n * keyHeads + key;
        }
        if (n < S) fromSharedKeys[(n * keyHeads + key) * M + time] = sequence * T + position;
        else fromKeys[(n - S) * keyHeads + key] = sequence * T + position;
        if (time > 0) continue;
        for (let member = 0; member < group; member++) {
          const row = n * queryHeads + key * group + member;
          const place = sequence * rows + member * t + (position % t);
          queries[block][place] = row;
          mask[block][place] = 1;
          fromQueries[row] = before[block] + place;
        }
      }
    }
  }
  const ofBlocks = reaching.map((B, block) => ({
    [`queries_${block}`]: integers(queries[block], [B, keyHeads, rows]),
    [`keys_${block}`]: integers(keys[block], [B, keyHeads, (block + 1) * t]),
    [`mask_${block}`]: floats(mask[block], [B, keyHeads, rows, 1]),
    [`causal_${block}`]: floats(causalMask(t, (block + 1) * t, group), [rows, (block + 1) * t]),
  }));
  return Object.assign(
    {
      from_queries: integers(fromQueries, [N, queryHeads]),
      from_keys: integers(fromKeys, [N - S, keyHeads]),
      from_shared_keys: integers(fromSharedKeys, [S, keyHeads, M]),
    },
    ...ofBlocks,
  );
}

/** How many sequences share a row, at the most. */
function mostSharing(rows_B_T: Layout['rows_B_T'], N: number): number {
  const times = new Int32Array(N);
  let most = 1;
  for (const rows_T of rows_B_T) for (const n of rows_T) most = Math.max(most, ++times[n]);
  return most;
}

/** (G·t, T′), for the last t of T′ keys: what a query may see. G queries at a position, row g·t + position. */
function causalMask(t: number, width: number, group: number): Float32Array {
  const data = new Float32Array(group * t * width);
  for (let row = 0; row < group * t; row++) {
    data.fill(MASKED, row * width + (width - t) + (row % t) + 1, (row + 1) * width);
  }
  return data;
}
