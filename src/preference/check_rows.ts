// The first rows of a data file, looked at without training on them: what `cookbook validate` tells of the dataset.

import type { FieldProblem } from '../registry/builder.ts';
import type { Renderer } from '../renderers/types.ts';
import { checkRowFiles, TOO_LONG } from '../supervised/check_rows.ts';
import { renderComparison } from './data/comparison_file.ts';
import type { ComparisonFileParams } from './data/comparison_params.ts';
import { renderCompletion, type Sequence } from './data/file_dataset.ts';
import { comparisonReader } from './data/rows.ts';
import { renderJudged } from './data/unpaired_file.ts';
import type { RatedFileParams, UnpairedFileParams } from './data/unpaired_params.ts';
import { ratedReader, unpairedReader } from './data/unpaired_rows.ts';
import { labelPrompts } from './labels/comparison_prompt.ts';
import type { ComparisonLabelParams } from './labels/label_params.ts';
import { renderOrders } from './labels/label_question.ts';
import type { LabeledComparison } from './types.ts';

export async function checkComparisonFile(
  params: ComparisonFileParams,
  renderer: Renderer | null,
): Promise<FieldProblem[]> {
  return await checkComparisons(params, renderer, (labeled, renderer) => {
    const { chosen, rejected } = renderComparison(labeled, renderer);
    return isBeyond(params, chosen, rejected) ? TOO_LONG : null;
  });
}

/** Whether a completion begins beyond the tokens that rows are cut to. */
function isBeyond({ max_length }: { max_length: number | null }, ...sides: (Sequence | null)[]): boolean {
  const starts = sides.map((side) => side?.weights.findIndex((weight) => weight > 0) ?? -1);
  return max_length !== null && starts.some((start) => start >= max_length);
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
    const reader = comparisonReader(params);
    return (row) => {
      const labeled = reader.read(row);
      return renderer === null ? null : render(labeled, renderer);
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
      if (renderer === null) return null;
      const { chosen, rejected } = renderJudged(judged, renderer);
      return isBeyond(params, chosen, rejected) ? TOO_LONG : null;
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
