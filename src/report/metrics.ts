// Loads metrics.jsonl of many runs into one wide table: a row a run and step, a typed column a metric.

import { readForeignLines } from '../run_files/foreign_json.ts';
import type { JsonObject, JsonValue } from '../util/json.ts';
import { anyColumn, type IsAsked } from './asked_columns.ts';
import type { Columns } from './columns.ts';
import { readRows } from './database.ts';
import type { Member, MetricFiles } from './metric_files.ts';
import { metricsIn, misfitNotices, typeNamed, typesOfAll } from './metric_types.ts';

/** The table behind the view `metrics`; its `run_index` is the position of the run among the entries, from 0. */
export const METRIC_ROWS = 'internal.metric_rows';

/** A column of METRIC_ROWS. Metrics are named by users, and any name may meet one of SQL's or of another metric. */
export interface MetricColumn {
  metric: string;
  type: string;
  column: string;
}

/** The numbers in a column of METRIC_ROWS, in SQL: of what is logged and is no number, NaN. */
export function numbersIn({ column, type }: MetricColumn): string {
  if (type === 'DOUBLE') return column;
  const nan = `CASE WHEN ${column} IS NOT NULL THEN 'NaN'::DOUBLE END`;
  return type === 'BOOLEAN' ? `(${nan})` : `coalesce(try_cast(${column} AS DOUBLE), ${nan})`;
}

/**
 * Every metric that any line of any run has, with its type: DOUBLE where all values of a run are numbers (NaN and the infinities are
 * written as text), BOOLEAN, or else VARCHAR. Reads all files once, but for those that a cache knows.
 * @param telling those that are kept where there are more than a table can have
 */
export async function findMetrics(files: MetricFiles, telling: ReadonlySet<string> = new Set()): Promise<Columns> {
  await files.queryLines(
    (lines) => `CREATE OR REPLACE TABLE ${FOUND} AS SELECT run_index, name,
       CASE WHEN bool_and(json_type(value) IN ('BIGINT', 'UBIGINT', 'DOUBLE')
                          OR value::VARCHAR IN ('"NaN"', '"Infinity"', '"-Infinity"')) THEN 'DOUBLE'
            WHEN bool_and(json_type(value) = 'BOOLEAN') THEN 'BOOLEAN'
            ELSE 'VARCHAR' END AS type
     FROM (
       SELECT run_index, unnest(coalesce(map_keys(json), [NULL]::VARCHAR[])) AS name,
         unnest(coalesce(map_values(json), [NULL]::JSON[])) AS value FROM ${lines}
     ) WHERE name IS NULL OR (name <> 'step' AND json_type(value) <> 'NULL') GROUP BY run_index, name`,
  );
  await findInOddFiles(files);
  const shapes = await readRows(
    files.connection,
    `SELECT list(run_index) AS runs, names, types FROM (
       SELECT run_index, list(name ORDER BY name) AS names, list(type ORDER BY name) AS types FROM ${FOUND} GROUP BY run_index
     ) GROUP BY names, types`,
  );
  for (const { runs, names, types } of shapes) {
    const [known, metrics] = [listOf(types), listOf(names)];
    const shape = new Map(metrics.map((name, i) => [String(name), typeNamed(known[i])]));
    for (const run of listOf(runs)) files.noteMetrics(Number(run), shape);
  }
  const all = files.metrics;
  const types = typesOfAll(all);
  files.notices.push(...misfitNotices(types, all));
  return boundedMetrics(types, telling, files);
}

/** More columns than anybody asks for, and as many as a table takes in a second. */
const MOST_METRICS = 1_000;

function boundedMetrics(metrics: Columns, telling: ReadonlySet<string>, files: MetricFiles): Columns {
  const all = Object.entries(metrics);
  if (all.length <= MOST_METRICS) return metrics;
  const isTold = ([metric]: [string, string]) => telling.has(metric);
  const kept = [...all.filter(isTold), ...all.filter((each) => !isTold(each))].slice(0, MOST_METRICS);
  files.noteLeftOut(
    `${all.length - kept.length} of ${all.length} metrics are left out: a report has room for ${MOST_METRICS}`,
  );
  return Object.fromEntries(kept.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Lines that DuckDB does not understand, such as one that is torn or that holds half of a character, may be all that a file has. */
async function findInOddFiles(files: MetricFiles): Promise<void> {
  const odd = new Set(await runsWith(files, `SELECT run_index FROM ${FOUND} WHERE name IS NULL`));
  if (odd.size === 0) return;
  await files.connection.run(`DELETE FROM ${FOUND} WHERE run_index IN (${[...odd].join(', ')})`);
  for (const { index, file } of files.readByDatabase) {
    if (odd.has(index)) files.noteMetrics(index, metricsIn(readForeignLines(file).objects));
  }
}

/** The metrics of each file that was read. */
const FOUND = 'internal.found_metrics';

const listOf = (value: JsonValue | undefined): JsonValue[] => (Array.isArray(value) ? value : []);

/**
 * Fills METRIC_ROWS with the given metrics. A step that was logged more than once becomes one row in which the last value that
 * is not null wins; a torn last line costs nothing. What is logged of a DOUBLE and is no number, such as a text, becomes NaN.
 * @param isAsked metrics that anybody may ask for; the others may be left out, where reading them can be saved
 * @param isOrdered the runs lie in the order of the files, which takes a quarter of the time on top; those of each run are always
 * in the order of its steps
 */
export async function loadMetrics(
  files: MetricFiles,
  metrics: Columns,
  { isOrdered = true, isAsked = anyColumn }: { isOrdered?: boolean; isAsked?: IsAsked } = {},
): Promise<MetricColumn[]> {
  const columns = files.narrowed(
    Object.entries(metrics).map(([metric, type], i) => ({ metric, type, column: `m${i}` })),
    isAsked,
  );
  const definitions = columns.map(({ column, type }) => `, ${column} ${type}`).join('');
  await files.connection.run(`CREATE TABLE ${METRIC_ROWS} (run_index BIGINT, step DOUBLE${definitions})`);
  const cached = await files.insertCached(METRIC_ROWS, columns);
  const isRead = `rowid >= ${cached.rows}`;
  const insert = insertion(columns);
  const mayRepeat = isOrdered ? isRead : await insertUnordered(files, columns, isRead);
  if (isOrdered) await files.queryMembers(membersOf(columns), insert);
  const stepless = await runsWith(files, `SELECT run_index FROM ${METRIC_ROWS} WHERE step IS NULL AND ${mayRepeat}`);
  const mended = stepless.length > 0 ? await mendMisreadFiles(files, columns, stepless, insert) : 0;
  // Rows lie in the order of the files, so a repeated step shows as one that is not above the step before it.
  const repeating = await runsWith(
    files,
    `SELECT run_index FROM (
       SELECT run_index, step, lag(step) OVER () AS step_before, lag(run_index) OVER () AS run_before
       FROM ${METRIC_ROWS} WHERE ${mayRepeat}
     ) WHERE run_index = run_before AND step <= step_before`,
  );
  const merged = new Set([...repeating, ...stepless]);
  await mergeRepeatedSteps(files, columns, [...merged]);
  for (const run of cached.merged) merged.add(run);
  if (isOrdered && (mended > 0 || cached.rows > 0)) await putInOrder(files, merged);
  files.noteMerged(merged);
  return columns;
}

/**
 * Lines as they come from several threads. Where those of a run show in the table from its first step to its last, nothing is lost by
 * it: each step is there once. All others are read anew, in the order of their lines.
 * @returns a condition that holds for the rows of those alone
 */
async function insertUnordered(files: MetricFiles, columns: readonly MetricColumn[], isRead: string): Promise<string> {
  const { connection } = files;
  const insert = insertion(columns);
  await connection.run('SET preserve_insertion_order = false');
  try {
    await files.queryMembers(membersOf(columns), insert);
  } finally {
    await connection.run('SET preserve_insertion_order = true');
  }
  const torn = await runsWith(
    files,
    `SELECT run_index FROM (
       SELECT run_index, step, lag(step) OVER () AS step_before, lag(run_index) OVER () AS run_before
       FROM ${METRIC_ROWS} WHERE ${isRead}
     ) WHERE step IS NULL OR run_index IS DISTINCT FROM run_before OR step <= step_before
     GROUP BY run_index HAVING count(*) > 1 OR bool_or(step IS NULL)`,
  );
  if (torn.length === 0) return 'false';
  const again = new Set(files.readByDatabase.flatMap(({ index }) => (torn.includes(index) ? index : [])));
  if (again.size > 0) {
    await connection.run(`DELETE FROM ${METRIC_ROWS} WHERE run_index IN (${[...again].join(', ')})`);
    await files.queryAgain(again, membersOf(columns), insert);
  }
  return `run_index IN (${torn.join(', ')})`;
}

/** The order that rows have where all files are read and none is mended: that of the files, and steps that were merged at the end. */
async function putInOrder({ connection }: MetricFiles, merged: ReadonlySet<number>): Promise<void> {
  const isMerged = merged.size === 0 ? 'false' : `(run_index IN (${[...merged].join(', ')}) AND step IS NOT NULL)`;
  const [row] = await readRows(
    connection,
    `SELECT count(*) AS misplaced FROM (
       SELECT (isMerged, run_index) < lag((isMerged, run_index)) OVER () AS is_misplaced
       FROM (SELECT ${isMerged} AS isMerged, run_index FROM ${METRIC_ROWS})
     ) WHERE is_misplaced`,
  );
  if (row?.misplaced === 0) return;
  await connection.run(`CREATE TABLE internal.ordered AS FROM ${METRIC_ROWS} ORDER BY ${isMerged}, run_index, rowid`);
  await connection.run(`DROP TABLE ${METRIC_ROWS}`);
  await connection.run(`ALTER TABLE internal.ordered RENAME TO ${METRIC_ROWS.replace('internal.', '')}`);
}

function membersOf(columns: readonly MetricColumn[]): Member[] {
  return columns.map(({ metric, column }) => ({ name: metric, as: column }));
}

const insertion = (columns: readonly MetricColumn[]) => (members: string) =>
  `INSERT INTO ${METRIC_ROWS} ${selection(columns)} FROM ${members}`;

/** The values of the columns, in SQL, of members that are JSON text. */
export function selection(columns: readonly MetricColumn[]): string {
  const values = columns.map(({ column, type }) => `, ${valueIn(column, type)} AS ${column}`).join('');
  return `SELECT run_index, CASE WHEN isfinite(step) THEN step END AS step${values}`;
}

/** Of JSON text. */
function valueIn(raw: string, type: string): string {
  if (type === 'BOOLEAN') return `try_cast(${raw} AS BOOLEAN)`;
  if (type === 'VARCHAR') return `json_extract_string(${raw}, '$')`;
  const spelled = `CASE ${raw} WHEN '"Infinity"' THEN 'Infinity' WHEN '"-Infinity"' THEN '-Infinity' ELSE 'NaN' END`;
  return `CASE WHEN ${raw} IS NOT NULL THEN coalesce(try_cast(${raw} AS DOUBLE), ${spelled}::DOUBLE) END`;
}

async function runsWith({ connection }: MetricFiles, select: string): Promise<number[]> {
  const rows = await readRows(connection, `SELECT DISTINCT run_index FROM (${select})`);
  return rows.map(({ run_index }) => Number(run_index));
}

/** Whether all steps are whole numbers of a size that BIGINT holds. */
export async function hasWholeSteps({ connection }: MetricFiles): Promise<boolean> {
  const [row] = await readRows(
    connection,
    `SELECT count(*) AS others FROM ${METRIC_ROWS} WHERE step <> floor(step) OR abs(step) > ${Number.MAX_SAFE_INTEGER}`,
  );
  return row?.others === 0;
}

/**
 * Removes the rows that unreadable lines left, counts those lines, and reads files anew in which DuckDB passed over whole ones.
 * @returns number of files that were read anew
 */
async function mendMisreadFiles(
  files: MetricFiles,
  columns: readonly MetricColumn[],
  runIndices: readonly number[],
  insert: (members: string) => string,
): Promise<number> {
  const { connection } = files;
  const empty = ['step', ...columns.map(({ column }) => column)].map((column) => `${column} IS NULL`);
  await connection.run(`DELETE FROM ${METRIC_ROWS} WHERE ${empty.join(' AND ')}`);
  const counts = await readRows(
    connection,
    `SELECT run_index, count(*) AS lines FROM ${METRIC_ROWS}
     WHERE run_index IN (${runIndices.join(', ')}) GROUP BY run_index`,
  );
  let mended = 0;
  const read = new Map(counts.map(({ run_index, lines }) => [Number(run_index), Number(lines)]));
  for (const file of files.readByDatabase) {
    if (!runIndices.includes(file.index)) continue;
    const { objects, damaged } = readForeignLines(file.file);
    files.noteDamage(file, damaged);
    if (objects.filter((object) => saysSomething(object, columns)).length <= (read.get(file.index) ?? 0)) continue;
    await connection.run(`DELETE FROM ${METRIC_ROWS} WHERE run_index = ${file.index}`);
    await connection.run(insert(await files.replace(file, objects, membersOf(columns))));
    mended += 1;
  }
  return mended;
}

function saysSomething(object: JsonObject, columns: readonly MetricColumn[]): boolean {
  if (Number.isFinite(object.step)) return true;
  return columns.some(({ metric }) => Object.hasOwn(object, metric) && object[metric] !== null);
}

async function mergeRepeatedSteps(
  { connection }: MetricFiles,
  columns: readonly MetricColumn[],
  runIndices: readonly number[],
): Promise<void> {
  if (runIndices.length === 0) return;
  const affected = `run_index IN (${runIndices.join(', ')}) AND step IS NOT NULL`;
  // arg_max passes over nulls: the value of the last row that has one.
  const lastValues = columns.map(({ column }) => `, arg_max(${column}, rowid) AS ${column}`).join('');
  await connection.run(
    `CREATE TABLE internal.merged AS
     SELECT run_index, step${lastValues} FROM ${METRIC_ROWS} WHERE ${affected} GROUP BY run_index, step`,
  );
  await connection.run(`DELETE FROM ${METRIC_ROWS} WHERE ${affected}`);
  await connection.run(`INSERT INTO ${METRIC_ROWS} FROM internal.merged ORDER BY run_index, step`);
  await connection.run('DROP TABLE internal.merged');
}
