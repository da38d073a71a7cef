// The first comparisons of a data file, looked at without training on them: what `cookbook validate` tells of the dataset.

import type { FieldProblem } from '../registry/builder.ts';
import type { Renderer } from '../renderers/types.ts';
import { checkRowFiles } from '../supervised/check_rows.ts';
import { renderComparison } from './comparison_file.ts';
import type { ComparisonFileParams } from './comparison_params.ts';
import { comparisonReader } from './rows.ts';

export async function checkComparisonFile(
  params: ComparisonFileParams,
  renderer: Renderer | null,
): Promise<FieldProblem[]> {
  return await checkRowFiles(params, () => {
    const read = comparisonReader(params);
    return (row) => {
      const labeled = read(row);
      if (renderer !== null) renderComparison(labeled, renderer);
    };
  });
}
