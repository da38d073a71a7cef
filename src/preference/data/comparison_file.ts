// The dataset of a file of comparisons, one a row.

import type { Renderer } from '../../renderers/types.ts';
import type { DatasetContext } from '../../supervised/types.ts';
import type { LabeledComparison, PreferenceDatasets } from '../types.ts';
import type { ComparisonFileParams } from './comparison_params.ts';
import { preferenceDatasets, type RenderedPair, refuseAlike, renderCompletion, type Sequence } from './file_dataset.ts';
import { readComparisons } from './read_comparisons.ts';

export async function comparisonFileDatasets(
  params: ComparisonFileParams,
  context: DatasetContext,
): Promise<PreferenceDatasets> {
  return await preferenceDatasets(params, context, {
    what: 'comparisons',
    async read(file, { renderer, ...context }) {
      return await readComparisons(file, params, context, (labeled, place) => ({
        pair: renderComparison(labeled, renderer),
        place,
      }));
    },
  });
}

type BothSides = RenderedPair & { chosen: Sequence; rejected: Sequence };

/** The prompt with either completion. */
export function renderComparison({ comparison, label }: LabeledComparison, renderer: Renderer): BothSides {
  const { prompt_conversation: prompt, completion_A, completion_B } = comparison;
  const [A, B] = [completion_A, completion_B].map((completion) => renderCompletion(prompt, completion, renderer));
  refuseAlike(A, B);
  return label === 'B' ? { chosen: B, rejected: A, tie: false } : { chosen: A, rejected: B, tie: label === 'Tie' };
}
