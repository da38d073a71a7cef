// Spec fields of environments and benchmarks that read their problems from a file.

import { type Static, Type } from '@sinclair/typebox';
import { contents, FIELD_SOURCE, nullable, oneOf, runtime, semantic } from '../../registry/fields.ts';
import { ON_BAD_ROW } from '../../supervised/data/options.ts';

interface ProblemFile {
  /** What the file is, its rows included. */
  description: string;
  /** Where to get it. */
  source: string;
}

const problemFile = ({ description, source }: ProblemFile, options: object = {}) =>
  contents(Type.String({ format: 'path', [FIELD_SOURCE]: source, description, ...options }));

const count = (description: string) => nullable(semantic(Type.Integer({ minimum: 1, default: null, description })));

const onBadRow = runtime(
  oneOf(ON_BAD_ROW, {
    default: 'error',
    description: 'error: stop at a row that cannot be used. skip: leave it out and count it in a warning.',
  }),
);

export const strictReference = semantic(
  Type.Boolean({
    default: false,
    description: 'Judge answers as the Python cookbook does, mistakes included.',
  }),
);

/** Of an environment; named as in the Python cookbook. */
export function problemDatasetParams({ train, test }: { train: ProblemFile; test: ProblemFile }) {
  return Type.Object({
    file_path: problemFile(train),
    test_file_path: nullable(problemFile(test, { default: null })),
    num_test_examples: count('Problems of the test file to measure, from the first; null = all.'),
    batch_size: semantic(
      Type.Integer({ minimum: 1, description: 'Problems in a batch; the last holds what is left.' }),
    ),
    group_size: semantic(
      Type.Integer({ minimum: 1, description: 'Answers to each problem, which are compared with one another.' }),
    ),
    shuffle_seed: nullable(
      semantic(
        Type.Integer({
          minimum: 0,
          default: 0,
          description: 'With the seed of the run, the order of the problems. null: as in the file.',
        }),
      ),
    ),
    convo_prefix: nullable(
      semantic(
        oneOf(['standard'], {
          default: 'standard',
          description: 'standard: a question with its answer in front of every problem. null: nothing.',
        }),
      ),
    ),
    format_coef: semantic(
      Type.Number({
        minimum: 0,
        default: 0.1,
        description: 'What an answer costs that is not in a box or does not come to its end.',
      }),
    ),
    strict_reference: strictReference,
    on_bad_row: onBadRow,
  });
}
export type ProblemDatasetParams = Static<ReturnType<typeof problemDatasetParams>>;

/** Of a benchmark. */
export function problemBenchmarkParams(file: ProblemFile, { system_prompt }: { system_prompt: string | null }) {
  return Type.Object({
    file_path: problemFile(file),
    num_examples: count('Problems to ask, from the first of the file; null = all.'),
    system_prompt: nullable(
      semantic(
        Type.String({
          default: system_prompt,
          description: 'In front of every problem: how to answer. null = nothing.',
        }),
      ),
    ),
    on_bad_row: onBadRow,
  });
}
