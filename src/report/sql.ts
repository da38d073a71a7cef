// Questions in SQL: exactly one SELECT over the views, in a database that reaches no file; errors of one line with a hint.

import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';
import { closestNames } from '../registry/suggest.ts';
import { ConfigurationError, messageOf } from '../util/errors.ts';
import { isJsonObject, type JsonValue, objectOf, textOf } from '../util/json.ts';
import { quoteName, quoteText } from './columns.ts';
import { type Answer, readRows, resultColumns, sealDatabase } from './database.ts';
import type { Limits } from './limits.ts';
import type { RunEntry } from './run_entry.ts';
import { createCheckpointView, createMetricViews, createRunViews } from './views.ts';

/** Table functions that only compute. Every other one reads files, changes the database's settings or runs text as SQL. */
const TABLE_FUNCTIONS = new Set([
  'range',
  'generate_series',
  'unnest',
  'repeat',
  'json_each',
  'json_tree',
  'duckdb_columns',
  'duckdb_functions',
  'duckdb_tables',
  'duckdb_views',
]);

const VIEWS = ['runs', 'configs', 'metrics', 'metrics_long', 'checkpoints'];

const ONE_SELECT =
  'The report answers one SELECT (also FROM …, WITH …, DESCRIBE, SHOW TABLES; PIVOT with ON column IN (…)).';

/**
 * Prepares the database for a question: checks that it is one SELECT, loads the views that it may need, then seals it.
 * @returns notices about what could not be read
 * @throws ConfigurationError for text that is no such statement
 */
export async function prepareQuestion(
  connection: DuckDBConnection,
  sql: string,
  entries: readonly RunEntry[],
): Promise<string[]> {
  const names = await tablesIn(connection, sql);
  const asksOnlyOf = (...views: string[]) => names.length > 0 && names.every((name) => views.includes(name));
  const { notices: renamed } = await createRunViews(connection, entries);
  const notices = asksOnlyOf('runs', 'checkpoints', 'metrics', 'metrics_long') ? [] : renamed;
  if (!asksOnlyOf('runs', 'configs', 'checkpoints'))
    notices.push(...(await createMetricViews(connection, entries)).notices);
  if (!asksOnlyOf('runs', 'configs', 'metrics', 'metrics_long')) await createCheckpointView(connection, entries);
  await sealDatabase(connection);
  return notices;
}

/** @throws ConfigurationError for text that is not one SELECT over the views */
export async function checkQuestion(connection: DuckDBConnection, sql: string): Promise<void> {
  await tablesIn(connection, sql);
}

/** @throws ConfigurationError with what DuckDB says in one line, and the names that come near an unknown one */
export async function ask(connection: DuckDBConnection, sql: string, limits: Limits): Promise<Answer> {
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    connection.interrupt();
  }, limits.seconds * 1000);
  try {
    return await answerTo(connection, sql, limits);
  } catch (error) {
    if (error instanceof ConfigurationError) throw error;
    if (late) {
      throw new ConfigurationError(`SQL: no answer within ${limits.seconds} s`, {
        cause: error,
        hint: 'Ask for less, or allow it more time: --max-seconds N.',
      });
    }
    throw new ConfigurationError(oneLine(messageOf(error)), {
      cause: error,
      hint: await hintFor(connection, messageOf(error)),
    });
  } finally {
    clearTimeout(timer);
  }
}

/** Row by row, so that an answer without end ends at the limit. */
async function answerTo(connection: DuckDBConnection, sql: string, { rows }: Limits): Promise<Answer> {
  const result = await connection.stream(sql);
  const chunks: DuckDBDataChunk[] = [];
  let count = 0;
  for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    chunks.push(chunk);
    count += chunk.rowCount;
    if (count > rows) {
      throw new ConfigurationError(`SQL: the answer has more than ${rows} rows`, {
        hint: 'Ask for less, with a LIMIT or an aggregate, or allow more: --max-rows N.',
      });
    }
  }
  return { columns: resultColumns(result), chunks };
}

/** Names of the tables that a statement reads, in lower case. DuckDB's own parser says what the statement holds. */
async function tablesIn(connection: DuckDBConnection, sql: string): Promise<string[]> {
  const [row] = await readRows(connection, `SELECT json_serialize_sql(${quoteText(sql)}) AS parsed`);
  const parsed = objectOf(row?.parsed);
  if (parsed.error === true) {
    const message = (textOf(parsed.error_message) ?? '').replace(/^Only SELECT .*/, 'not a SELECT statement');
    const position = parsed.position === undefined ? '' : ` (character ${Number(parsed.position) + 1})`;
    throw new ConfigurationError(`SQL: ${message}${position}`, { hint: ONE_SELECT });
  }
  const statements = Array.isArray(parsed.statements) ? parsed.statements : [];
  if (statements.length !== 1) {
    throw new ConfigurationError(`SQL: ${statements.length} statements where one is expected`, { hint: ONE_SELECT });
  }
  const names: string[] = [];
  for (const node of nodesOf(statements)) {
    const called = node.type === 'TABLE_FUNCTION' ? textOf(objectOf(node.function).function_name) : null;
    if (called !== null && !TABLE_FUNCTIONS.has(called.toLowerCase())) {
      throw new ConfigurationError(`SQL: ${called}() may not be called here`, {
        hint: 'A report sees the runs that it was given and nothing else. Ask the views runs, configs, metrics, checkpoints.',
      });
    }
    if (node.type === 'BASE_TABLE') names.push((textOf(node.table_name) ?? '').toLowerCase());
  }
  return names;
}

function* nodesOf(value: JsonValue): Generator<Record<string, JsonValue>> {
  if (isJsonObject(value)) yield value;
  if (typeof value === 'object' && value !== null) for (const member of Object.values(value)) yield* nodesOf(member);
}

function oneLine(message: string): string {
  const [summary = '', ...rest] = message.split('\n');
  const place = rest.find((line) => line.startsWith('LINE '));
  return `SQL: ${summary.replace(/^[\w ]+ Error: |[!.]$/g, '')}${place === undefined ? '' : ` (${place.replace('LINE', 'line')})`}`;
}

async function hintFor(connection: DuckDBConnection, message: string): Promise<string> {
  if (message.startsWith('Out of Memory')) return 'Ask for less, or allow it more memory, as in --max-memory 8GB.';
  const view = /Table with name (.+?) does not exist/.exec(message)?.[1];
  if (view !== undefined) {
    const near = closestNames(view, VIEWS);
    return near.length > 0 ? `Did you mean ${near.join(' or ')}?` : `The views are ${VIEWS.join(', ')}.`;
  }
  if (message.includes('Ambiguous reference'))
    return 'Write the view before the column, one of those that the message names.';
  const column = /column "(.+?)" not found|column named "(.+?)"/.exec(message);
  const near = column === null ? [] : await columnsNear(connection, column[1] ?? column[2] ?? '');
  return near.length > 0
    ? `Did you mean ${near.join(' or ')}?`
    : `The views are ${VIEWS.join(', ')}; DESCRIBE runs shows the columns of one.`;
}

/** Columns of all views whose names come near: `test` may be what SQL made of test/nll, for want of quotes. */
async function columnsNear(connection: DuckDBConnection, name: string): Promise<string[]> {
  const rows = await readRows(
    connection,
    `SELECT table_name AS view, column_name AS name FROM duckdb_columns()
     WHERE schema_name = 'main' AND NOT internal ORDER BY table_name, column_index`,
  );
  const columns = rows.map((row) => ({ view: textOf(row.view) ?? '', name: textOf(row.name) ?? '' }));
  const known = [...new Set(columns.map((column) => column.name))];
  const begun = known.filter((candidate) => candidate.startsWith(`${name}/`) || candidate.startsWith(`${name}.`));
  const near = begun.length > 0 ? begun.slice(0, 3) : closestNames(name, known);
  return near.flatMap((candidate) =>
    columns
      .filter((column) => column.name === candidate)
      .map((column) => `${column.view}.${quotedWhereNeeded(candidate)}`),
  );
}

function quotedWhereNeeded(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : quoteName(name);
}
