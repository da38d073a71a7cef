// A dataset of comparisons whose batches wait for the word to begin: the run stands still between its steps.

import { comparisonFileDatasets } from '../../src/preference/data/comparison_file.ts';
import { comparisonFileParams } from '../../src/preference/data/comparison_params.ts';
import { preferenceDatasetSlot } from '../../src/preference/types.ts';
import { defineBuilder } from '../../src/registry/builder.ts';

/** @param begin resolves when the next step may begin */
export function stepwiseComparisons(begin: () => Promise<void>) {
  return defineBuilder({
    slot: preferenceDatasetSlot,
    name: 'stepwise_comparisons',
    version: 1,
    doc: 'The comparisons of a benchmark, a batch at a time.',
    params: comparisonFileParams,
    async build(params, context) {
      const { train } = await comparisonFileDatasets(params, context);
      return {
        train: {
          length: train.length,
          setEpoch: (epoch) => train.setEpoch(epoch),
          async getBatch(index) {
            await begin();
            return await train.getBatch(index);
          },
        },
        test: null,
      };
    },
  });
}
