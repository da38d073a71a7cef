// Datasets of supervised training: batches of datums by index.

import { defineSlot } from '../registry/slot.ts';
import type { Renderer } from '../renderers/types.ts';
import type { Datum } from '../tinker/types.ts';
import type { Tokenizer } from '../tokenizers/types.ts';
import type { Evaluator } from '../training/evaluator.ts';

/** Examples of any kind in batches. */
export interface BatchedDataset<T> {
  /** Number of batches. */
  readonly length: number;
  /** Examples of one batch, 0 ≤ index < length. */
  getBatch(index: number): Promise<T[]>;
  /** Orders the examples for an epoch. The order is a function of the epoch and the seed of the dataset alone. */
  setEpoch(epoch: number): void;
  /** The examples of the epoch one by one, where batches are no more than so many of them in a row. */
  readonly examples?: {
    readonly length: number;
    readonly batchSize: number;
    at(index: number): Promise<T>;
  };
  /** Of a mixture: how many examples of a batch come from which source. */
  sourcesOf?(index: number): Record<string, number>;
}

export type SupervisedDataset = BatchedDataset<Datum>;

export interface SupervisedDatasets {
  train: SupervisedDataset;
  /** Held-out examples, or null. */
  test: SupervisedDataset | null;
  /** What there is to measure of the held-out examples beside their loss. */
  evaluators?: readonly Evaluator[];
}

export interface DatasetContext {
  tokenizer: Tokenizer;
  /** Null for a model without one: datasets of plain text need none. */
  renderer: Renderer | null;
  /** Longest sequence that the model takes, in tokens. */
  maxContextLength: number;
  seed: number;
  /** For what should be seen but is no error: rows skipped, examples without a trained token. */
  warn(message: string): void;
  /** For what was found out about the data, such as the format of a file. */
  notify?(message: string): void;
  /** Aborted when nobody waits for the data any more. */
  signal?: AbortSignal;
}

export const datasetSlot = defineSlot<DatasetContext, SupervisedDatasets>({
  name: 'dataset',
  doc: 'What a supervised loop trains on, and the held-out part that it is evaluated on.',
});
