// The file of a benchmark's problems: read when the benchmark is built, looked at when its spec is validated. What reads it is loaded then.

import type { FieldProblem } from '../../registry/builder.ts';
import type { OnBadRow } from '../../supervised/data/options.ts';
import type { ProblemFileContext, ReadProblem } from './problem_file.ts';

/** As `problemBenchmarkParams` has it. */
interface BenchmarkFileParams {
  file_path: string;
  num_examples: number | null;
  on_bad_row: OnBadRow;
}

export interface BenchmarkFile<P> {
  /** @throws DataValidationError where no row can be used */
  read(params: BenchmarkFileParams, context: ProblemFileContext): Promise<P[]>;
  check(params: BenchmarkFileParams): Promise<FieldProblem[]>;
}

/** @param reader loads what makes a problem of a row */
export function benchmarkFile<P>(reader: () => Promise<ReadProblem<P>>): BenchmarkFile<P> {
  return {
    async read({ file_path, num_examples, on_bad_row }, context) {
      const { readProblems } = await import('./problem_file.ts');
      return await readProblems(file_path, await reader(), { on_bad_row, limit: num_examples }, context);
    },
    async check({ file_path, on_bad_row }) {
      const { checkProblemFiles } = await import('./problem_file.ts');
      return await checkProblemFiles({ file_path }, await reader(), on_bad_row);
    },
  };
}
