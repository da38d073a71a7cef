// Documents end to end, cut into blocks of equal length: the datasets of pretraining, in which every token is trained.

import { modelInputFromTokens } from '../tinker/types.ts';
import { batchedDataset } from './batches.ts';
import { datumFromModelInputWeights, type Reduction } from './common.ts';
import type { SupervisedDataset } from './types.ts';

export interface PackingOptions {
  /** Inputs of a block. */
  blockLength: number;
  batchSize: number;
  reduction: Reduction;
  /** null: blocks come in the order of the text. */
  shuffleSeeds: readonly number[] | null;
}

/** Blocks in which each input predicts the token after it: every token but the very first is a target once. */
export function packedDataset(tokens: Int32Array, options: PackingOptions): SupervisedDataset {
  const { blockLength, batchSize, reduction, shuffleSeeds } = options;
  return batchedDataset({
    length: Math.ceil((tokens.length - 1) / blockLength),
    exampleAt: (index) => {
      const block = [...tokens.subarray(index * blockLength, (index + 1) * blockLength + 1)];
      const weights = block.map(() => 1);
      return datumFromModelInputWeights(modelInputFromTokens(block), weights, { reduction });
    },
    batchSize,
    shuffleSeeds,
  });
}

/** Token arrays one after another. */
export function concatenate(documents: readonly Int32Array[]): Int32Array {
  const all = new Int32Array(documents.reduce((sum, document) => sum + document.length, 0));
  let end = 0;
  for (const document of documents) {
    all.set(document, end);
    end += document.length;
  }
  return all;
}
