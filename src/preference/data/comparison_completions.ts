// The supervised dataset of a file of comparisons: its completions as replies to imitate, before it is learned which are better.

import { batchedDataset } from '../../supervised/batches.ts';
import { datumFromModelInputWeights } from '../../supervised/common.ts';
import { namedRows, type RowPlace } from '../../supervised/data/rows.ts';
import { type RowPart, renderingOf, splitRows } from '../../supervised/split_rows.ts';
import type { DatasetContext, SupervisedDataset, SupervisedDatasets } from '../../supervised/types.ts';
import { modelInputFromTokens } from '../../tinker/types.ts';
import { DataValidationError } from '../../util/errors.ts';
import { shortPath } from '../../util/files.ts';
import { renderComparison } from './comparison_file.ts';
import type { ComparisonCompletionParams } from './comparison_params.ts';
import type { Sequence } from './file_dataset.ts';
import { readComparisons } from './read_comparisons.ts';

/** Everything that can be wrong with the data shows here, before training begins. */
export async function comparisonCompletionDatasets(
  params: ComparisonCompletionParams,
  context: DatasetContext,
): Promise<SupervisedDatasets> {
  const { renderer, maxLength } = renderingOf(params, context, 'comparisons');
  const { warn, notify, signal } = context;
  const { train, test } = await splitRows(params, context, async (file) => {
    const tooLong: RowPlace[] = [];
    const rows = await readComparisons(file, params, { warn, notify, signal }, (labeled, place) => {
      const { chosen, rejected } = renderComparison(labeled, renderer);
      const wanted = { both: [chosen, rejected], chosen: [chosen], rejected: [rejected] }[params.completions];
      const fitting = wanted.filter(({ tokens }) => tokens.length <= maxLength);
      if (fitting.length < wanted.length) tooLong.push(place);
      return fitting;
    });
    if (tooLong.length > 0) {
      warn(
        `${shortPath(file)}: ${tooLong.length} of ${rows.length} comparisons have completions that are left out, longer than max_length ${maxLength} (${namedRows(tooLong)})`,
      );
    }
    return rows;
  });
  return { train: datasetOf(train, params), test: test === null ? null : datasetOf(test, params) };
}

function datasetOf(
  { rows, file, shuffleSeeds }: RowPart<Sequence[] | null>,
  { batch_size: batchSize }: ComparisonCompletionParams,
): SupervisedDataset {
  const examples = rows.flatMap((row) => row ?? []);
  if (examples.length === 0)
    throw new DataValidationError(`${shortPath(file)}: no completion is left that fits into max_length`);
  return batchedDataset({
    length: examples.length,
    exampleAt: (index) => {
      const { tokens, weights } = examples[index];
      return datumFromModelInputWeights(modelInputFromTokens([...tokens]), weights, { reduction: 'mean' });
    },
    batchSize,
    shuffleSeeds,
  });
}
