// Examples in batches, in an order of each epoch's own.

import type { Datum } from '../tinker/types.ts';
import { permutation } from '../util/permutation.ts';
import type { SupervisedDataset } from './types.ts';

/**
 * A dataset of `length` examples, which `datumAt` makes when they are asked for. The last batch holds what is left over.
 * With `shuffleSeeds` null every epoch goes through the examples as they come.
 */
export function batchedDataset({
  length,
  datumAt,
  batchSize,
  shuffleSeeds,
}: {
  length: number;
  datumAt(index: number): Datum;
  batchSize: number;
  shuffleSeeds: readonly number[] | null;
}): SupervisedDataset {
  const orderOf = (epoch: number) =>
    shuffleSeeds === null ? Array.from({ length }, (_, index) => index) : permutation(length, [...shuffleSeeds, epoch]);
  let order = orderOf(0);
  return {
    length: Math.ceil(length / batchSize),
    async getBatch(index) {
      return order.slice(index * batchSize, (index + 1) * batchSize).map(datumAt);
    },
    setEpoch(epoch) {
      order = orderOf(epoch);
    },
  };
}
