// Problems of a file as environments, with those of a second file held out.

import type { Message } from '../../renderers/types.ts';
import { problemDataset } from '../../rl/problem_env.ts';
import type { RLDatasetContext, RLDatasets } from '../../rl/types.ts';
import { DataValidationError } from '../../util/errors.ts';
import { plural } from '../../util/plural.ts';
import { seedFor } from '../../util/random.ts';
import { boxedProblem } from './boxed_problem.ts';
import type { ProblemDatasetParams } from './problem_fields.ts';
import { type QuestionAndAnswer, type ReadProblem, readProblems } from './problem_file.ts';

export interface ProblemSource {
  /** Under which metrics are also reported. */
  name: string;
  read: ReadProblem;
  /** Behind every question: how to answer. */
  suffix: string;
}

/** Problems that the test file holds too are not trained on. */
export async function problemDatasets(
  params: ProblemDatasetParams,
  { renderer, maxContextLength, seed, ...context }: RLDatasetContext,
  { name, read, suffix }: ProblemSource,
): Promise<RLDatasets> {
  const { file_path: file, test_file_path: testFile, on_bad_row, strict_reference: strictReference } = params;
  const all = await readProblems(file, read, { on_bad_row, limit: null }, context);
  const held = testFile === null ? [] : await readProblems(testFile, read, { on_bad_row, limit: null }, context);
  const train = without(all, held);
  if (train.length === 0) {
    throw new DataValidationError(`${file}: no problem is left to train on: ${testFile} holds them all`, {
      hint: 'Leave test_file_path out, or name another file.',
    });
  }
  if (train.length < all.length) {
    context.notify?.(`${file}: ${plural(all.length - train.length, 'problem')} left out that ${testFile} holds too`);
  }
  const test = held.slice(0, params.num_test_examples ?? undefined);
  const convoPrefix = params.convo_prefix === null ? [] : standardPrefix(suffix);
  const dataset = (problems: QuestionAndAnswer[], groupSize: number, shuffleSeed: number | null) =>
    problemDataset(problems.length, (index) => boxedProblem(problems[index], { suffix, strictReference }), {
      renderer,
      maxContextLength,
      convoPrefix,
      formatCoef: params.format_coef,
      datasetName: name,
      batchSize: params.batch_size,
      groupSize,
      shuffleSeed,
    });
  const { shuffle_seed } = params;
  return {
    train: dataset(train, params.group_size, shuffle_seed === null ? null : seedFor(seed, 'problems', shuffle_seed)),
    test: test.length === 0 ? null : dataset(test, 1, null),
  };
}

function without(problems: QuestionAndAnswer[], held: QuestionAndAnswer[]): QuestionAndAnswer[] {
  const questions = new Set(held.map(({ question }) => question));
  return problems.filter(({ question }) => !questions.has(question));
}

/** One question whose answer shows the form. */
function standardPrefix(suffix: string): Message[] {
  return [
    { role: 'user', content: `How many times does the letter r occur in the word strawberry?${suffix}` },
    {
      role: 'assistant',
      content:
        'Letter by letter: s, t, r, a, w, b, e, r, r, y. The 3rd, the 8th and the 9th of them are an r. The answer is \\boxed{3}.',
    },
  ];
}
