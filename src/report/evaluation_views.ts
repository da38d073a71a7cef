// The views `evaluations` and `evaluation_examples`: scores of benchmarks, and the answers that they are made of.

import type { DuckDBConnection } from '@duckdb/node-api';
import { type JsonObject, numberOf, objectOf, textOf } from '../util/json.ts';
import type { Columns } from './columns.ts';
import { createTable } from './database.ts';
import type { RunPlaces } from './entries.ts';
import { readEvaluations, type SeenEvaluation, scoreOf } from './evaluations.ts';
import type { RunEntry } from './run_entry.ts';

export const EVALUATION_VIEWS = ['evaluations', 'evaluation_examples'];

export const EVALUATION_COLUMNS: Columns = {
  evaluation: 'VARCHAR',
  run: 'VARCHAR',
  step: 'BIGINT',
  benchmark: 'VARCHAR',
  model: 'VARCHAR',
  score: 'DOUBLE',
  score_low: 'DOUBLE',
  score_high: 'DOUBLE',
  num_examples: 'BIGINT',
  num_answers: 'BIGINT',
  num_correct: 'BIGINT',
  num_errors: 'BIGINT',
  max_tokens: 'BIGINT',
  temperature: 'DOUBLE',
  seed: 'BIGINT',
  metrics: 'JSON',
  pass_at_k: 'JSON',
  settings: 'JSON',
};

export const EXAMPLE_COLUMNS: Columns = {
  evaluation: 'VARCHAR',
  run: 'VARCHAR',
  step: 'BIGINT',
  benchmark: 'VARCHAR',
  example_id: 'VARCHAR',
  sample: 'BIGINT',
  idx: 'BIGINT',
  correct: 'BOOLEAN',
  reward: 'DOUBLE',
  error: 'VARCHAR',
  input: 'VARCHAR',
  expected: 'VARCHAR',
  extracted: 'VARCHAR',
  output: 'VARCHAR',
  grader: 'VARCHAR',
  time_seconds: 'DOUBLE',
  metrics: 'JSON',
};

/** @returns notices about what could not be read */
export async function createEvaluationViews(
  connection: DuckDBConnection,
  entries: readonly RunEntry[],
  places: RunPlaces,
): Promise<string[]> {
  const { evaluations, notices } = await readEvaluations(entries, places);
  await createTable(connection, 'evaluations', EVALUATION_COLUMNS, evaluations.map(evaluationRow));
  await createTable(connection, 'evaluation_examples', EXAMPLE_COLUMNS, evaluations.flatMap(exampleRows));
  return notices;
}

function evaluationRow(evaluation: SeenEvaluation): JsonObject {
  const { answers: _, settings, ...rest } = evaluation;
  return {
    ...rest,
    ...scoreOf(evaluation),
    settings,
    model: textOf(settings.model),
    max_tokens: numberOf(settings.max_tokens),
    temperature: numberOf(settings.temperature),
    seed: numberOf(settings.seed),
  };
}

function exampleRows({ evaluation, run, step, benchmark, answers }: SeenEvaluation): JsonObject[] {
  return answers.map(({ line, ...answer }) => {
    const { input, expected, extracted, output } = objectOf(line.logs);
    const told = (value: typeof input) => (typeof value === 'number' ? String(value) : textOf(value));
    return {
      ...answer,
      evaluation,
      run,
      step,
      benchmark,
      correct: answer.reward > 0,
      input: told(input),
      expected: told(expected),
      extracted: told(extracted),
      output: told(output),
      grader: textOf(line.grader),
      time_seconds: numberOf(line.time_seconds),
      metrics: objectOf(line.metrics),
    };
  });
}
