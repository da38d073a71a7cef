// The first rows of a data file, looked at without training on them: what `cookbook validate` tells of the dataset.

import type { FieldProblem } from '../registry/builder.ts';
import type { Renderer } from '../renderers/types.ts';
import { checkRowFiles } from '../supervised/check_rows.ts';
import { renderComparison } from './comparison_file.ts';
import type { ComparisonFileParams } from './comparison_params.ts';
import { labelPrompts } from './comparison_prompt.ts';
import { renderCompletion } from './file_dataset.ts';
import type { ComparisonLabelParams } from './label_params.ts';
import { renderOrders } from './label_question.ts';
import { comparisonReader } from './rows.ts';
import type { LabeledComparison } from './types.ts';
import { renderJudged } from './unpaired_file.ts';
import type { RatedFileParams, UnpairedFileParams } from './unpaired_params.ts';
import { ratedReader, unpairedReader } from './unpaired_rows.ts';

export async function checkComparisonFile(
  params: ComparisonFileParams,
  renderer: Renderer | null,
): Promise<FieldProblem[]> {
  return await checkComparisons(params, renderer, renderComparison);
}

export async function checkComparisonLabels(
  params: ComparisonLabelParams,
  renderer: Renderer | null,
): Promise<FieldProblem[]> {
  return await checkComparisons(params, renderer, (labeled, renderer) => renderOrders(labeled, labelPrompts(renderer)));
}

async function checkComparisons(
  params: Pick<
    ComparisonFileParams,
    'file_path' | 'test_file_path' | 'test_size' | 'on_bad_row' | 'format' | 'columns'
  >,
  renderer: Renderer | null,
  render: (labeled: LabeledComparison, renderer: Renderer) => unknown,
): Promise<FieldProblem[]> {
  return await checkRowFiles(params, () => {
    const read = comparisonReader(params);
    return (row) => {
      const labeled = read(row);
      if (renderer !== null) render(labeled, renderer);
    };
  });
}

export async function checkUnpairedFile(
  params: UnpairedFileParams,
  renderer: Renderer | null,
): Promise<FieldProblem[]> {
  return await checkRowFiles(params, () => {
    const read = unpairedReader(params);
    return (row) => {
      const judged = read(row);
      if (renderer !== null) renderJudged(judged, renderer);
    };
  });
}

/** How many prompts there are only a whole file tells, so nothing is said of `test_size`. */
export async function checkRatedFile(
  { test_size: _, ...params }: RatedFileParams,
  renderer: Renderer | null,
): Promise<FieldProblem[]> {
  return await checkRowFiles(params, () => {
    const read = ratedReader(params);
    return (row) => {
      const { prompt, completion } = read(row);
      if (renderer !== null) renderCompletion(prompt, completion, renderer);
    };
  });
}
