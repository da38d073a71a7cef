// The files of an evaluation, DIR/NAME/: the settings that its answers were sampled with, the answers line by line, the
// result. Killed at any instant, they hold every answer that had come.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigurationError, DataFormatError } from '../util/errors.ts';
import {
  createFileAtomic,
  exists,
  jsonText,
  makeDirectory,
  readJson,
  shortPath,
  writeFileAtomic,
} from '../util/files.ts';
import { equalJson, type JsonObject } from '../util/json.ts';
import { LineAppender, repairTail } from '../util/json_lines.ts';
import { isNumber, isString, jsonShape } from '../util/json_shape.ts';
import { type BenchmarkResult, scoredSample } from './benchmark_result.ts';
import { answerLines, RESULT, SETTINGS, SUMMARY, settingsShape, TRAJECTORIES } from './results_files.ts';
import type { KnownSample } from './run_benchmark.ts';
import { recordShape, sampleKey, type TrajectoryRecord } from './trajectory_record.ts';

/** What a benchmark may be called: files bear its name. */
const BENCHMARK_NAME = /^[\w-][\w.-]*$/;

/** @throws ConfigurationError for a name that no file can have */
export function requireFileName(name: string): string {
  if (BENCHMARK_NAME.test(name)) return name;
  throw new ConfigurationError(`a benchmark cannot be called ${JSON.stringify(name)}: its results lie under its name`, {
    hint: 'Use letters, digits, "_", "-" and ".".',
  });
}

export class ResultsDirectory {
  readonly directory: string;
  readonly #saveDir: string;
  readonly #lines: LineAppender;
  /** Answers of before, by `sampleKey`; those that failed are not among them. */
  readonly known: ReadonlyMap<string, KnownSample>;

  private constructor(saveDir: string, directory: string, known: ReadonlyMap<string, KnownSample>, lost: AbortSignal) {
    this.#saveDir = saveDir;
    this.directory = directory;
    this.known = known;
    this.#lines = new LineAppender(join(directory, TRAJECTORIES), lost);
  }

  /**
   * Opens what lies there already, or makes it, for the holder of its lease until that is `lost`.
   * @throws ConfigurationError for the answers of another model or of other settings
   */
  static async open(
    saveDir: string,
    { name, grader }: { name: string; grader: string },
    settings: JsonObject,
    lost: AbortSignal,
  ): Promise<ResultsDirectory> {
    const directory = join(saveDir, requireFileName(name));
    await makeDirectory(directory);
    if (!(await createFileAtomic(join(directory, SETTINGS), jsonText(settings))))
      await holdAgainst(directory, settings);
    const path = join(directory, TRAJECTORIES);
    await repairTail(path);
    return new ResultsDirectory(saveDir, directory, await knownSamples(path, grader), lost);
  }

  get trajectoriesPath(): string {
    return join(this.directory, TRAJECTORIES);
  }

  get resultPath(): string {
    return join(this.directory, RESULT);
  }

  append(record: TrajectoryRecord): void {
    this.#lines.append(JSON.stringify(record));
  }

  /** Writes the result, and the summary of all benchmarks beside it. */
  async finish(result: BenchmarkResult): Promise<void> {
    await this.#lines.flush();
    await writeFileAtomic(this.resultPath, jsonText(result));
    const names = (await readdir(this.#saveDir)).sort();
    const results = await Promise.all(
      names.map(async (name) => (await readJson(join(this.#saveDir, name, RESULT), resultShape)).value ?? []),
    );
    await writeFileAtomic(join(this.#saveDir, SUMMARY), jsonText({ benchmarks: results.flat().map(summaryOf) }));
  }

  close(): void {
    this.#lines.close();
  }
}

/** Answers are only ever added to those that were sampled in the same way. */
async function holdAgainst(directory: string, settings: JsonObject): Promise<void> {
  const { value, problem } = await readJson(join(directory, SETTINGS), settingsShape);
  const place = shortPath(directory);
  if (problem !== null || value === null) {
    throw new ConfigurationError(`${place} holds no results that can be gone on with: ${problem ?? 'it is changing'}`, {
      hint: 'Name another place with --save-dir.',
    });
  }
  const differing = [...new Set([...Object.keys(value), ...Object.keys(settings)])].filter(
    (name) => !equalJson(value[name] ?? null, settings[name] ?? null),
  );
  if (differing.length === 0) return;
  const shown = differing.map(
    (name) => `${name} ${JSON.stringify(value[name] ?? null)}, and this is ${JSON.stringify(settings[name] ?? null)}`,
  );
  throw new ConfigurationError(`${place} holds answers that were sampled otherwise: ${shown.join('; ')}`, {
    hint: 'Name another place with --save-dir, or none: then there is one for every model and its settings.',
  });
}

/** Read line by line: many answers to many examples are more than a text may hold. The last line of an answer that did not fail counts. */
async function knownSamples(path: string, grader: string): Promise<Map<string, KnownSample>> {
  const known = new Map<string, KnownSample>();
  if (!(await exists(path))) return known;
  for await (const { number, text, problem } of answerLines(path)) {
    const record = problem === null ? parsed(text) : undefined;
    if (!recordShape.is(record)) {
      throw new DataFormatError(`${shortPath(path)}:${number}: ${problem ?? recordShape.problem(record)}`, {
        hint: 'Something else than cookbook has changed the file: mend the line or delete it.',
      });
    }
    const key = sampleKey(record);
    // Behind an answer it says that judging it anew failed: the answer is there all the same.
    if (record.error !== null) continue;
    if (record.grader === grader) known.set(key, { scored: scoredSample(record) });
    else known.set(key, { turns: record.turns, time_seconds: record.time_seconds });
  }
  return known;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

type Summary = Pick<BenchmarkResult, 'name' | 'score' | 'num_examples' | 'num_errors'>;

const resultShape = jsonShape<Summary>({
  name: isString,
  score: isNumber,
  num_examples: isNumber,
  num_errors: isNumber,
});

function summaryOf({ name, score, num_examples, num_errors }: Summary): Summary {
  return { name, score, num_examples, num_errors };
}
