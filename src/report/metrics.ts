// Loads metrics.jsonl of many runs into one wide table: a row a run and step, a typed column a metric.

import type { DuckDBConnection } from '@duckdb/node-api';
import { readForeignLines } from '../run_files/foreign_json.ts';
import { messageOf, RunDirectoryError } from '../util/errors.ts';
import { type JsonObject, textOf } from '../util/json.ts';
import { plural } from '../util/plural.ts';
import { type Columns, quoteName, quoteText } from './columns.ts';
import { readRows } from './database.ts';
import type { RunEntry } from './run_entry.ts';

/** The table behind the view `metrics`; its `run_index` is the position of the run among the entries, from 0. */
export const METRIC_ROWS = 'internal.metric_rows';

/** Lines that are no JSON object, torn ones among them, become rows of NULLs. Directories named `lr=1` are no partitions. */
const READING = `format = 'newline_delimited', ignore_errors = true, hive_partitioning = false`;

/**
 * Every metric that any line of any run has, with its type: DOUBLE where all values are numbers (NaN and the infinities are
 * written as text), BOOLEAN, or else VARCHAR. Reads all files once.
 */
export async function findMetrics(connection: DuckDBConnection, entries: readonly RunEntry[]): Promise<Columns> {
  const { rows } = await readFiles(
    connection,
    metricFiles(entries),
    (files) => `SELECT name,
       CASE WHEN bool_and(json_type(value) IN ('BIGINT', 'UBIGINT', 'DOUBLE')
                          OR value::VARCHAR IN ('"NaN"', '"Infinity"', '"-Infinity"')) THEN 'DOUBLE'
            WHEN bool_and(json_type(value) = 'BOOLEAN') THEN 'BOOLEAN'
            ELSE 'VARCHAR' END AS type
     FROM (SELECT unnest(map_keys(json)) AS name, unnest(map_values(json)) AS value FROM ${objectsIn(files)})
     WHERE name <> 'step' AND json_type(value) <> 'NULL' GROUP BY name ORDER BY name`,
  );
  return Object.fromEntries(rows.map(({ name, type }) => [textOf(name), textOf(type)]));
}

/**
 * Fills METRIC_ROWS with the given metrics. A step that was logged more than once becomes one row in which the last value that
 * is not null wins; a torn last line costs nothing. What is logged of a DOUBLE and is no number, such as a text, becomes NaN.
 * @returns what could not be read, one line each
 */
export async function loadMetrics(
  connection: DuckDBConnection,
  entries: readonly RunEntry[],
  metrics: Columns,
): Promise<string[]> {
  const { columns, notices } = separableColumns(metrics);
  const names = Object.keys(columns);
  const definitions = Object.entries(columns).map(([name, type]) => `, ${quoteName(name)} ${type}`);
  await connection.run('CREATE SCHEMA internal');
  await connection.run(`CREATE TABLE ${METRIC_ROWS} (run_index BIGINT, step DOUBLE${definitions.join('')})`);
  const values = Object.entries(columns).map(([name, type]) =>
    type === 'DOUBLE' ? `, ${numberIn(quoteName(name))}` : `, ${quoteName(name)}`,
  );
  const read = await readFiles(connection, metricFiles(entries), (files) => {
    const indices = files.map(({ index }) => index);
    return `INSERT INTO ${METRIC_ROWS}
      SELECT [${indices}][file_index::BIGINT + 1], step${values.join('')} FROM ${linesIn(files, columns)}`;
  });
  notices.push(...read.notices);
  notices.push(...(await dropDamagedLines(connection, read.files, names)));
  await mergeRepeatedSteps(connection, names);
  const [{ fractions } = {}] = await readRows(
    connection,
    `SELECT count(*) AS fractions FROM ${METRIC_ROWS} WHERE step <> floor(step)`,
  );
  if (fractions === 0) await connection.run(`ALTER TABLE ${METRIC_ROWS} ALTER step TYPE BIGINT`);
  return notices;
}

/** Read as text, since reading as DOUBLE would make null of what is logged and is no number. */
function linesIn(files: readonly MetricFile[], columns: Columns): string {
  const structure = Object.entries({ step: 'DOUBLE', ...columns }).map(
    ([name, type]) => `${quoteText(name)}: '${type === 'DOUBLE' && name !== 'step' ? 'VARCHAR' : type}'`,
  );
  return `read_json(${fileList(files)}, ${READING}, columns = {${structure.join(', ')}})`;
}

function numberIn(column: string): string {
  return `CASE WHEN ${column} IS NOT NULL THEN coalesce(try_cast(${column} AS DOUBLE), 'NaN') END`;
}

function objectsIn(files: readonly MetricFile[]): string {
  return `read_json(${fileList(files)}, ${READING}, records = false, columns = {json: 'MAP(VARCHAR, JSON)'})`;
}

interface MetricFile {
  index: number;
  run: string;
  file: string;
}

function metricFiles(entries: readonly RunEntry[]): MetricFile[] {
  return entries.flatMap(({ metricsFile, row }, index) =>
    metricsFile === null ? [] : { index, run: row.run, file: metricsFile },
  );
}

function fileList(files: readonly { file: string }[]): string {
  return `[${files.map(({ file }) => quoteText(file)).join(', ')}]`;
}

/** SQL cannot tell columns apart by case and has none without a name, so some metrics that JSON can hold must stay out. */
function separableColumns(metrics: Columns): { columns: Columns; notices: string[] } {
  const kept: [name: string, type: string][] = [];
  const notices: string[] = [];
  const taken = new Map([
    ['run', 'the column run'],
    ['run_index', 'the column run_index'],
    ['step', 'the column step'],
    ['', 'a column'],
  ]);
  for (const [name, type] of Object.entries(metrics)) {
    const other = taken.get(name.toLowerCase());
    if (other !== undefined) notices.push(`the metric "${name}" is left out: SQL cannot tell it from ${other}`);
    else kept.push([name, type]);
    taken.set(name.toLowerCase(), other ?? `the metric "${name}"`);
  }
  return { columns: Object.fromEntries(kept), notices };
}

/** Removes the rows that unreadable lines left, and counts those that are more than the torn end of a file. */
async function dropDamagedLines(
  connection: DuckDBConnection,
  files: readonly MetricFile[],
  metrics: readonly string[],
): Promise<string[]> {
  // A line without a step is legal, so only files that have one are looked at again.
  const stepless = await readRows(connection, `SELECT DISTINCT run_index FROM ${METRIC_ROWS} WHERE step IS NULL`);
  if (stepless.length === 0) return [];
  const suspects = new Set(stepless.map((row) => row.run_index));
  const empty = ['step', ...metrics].map((name) => `${quoteName(name)} IS NULL`).join(' AND ');
  await connection.run(`DELETE FROM ${METRIC_ROWS} WHERE ${empty}`);

  return files
    .filter(({ index }) => suspects.has(index))
    .flatMap(({ run, file }) => {
      const { damaged } = readForeignLines(file);
      return damaged > 0 ? `${run}: ${plural(damaged, 'damaged line')} in metrics.jsonl` : [];
    });
}

async function mergeRepeatedSteps(connection: DuckDBConnection, metrics: readonly string[]): Promise<void> {
  // Rows lie in the order of the files, so a repeated step shows as one that is not above the step before it.
  const repeating = await readRows(
    connection,
    `SELECT DISTINCT run_index FROM (
       SELECT run_index, step, lag(step) OVER () AS step_before, lag(run_index) OVER () AS run_before FROM ${METRIC_ROWS}
     ) WHERE run_index = run_before AND step <= step_before`,
  );
  if (repeating.length === 0) return;
  const affected = `run_index IN (${repeating.map((row) => row.run_index).join(', ')}) AND step IS NOT NULL`;
  // arg_max passes over nulls: the value of the last row that has one.
  const lastValues = metrics.map((name) => `, arg_max(${quoteName(name)}, rowid) AS ${quoteName(name)}`).join('');
  await connection.run(
    `CREATE TABLE internal.merged AS
     SELECT run_index, step${lastValues} FROM ${METRIC_ROWS} WHERE ${affected} GROUP BY run_index, step`,
  );
  await connection.run(`DELETE FROM ${METRIC_ROWS} WHERE ${affected}`);
  await connection.run(`INSERT INTO ${METRIC_ROWS} FROM internal.merged`);
  await connection.run('DROP TABLE internal.merged');
}

/** Reads all files in one statement. One that DuckDB cannot read, such as pretty-printed JSON, is noted and does not keep the others from being read. */
async function readFiles(
  connection: DuckDBConnection,
  files: readonly MetricFile[],
  statement: (files: readonly MetricFile[]) => string,
): Promise<{ rows: JsonObject[]; files: readonly MetricFile[]; notices: string[] }> {
  if (files.length === 0) return { rows: [], files, notices: [] };
  try {
    return { rows: await readRows(connection, statement(files)), files, notices: [] };
  } catch (error) {
    const problems = new Map<MetricFile, string>();
    for (const file of files) {
      await readRows(connection, `SELECT count(json) FROM ${objectsIn([file])}`).catch((reason) =>
        problems.set(file, firstLine(reason)),
      );
    }
    if (problems.size === 0) {
      throw new RunDirectoryError(`cannot read the metrics: ${firstLine(error)}`, { cause: error });
    }
    const readable = files.filter((file) => !problems.has(file));
    const notices = [...problems].map(
      ([{ run }, problem]) => `${run}: metrics.jsonl is left out, it is not one JSON object a line: ${problem}`,
    );
    const read = await readFiles(connection, readable, statement);
    return { ...read, notices: [...notices, ...read.notices] };
  }
}

/** Without the name of DuckDB's class of errors. */
function firstLine(error: unknown): string {
  return (messageOf(error).split('\n')[0] ?? '').replace(/^[\w ]+ Error: /, '');
}
