// The first comparisons of a data file, looked at without training on them: what `cookbook validate` tells of the dataset.

import type { FieldProblem } from '../registry/builder.ts';
import type { Renderer } from '../renderers/types.ts';
import { checkRowFile } from '../supervised/check_rows.ts';
import { renderComparison } from './comparison_file.ts';
import type { ComparisonFileParams } from './comparison_params.ts';
import { comparisonReader } from './rows.ts';

export async function checkComparisonFile(
  params: ComparisonFileParams,
  renderer: Renderer | null,
): Promise<FieldProblem[]> {
  const problems: FieldProblem[] = [];
  for (const field of ['file_path', 'test_file_path'] as const) {
    const file = params[field];
    if (file === null) continue;
    const read = comparisonReader(params.format);
    const look: Parameters<typeof checkRowFile>[2] = (row) => {
      const labeled = read(row);
      if (renderer !== null) renderComparison(labeled, renderer);
    };
    problems.push(...(await checkRowFile(field, file, look, params.on_bad_row)));
  }
  return problems;
}
