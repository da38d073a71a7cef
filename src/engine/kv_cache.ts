// The keys and values that a batch of growing sequences has left behind, in arrays that grow in steps and close ranks.

import { MASKED } from './attention_index.ts';
import type { BaseWeights } from './base_weights.ts';
import { newKeys, newValues, pastKeys, pastValues } from './sampling_graph.ts';
import { type Dense, floats } from './session.ts';

const GROWTH = 64;

type Outputs = Record<string, { data: Float32Array; dims: readonly number[] }>;

interface Bank {
  /** Input that takes the cache, output that gives its new rows. */
  past: string;
  fresh: string;
  /** (B, Hkv, capacity, head) */
  data: Float32Array;
}

export class KeyValueCache {
  readonly #heads: number;
  readonly #head: number;
  readonly #banks: Bank[];
  /** Tokens cached by sequence. */
  #lengths: number[] = [];
  #capacity = 0;

  constructor({ config }: BaseWeights) {
    this.#heads = config.num_key_value_heads;
    this.#head = config.head_dim;
    this.#banks = Array.from({ length: config.num_hidden_layers }, (_, layer) => [
      { past: pastKeys(layer), fresh: newKeys(layer), data: new Float32Array(0) },
      { past: pastValues(layer), fresh: newValues(layer), data: new Float32Array(0) },
    ]).flat();
  }

  get lengths(): readonly number[] {
    return this.#lengths;
  }

  /** Inputs of the graph for B sequences of which nothing is cached yet. */
  emptyFeeds(B: number): Record<string, Dense> {
    return this.#feeds(B, 0);
  }

  /** The cache as inputs of the graph, with a mask over the rows that hold nothing. */
  feeds(): Record<string, Dense> {
    return this.#feeds(this.#lengths.length, this.#capacity);
  }

  #feeds(B: number, P: number): Record<string, Dense> {
    const mask = new Float32Array(B * P).fill(MASKED);
    if (P > 0) for (const [b, length] of this.#lengths.entries()) mask.fill(0, b * P, b * P + length);
    const dims = [B, this.#heads, P, this.#head];
    const size = B * this.#heads * P * this.#head;
    return {
      past_mask: floats(mask, [B, 1, 1, P]),
      ...Object.fromEntries(this.#banks.map(({ past, data }) => [past, floats(data.subarray(0, size), dims)])),
    };
  }

  /** Adds sequences whose first tokens were read together with an empty cache; entry i becomes `copies[i]` sequences. */
  admit(outputs: Outputs, prompts: readonly { length: number; copies: number }[]): void {
    const before = this.#lengths.length;
    const lengths = prompts.flatMap(({ length, copies }) => new Array<number>(copies).fill(length));
    this.#reserve(before + lengths.length, Math.max(...lengths, this.#capacity));
    this.#lengths.push(...lengths);
    for (const bank of this.#banks) {
      let b = before;
      for (const [row, { length, copies }] of prompts.entries()) {
        for (let copy = 0; copy < copies; copy++) this.#write(bank, outputs, { row, b: b++, at: 0, count: length });
      }
    }
  }

  /** Adds one token to every sequence. */
  append(outputs: Outputs): void {
    this.#reserve(this.#lengths.length, Math.max(...this.#lengths) + 1);
    for (const bank of this.#banks) {
      for (const [b, at] of this.#lengths.entries()) this.#write(bank, outputs, { row: b, b, at, count: 1 });
    }
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
  }

  /** Copies `count` new rows of every head of output row `row` to sequence b, from position `at` on. */
  #write(
    bank: Bank,
    outputs: Outputs,
    { row, b, at, count }: { row: number; b: number; at: number; count: number },
  ): void {
    const { data: source, dims } = outputs[bank.fresh];
    const S = dims[2];
    for (let h = 0; h < this.#heads; h++) {
      const from = (row * this.#heads + h) * S * this.#head;
      const to = ((b * this.#heads + h) * this.#capacity + at) * this.#head;
      bank.data.set(source.subarray(from, from + count * this.#head), to);
    }
  }

  #reserve(sequences: number, length: number): void {
    const capacity = Math.max(this.#capacity, Math.ceil(length / GROWTH) * GROWTH);
    const size = sequences * this.#heads * capacity * this.#head;
    if (capacity === this.#capacity && this.#banks.every(({ data }) => data.length >= size)) return;
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
  }
}
