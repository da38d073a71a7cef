// The keys and values that a batch of growing sequences has left behind, in arrays that grow in steps and close ranks.

import { MASKED } from './attention_index.ts';
import type { BaseWeights } from './base_weights.ts';
import { rowsInGroups } from './frozen_linear.ts';
import { requireMemory } from './memory.ts';
import { pastKeys, pastValues } from './sampling_graph.ts';
import { type Dense, floats, integers } from './session.ts';

/** Any multiple of 16 would do, for sums over a cache to be made in one order however large it is. */
const GROWTH = 64;

/** What a run of a graph over N tokens adds: (2L·Hkv, N, head). */
interface NewRows {
  data: Float32Array;
  dims: readonly number[];
}

interface Bank {
  /** Input that takes it. */
  name: string;
  /** (B, Hkv, capacity, head) */
  data: Float32Array;
}

export class KeyValueCache {
  readonly #heads: number;
  readonly #head: number;
  /** Keys and values of every layer in turn, as `new_rows` of the graph has them. */
  readonly #banks: Bank[];
  /** Tokens cached by sequence. */
  #lengths: number[] = [];
  #capacity = 0;
  /** The banks as inputs, until another number or size of sequences needs others. */
  #inputs: { B: number; banks: Record<string, Dense> } | null = null;

  constructor({ config }: BaseWeights) {
    this.#heads = config.num_key_value_heads;
    this.#head = config.head_dim;
    this.#banks = Array.from({ length: config.num_hidden_layers }, (_, layer) =>
      [pastKeys(layer), pastValues(layer)].map((name) => ({ name, data: new Float32Array(0) })),
    ).flat();
  }

  get lengths(): readonly number[] {
    return this.#lengths;
  }

  /**
   * Inputs for one more token of every sequence, in `B` rows, `rowsInGroups` of them or as many as there are; what holds nothing is masked, so that
   * rows of no sequence do no harm.
   */
  feeds(B: number): Record<string, Dense> {
    const P = this.#capacity;
    const mask = new Float32Array(B * (P + 1));
    for (let b = 0; b < B; b++) mask.fill(MASKED, b * (P + 1) + (this.#lengths[b] ?? 0), b * (P + 1) + P);
    if (this.#inputs?.B !== B) this.#inputs = { B, banks: this.#bankFeeds(B, P) };
    return { widths: integers([P, 1], [2]), mask: floats(mask, [B, 1, 1, P + 1]), ...this.#inputs.banks };
  }

  #bankFeeds(B: number, P: number): Record<string, Dense> {
    const dims = [B, this.#heads, P, this.#head];
    const size = B * this.#heads * P * this.#head;
    return Object.fromEntries(this.#banks.map(({ name, data }) => [name, floats(data.subarray(0, size), dims)]));
  }

  /** Adds sequences whose first tokens were read end to end; prompt i becomes `copies[i]` sequences. */
  admit(rows: NewRows, prompts: readonly { length: number; copies: number }[]): void {
    const before = this.#lengths.length;
    const lengths = prompts.flatMap(({ length, copies }) => new Array<number>(copies).fill(length));
    this.#reserve(before + lengths.length, Math.max(...lengths, this.#capacity));
    this.#lengths.push(...lengths);
    this.#inputs = null;
    let [b, from] = [before, 0];
    for (const { length, copies } of prompts) {
      for (let copy = 0; copy < copies; copy++) this.#write(rows, { from, b: b++, at: 0, count: length });
      from += length;
    }
  }

  /** Adds one token to every sequence. */
  append(rows: NewRows): void {
    this.#reserve(this.#lengths.length, Math.max(...this.#lengths) + 1);
    for (const [b, at] of this.#lengths.entries()) this.#write(rows, { from: b, b, at, count: 1 });
    this.#lengths = this.#lengths.map((length) => length + 1);
  }

  /** Keeps only the sequences whose index is listed, in that order; indices ascend. */
  retain(indices: readonly number[]): void {
    const stride = this.#heads * this.#capacity * this.#head;
    for (const { data } of this.#banks) {
      for (const [b, from] of indices.entries()) {
        if (b !== from) data.copyWithin(b * stride, from * stride, (from + 1) * stride);
      }
    }
    this.#lengths = indices.map((from) => this.#lengths[from]);
    this.#inputs = null;
  }

  /** Copies `count` new rows, from row `from` on, to sequence b, from position `at` on. */
  #write(
    { data: source, dims }: NewRows,
    { from, b, at, count }: { from: number; b: number; at: number; count: number },
  ): void {
    const N = dims[1];
    for (const [i, { data }] of this.#banks.entries()) {
      for (let h = 0; h < this.#heads; h++) {
        const start = ((i * this.#heads + h) * N + from) * this.#head;
        const to = ((b * this.#heads + h) * this.#capacity + at) * this.#head;
        data.set(source.subarray(start, start + count * this.#head), to);
      }
    }
  }

  #reserve(sequences: number, length: number): void {
    const capacity = Math.max(this.#capacity, Math.ceil(length / GROWTH) * GROWTH);
    const size = rowsInGroups(sequences) * this.#heads * capacity * this.#head;
    if (capacity === this.#capacity && this.#banks.every(({ data }) => data.length >= size)) return;
    const grows = this.#banks.reduce((sum, { data }) => sum + size - data.length, 0);
    requireMemory(
      grows * Float32Array.BYTES_PER_ELEMENT,
      `caching the keys and values of ${sequences} sequences of up to ${capacity} tokens`,
      'Ask for fewer samples at once, or lower max_tokens.',
    );
    const rows = this.#lengths.length * this.#heads;
    for (const bank of this.#banks) {
      const grown = new Float32Array(size);
      for (let row = 0; row < rows; row++) {
        const from = row * this.#capacity * this.#head;
        grown.set(bank.data.subarray(from, from + this.#capacity * this.#head), row * capacity * this.#head);
      }
      bank.data = grown;
    }
    this.#capacity = capacity;
    this.#inputs = null;
  }
}
