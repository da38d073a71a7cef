// Several datasets in one: every batch has so many examples of each.

import type { BatchedDataset } from '../supervised/types.ts';
import { ConfigurationError } from '../util/errors.ts';

/** An example, and the number of the dataset that it is from. */
export interface Mixed<T> {
  example: T;
  dataset: number;
}

interface Part<T> {
  /** For errors. */
  name: string;
  dataset: BatchedDataset<T>;
  /** Examples in each batch; null = as many as the dataset's own batches have. */
  count: number | null;
}

/** Of a batch each dataset has its share by weight, but one example at least; the last has what is left. */
export function countsByWeight(batchSize: number, weights: readonly number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const counts = weights.slice(0, -1).map((weight) => Math.max(1, Math.round((batchSize * weight) / total)));
  const rest = batchSize - counts.reduce((sum, count) => sum + count, 0);
  if (rest >= 1) return [...counts, rest];
  throw new ConfigurationError(
    `batch_size ${batchSize} leaves no example for the last of ${weights.length} datasets, as those before it take ${counts.join(', ')}`,
    { hint: 'Raise batch_size, or change the weights.' },
  );
}

/**
 * An epoch ends when every dataset has been gone through. A shorter one is begun again meanwhile, in another order; with a single one
 * the last batch has what is left.
 */
export function mixedDataset<T>(parts: readonly Part<T>[]): BatchedDataset<Mixed<T>> {
  const sources = parts.map(({ name, dataset, count }) => {
    const examples = new Examples(name, dataset);
    return { examples, count: count ?? examples.batchSize };
  });
  const length = Math.max(...sources.map(({ examples, count }) => Math.ceil(examples.length / count)));
  let epoch = 0;
  return {
    length,
    setEpoch(next) {
      epoch = next;
    },
    async getBatch(index) {
      const batch: Mixed<T>[] = [];
      for (const [dataset, { examples, count }] of sources.entries()) {
        const isLongest = Math.ceil(examples.length / count) === length;
        const passes = isLongest ? 1 : Math.ceil((length * count) / examples.length);
        const end = isLongest ? Math.min((index + 1) * count, examples.length) : (index + 1) * count;
        for (let at = index * count; at < end; at++) {
          const pass = epoch * passes + Math.floor(at / examples.length);
          batch.push({ example: await examples.at(at % examples.length, pass), dataset });
        }
      }
      return batch;
    },
  };
}

/** The examples of a dataset one by one, in the order that it gives them in a pass. */
class Examples<T> {
  readonly length: number;
  readonly batchSize: number;
  readonly #dataset: BatchedDataset<T>;
  readonly #at: (index: number) => Promise<T>;
  #pass: number | null = null;

  /** @throws ConfigurationError for a dataset that hands out whole batches only */
  constructor(name: string, dataset: BatchedDataset<T>) {
    const { examples } = dataset;
    if (examples === undefined) {
      throw new ConfigurationError(`${name} cannot be distilled from: it hands out whole batches`, {
        hint: 'Datasets with a batch_size can be; leave batch_tokens out.',
      });
    }
    this.#dataset = dataset;
    this.#at = (index) => examples.at(index);
    this.length = examples.length;
    this.batchSize = Math.min(examples.batchSize, examples.length);
  }

  async at(index: number, pass: number): Promise<T> {
    if (pass !== this.#pass) this.#dataset.setEpoch(pass);
    this.#pass = pass;
    return await this.#at(index);
  }
}
