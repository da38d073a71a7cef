// The answers of an evaluation that is over or under way, read back from its directory or from a file of a run.

import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ConfigurationError, DataFormatError } from '../util/errors.ts';
import { entriesOf, exists, readJson, shortPath } from '../util/files.ts';
import type { JsonObject } from '../util/json.ts';
import { isCount, jsonShape } from '../util/json_shape.ts';
import { answerLines, RESULT, SETTINGS, settingsShape, TRAJECTORIES } from './results_files.ts';
import { recordShape, sampleKey, type TrajectoryRecord } from './trajectory_record.ts';

/** Of a record what two evaluations are compared by. */
export interface RecordedAnswer {
  example_id: string;
  sample: number;
  input: string;
  expected: string | null;
  extracted: string | number | null;
  isCorrect: boolean;
  error: string | null;
  grader: string;
}

export interface RecordedEvaluation {
  benchmark: string;
  /** As the user would type it. */
  path: string;
  /** Null where none lie beside it, as for an evaluation within a run. */
  settings: JsonObject | null;
  /** As the result beside them counts them: the examples of the command that came last. Null where there is no result. */
  num_examples: number | null;
  answers: RecordedAnswer[];
}

/**
 * The evaluations in a directory of results (`evals/MODEL`, or one benchmark of it) or in a file of trajectories.
 * @throws ConfigurationError where there is none, DataFormatError for a line that is no record
 */
export async function recordedEvaluations(path: string): Promise<RecordedEvaluation[]> {
  const files = await trajectoryFiles(path);
  if (files.length > 0) return await Promise.all(files.map(readEvaluation));
  throw new ConfigurationError(`${shortPath(path)} holds no results of an evaluation`, {
    hint: 'Name what --save-dir named, such as evals/MODEL, or the directory of one benchmark in it.',
  });
}

async function trajectoryFiles(path: string): Promise<string[]> {
  const there = await stat(path).catch(() => null);
  if (there?.isFile() === true) return [path];
  const own = join(path, TRAJECTORIES);
  if (await exists(own)) return [own];
  const names = (await entriesOf(path)).filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const below = names.sort().map((name) => join(path, name, TRAJECTORIES));
  const found = await Promise.all(below.map(exists));
  return below.filter((_, i) => found[i]);
}

async function readEvaluation(file: string): Promise<RecordedEvaluation> {
  const answers = new Map<string, RecordedAnswer>();
  let benchmark = basename(dirname(file));
  let torn: string | null = null;
  for await (const { number, text, problem } of answerLines(file)) {
    if (torn !== null) throw new DataFormatError(torn);
    const record = problem === null ? parsed(text) : undefined;
    if (!recordShape.is(record)) {
      torn = `${shortPath(file)}:${number}: ${problem ?? recordShape.problem(record)}`;
      // A kill, or an answer that is being written, leaves part of a line at the end: it counts when it is whole.
      if (record === undefined) continue;
      throw new DataFormatError(torn);
    }
    benchmark = record.benchmark;
    const key = sampleKey(record);
    // Behind an answer it says that judging it anew failed: what it was judged before is still what is known of it.
    if (record.error !== null && answers.get(key)?.error === null) continue;
    answers.set(key, answerOf(record));
  }
  const { value: settings } = await readJson(join(dirname(file), SETTINGS), settingsShape);
  const { value: result } = await readJson(join(dirname(file), RESULT), resultShape);
  const num_examples = result?.num_examples ?? null;
  return { benchmark, path: shortPath(file), settings, num_examples, answers: [...answers.values()] };
}

const resultShape = jsonShape<{ num_examples: number }>({ num_examples: isCount });

function answerOf({ example_id, sample, reward, error, grader, logs }: TrajectoryRecord): RecordedAnswer {
  const { input, expected, extracted } = logs;
  return {
    example_id,
    sample,
    input: String(input ?? ''),
    expected: expected === null || expected === undefined ? null : String(expected),
    extracted: extracted ?? null,
    isCorrect: reward > 0,
    error,
    grader,
  };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
