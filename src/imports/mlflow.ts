// Runs in MLflow's file stores: a directory with a meta.yaml, and a file for every metric, parameter and tag.

import { readdir } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { parse } from 'yaml';
import { linesIn } from '../run_files/foreign_json.ts';
import { DECIMAL_NUMBER } from '../util/decimal.ts';
import { messageOf } from '../util/errors.ts';
import { errorCode } from '../util/files.ts';
import { isJsonObject, type JsonObject, type JsonValue, numberOf, textOf } from '../util/json.ts';
import { plural } from '../util/plural.ts';
import { readRegularFile } from '../util/regular_file.ts';
import { type ForeignRun, type Reading, Rows } from './foreign_run.ts';

const META = 'meta.yaml';
/** A dozen short fields; what is made to be parsed for hours is longer. */
const MOST_META_BYTES = 2 ** 16;
const MOST_PARAM_BYTES = 2 ** 16;
const MOST_METRIC_BYTES = 256 * 2 ** 20;
/** A time, a value, a step, and the names of a dataset and a model. */
const LONGEST_LINE = 2 ** 12;
/** Files of a run. */
const MOST_FILES = 100_000;

/** Numbers as older stores have them. */
const STATES: Readonly<Record<string, ForeignRun['state']>> = {
  FINISHED: 'done',
  3: 'done',
  FAILED: 'failed',
  4: 'failed',
  KILLED: 'interrupted',
  5: 'interrupted',
};

/** The run of a directory with a meta.yaml; none where that is one of an experiment, a model, or something else. */
export async function readMlflowRun(directory: string): Promise<Reading> {
  const problems: string[] = [];
  try {
    const meta = await metaIn(directory);
    const id = textOf(meta.run_id) ?? textOf(meta.run_uuid);
    if (id === null || meta.lifecycle_stage === 'deleted') return { runs: [], problems };
    const experiment = await metaIn(dirname(directory)).catch((): JsonObject => ({}));
    const rows = new Rows();
    for (const [metric, path] of await filesBelow(join(directory, 'metrics'), problems))
      await orLeftOut(path, problems, () => addMetric(metric, path, rows, problems));
    const config: JsonObject = Object.create(null);
    for (const [name, path] of await filesBelow(join(directory, 'params'), problems)) {
      await orLeftOut(path, problems, async () => {
        config[name] = paramValue((await readRegularFile(path, MOST_PARAM_BYTES)).replace(/\n$/, ''));
      });
    }
    problems.push(...rows.problems(directory));
    if (rows.rows.size === 0) return { runs: [], problems };
    const run: ForeignRun = {
      kind: 'mlflow',
      id,
      name: textOf(meta.run_name) || id,
      project: textOf(experiment.name),
      config,
      rows: rows.rows,
      state: STATES[String(meta.status)] ?? null,
      started: numberOf(meta.start_time),
      ended: numberOf(meta.end_time),
    };
    return { runs: [run], problems };
  } catch (error) {
    return { runs: [], problems: [...problems, `${directory}: ${messageOf(error)}`] };
  }
}

async function metaIn(directory: string): Promise<JsonObject> {
  const text = await readRegularFile(join(directory, META), MOST_META_BYTES);
  // An alias may stand for a text that is a thousand times as long; comparing each key with all others takes their square.
  const value: unknown = parse(text, { maxAliasCount: 0, uniqueKeys: false, schema: 'core', logLevel: 'silent' });
  return isJsonObject(value) ? value : {};
}

/** The files below a directory with their names, which may have slashes. Without one there are none. */
async function filesBelow(directory: string, problems: string[]): Promise<[string, string][]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if (errorCode(error) !== 'ENOENT') problems.push(`${directory}: ${messageOf(error)}`);
    return [];
  });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry): [string, string] => {
      const path = join(entry.parentPath, entry.name);
      return [relative(directory, path).split(sep).join('/'), path];
    })
    .sort(([a], [b]) => (a < b ? -1 : 1));
  if (files.length > MOST_FILES) problems.push(`${directory}: ${files.length - MOST_FILES} of its files are left out`);
  return files.slice(0, MOST_FILES);
}

/** One file that cannot be read keeps no other of its run from being read. */
async function orLeftOut(path: string, problems: string[], read: () => Promise<void>): Promise<void> {
  try {
    await read();
  } catch (error) {
    problems.push(`${path}: ${messageOf(error)}`);
  }
}

/** Each line has a time, a value and a step; newer versions add to it. */
async function addMetric(metric: string, path: string, rows: Rows, problems: string[]): Promise<void> {
  let damaged = 0;
  for (const { line, isWhole } of linesIn(await readRegularFile(path, MOST_METRIC_BYTES))) {
    const [, value = '', step = '0'] = line.length > LONGEST_LINE ? [] : line.trim().split(/\s+/);
    const number = numberIn(value);
    // Without its newline the last line may be half of one.
    if (!isWhole || number === null || !/^-?\d+$/.test(step)) damaged += 1;
    else rows.add(Number(step), metric, number);
  }
  if (damaged > 0)
    problems.push(`${join(basename(dirname(path)), basename(path))}: ${plural(damaged, 'damaged line')} left out`);
}

function numberIn(text: string): number | null {
  if (/^-?inf(inity)?$/i.test(text)) return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (/^nan$/i.test(text)) return Number.NaN;
  return DECIMAL_NUMBER.test(text) ? Number(text) : null;
}

/** Parameters are texts; those of Python's numbers and truth values are read as such. */
function paramValue(text: string): JsonValue {
  if (text === 'None' || text === 'null') return null;
  if (/^(true|false)$/i.test(text)) return text.toLowerCase() === 'true';
  const number = numberIn(text);
  return number !== null && Number.isFinite(number) ? number : text;
}
