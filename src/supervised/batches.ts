// Examples in batches, in an order of each epoch's own.

import { permutation } from '../util/permutation.ts';
import type { BatchedDataset } from './types.ts';

/**
 * A dataset of `length` examples, which `exampleAt` makes when they are asked for. The last batch holds what is left over.
 * With `shuffleSeeds` null every epoch goes through the examples as they come.
 */
export function batchedDataset<T>({
  length,
  exampleAt,
  batchSize,
  shuffleSeeds,
}: {
  length: number;
  exampleAt(index: number): T;
  batchSize: number;
  shuffleSeeds: readonly number[] | null;
}): BatchedDataset<T> {
  const orderOf = (epoch: number) =>
    shuffleSeeds === null ? Array.from({ length }, (_, index) => index) : permutation(length, [...shuffleSeeds, epoch]);
  let order = orderOf(0);
  return {
    length: Math.ceil(length / batchSize),
    async getBatch(index) {
      return order.slice(index * batchSize, (index + 1) * batchSize).map(exampleAt);
    },
    setEpoch(epoch) {
      order = orderOf(epoch);
    },
  };
}
