// Examples in batches, in an order of each epoch's own: so many in each, or as many as fit.

import { ConfigurationError, DataValidationError } from '../util/errors.ts';
import { permutation } from '../util/permutation.ts';
import { packBatches } from './token_batches.ts';
import type { BatchedDataset } from './types.ts';

/** @throws ConfigurationError unless batches are made in one way */
export function checkBatching({ batch_size = null, batch_tokens = null }: BatchRule): void {
  if ((batch_size === null) !== (batch_tokens === null)) return;
  const what = batch_size === null ? 'neither batch_size nor' : 'both batch_size and';
  throw new ConfigurationError(`the dataset has ${what} batch_tokens`, {
    hint: 'Set one of them: batch_size counts the examples of a step, batch_tokens their tokens.',
  });
}

export interface BatchRule {
  batch_size?: number | null;
  batch_tokens?: number | null;
}

interface Examples<T> {
  length: number;
  exampleAt(index: number): T | Promise<T>;
  /** Null: every epoch goes through the examples as they come. */
  shuffleSeeds: readonly number[] | null;
}

/** `length` examples, which `exampleAt` makes when they are asked for. The last batch holds what is left over. */
export function batchedDataset<T>({
  length,
  exampleAt,
  batchSize,
  shuffleSeeds,
}: Examples<T> & { batchSize: number }): BatchedDataset<T> {
  let order = orderOf(length, shuffleSeeds, 0);
  return {
    length: Math.ceil(length / batchSize),
    async getBatch(index) {
      return await Promise.all(order.slice(index * batchSize, (index + 1) * batchSize).map(exampleAt));
    },
    setEpoch(epoch) {
      order = orderOf(length, shuffleSeeds, epoch);
    },
    examples: { length, batchSize, at: async (index) => await exampleAt(order[index] ?? 0) },
  };
}

/**
 * Batches of at most `batchTokens` tokens, as even as they can be made; `tokensAt` says how many an example has. There are as
 * many in every epoch. Throws a DataValidationError for an example that fits in none.
 */
export function tokenBatchedDataset<T>({
  length,
  exampleAt,
  tokensAt,
  batchTokens,
  shuffleSeeds,
}: Examples<T> & { tokensAt(index: number): number; batchTokens: number }): BatchedDataset<T> {
  const tokens = Array.from({ length }, (_, index) => tokensAt(index));
  const longest = tokens.reduce((most, each) => Math.max(most, each), 0);
  if (longest > batchTokens) {
    throw new DataValidationError(`an example has ${longest} tokens, more than the batch_tokens ${batchTokens}`, {
      hint: 'Raise batch_tokens, or lower max_length.',
    });
  }
  const batchesOf = (epoch: number) => packBatches(tokens, batchTokens, orderOf(length, shuffleSeeds, epoch));
  let batches = batchesOf(0);
  return {
    length: batches.length,
    async getBatch(index) {
      return await Promise.all((batches[index] ?? []).map(exampleAt));
    },
    setEpoch(epoch) {
      batches = batchesOf(epoch);
    },
  };
}

function orderOf(length: number, shuffleSeeds: readonly number[] | null, epoch: number): number[] {
  return shuffleSeeds === null
    ? Array.from({ length }, (_, index) => index)
    : permutation(length, [...shuffleSeeds, epoch]);
}

/** The batches of datasets behind one another. */
export function oneAfterAnother<T>(datasets: readonly BatchedDataset<T>[]): BatchedDataset<T> {
  const batches = datasets.flatMap((dataset) =>
    Array.from({ length: dataset.length }, (_, index) => ({ dataset, index })),
  );
  return {
    length: batches.length,
    async getBatch(batch) {
      const found = batches[batch];
      return found === undefined ? [] : await found.dataset.getBatch(found.index);
    },
    setEpoch(epoch) {
      for (const dataset of datasets) dataset.setEpoch(epoch);
    },
  };
}

/** Steps of a run over a dataset. */
export function totalStepsOf(
  { num_epochs, max_steps }: { num_epochs: number; max_steps: number | null },
  { length }: Pick<BatchedDataset<unknown>, 'length'>,
): number {
  return Math.min(length * num_epochs, max_steps ?? Number.POSITIVE_INFINITY);
}

/** The batch of each step of a run, asked for in ascending order: epoch after epoch, each in an order of its own. */
export function batchesOf<T>(train: BatchedDataset<T>): (step: number) => Promise<T[]> {
  let shuffled = -1;
  return async (step) => {
    const epoch = Math.floor(step / train.length);
    if (epoch !== shuffled) train.setEpoch(epoch);
    shuffled = epoch;
    return await train.getBatch(step % train.length);
  };
}
