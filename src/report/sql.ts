// Questions in SQL: exactly one SELECT over the views, in a database that reaches no file; errors of one line with a hint.

import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';
import { closestNames } from '../registry/suggest.ts';
import { ConfigurationError, messageOf } from '../util/errors.ts';
import { type JsonObject, objectOf, textOf } from '../util/json.ts';
import { askedColumns, type IsAsked, objectsIn } from './asked_columns.ts';
import { quoteName, quoteText } from './columns.ts';
import { type Answer, readRows, resultColumns, sealDatabase } from './database.ts';
import type { RunPlaces } from './entries.ts';
import { createEvaluationViews, EVALUATION_VIEWS } from './evaluation_views.ts';
import type { Limits } from './limits.ts';
import type { RunEntry } from './run_entry.ts';
import { createCheckpointView, createMetricViews, createRunViews } from './views.ts';

export interface Question {
  sql: string;
  /** Where it was read from, as the user would type it; null where it was typed itself. Errors name the place in it. */
  file: string | null;
}

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

export const VIEWS = ['runs', 'configs', 'metrics', 'metrics_long', 'checkpoints', ...EVALUATION_VIEWS];

const ONE_SELECT =
  'What is answered is one SELECT (also FROM …, WITH …, DESCRIBE, SHOW TABLES; PIVOT with ON column IN (…)).';

/**
 * Prepares the database for a question: checks that it is one SELECT, loads the views that it may need, then seals it.
 * @returns notices about what could not be read
 * @throws ConfigurationError for text that is no such statement
 */
export async function prepareQuestion(
  connection: DuckDBConnection,
  question: Question,
  entries: readonly RunEntry[],
  places: RunPlaces,
): Promise<string[]> {
  const { tables: names, isAsked } = await askedBy(connection, question);
  const asksOf = (...views: string[]) =>
    names.length === 0 || names.some((name) => views.includes(name) || !VIEWS.includes(name));
  const { notices: renamed } = await createRunViews(connection, entries);
  const notices = asksOf('configs') ? renamed : [];
  if (asksOf('metrics', 'metrics_long')) {
    notices.push(...(await createMetricViews(connection, entries, isAsked)).notices);
  }
  if (asksOf('checkpoints')) await createCheckpointView(connection, entries);
  if (asksOf(...EVALUATION_VIEWS)) notices.push(...(await createEvaluationViews(connection, entries, places)));
  await sealDatabase(connection);
  return notices;
}

/** Prepares the database for any number of questions. @returns notices about what could not be read */
export async function prepareQuestions(
  connection: DuckDBConnection,
  entries: readonly RunEntry[],
  places: RunPlaces,
): Promise<string[]> {
  const { notices } = await createRunViews(connection, entries);
  notices.push(...(await createMetricViews(connection, entries)).notices);
  await createCheckpointView(connection, entries);
  notices.push(...(await createEvaluationViews(connection, entries, places)));
  await sealDatabase(connection);
  return notices;
}

/** One of several questions to a database that was prepared for them. @throws ConfigurationError for text that is no SELECT */
export async function askNext(connection: DuckDBConnection, question: Question, limits: Limits): Promise<Answer> {
  await askedBy(connection, question);
  return await ask(connection, question, limits);
}

/** @throws ConfigurationError with what DuckDB says in one line, and the names that come near an unknown one */
export async function ask(connection: DuckDBConnection, question: Question, limits: Limits): Promise<Answer> {
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    connection.interrupt();
  }, limits.seconds * 1000);
  try {
    return await answerTo(connection, question, limits);
  } catch (error) {
    if (error instanceof ConfigurationError) throw error;
    if (late) {
      throw new ConfigurationError(placed(question, null, `no answer within ${limits.seconds} s`), {
        cause: error,
        hint: 'Ask for less, or allow it more time: --max-seconds N.',
      });
    }
    throw new ConfigurationError(oneLine(question, messageOf(error)), {
      cause: error,
      hint: await hintFor(connection, messageOf(error)),
    });
  } finally {
    clearTimeout(timer);
  }
}

/** Row by row, so that an answer without end ends at the limit. */
async function answerTo(connection: DuckDBConnection, question: Question, { rows }: Limits): Promise<Answer> {
  const result = await connection.stream(question.sql);
  const chunks: DuckDBDataChunk[] = [];
  let count = 0;
  for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    chunks.push(chunk);
    count += chunk.rowCount;
    if (count > rows) {
      throw new ConfigurationError(placed(question, null, `the answer has more than ${rows} rows`), {
        hint: 'Ask for less, with a LIMIT or an aggregate, or allow more: --max-rows N.',
      });
    }
  }
  return { columns: resultColumns(result), chunks };
}

/** What a statement reads: its tables by their names in lower case, and columns of `metrics`. DuckDB's own parser says what it holds. */
async function askedBy(
  connection: DuckDBConnection,
  question: Question,
): Promise<{ tables: string[]; isAsked: IsAsked }> {
  const { sql, file } = question;
  const [row] = await readRows(connection, `SELECT json_serialize_sql(${quoteText(sql)}) AS parsed`);
  const parsed = objectOf(row?.parsed);
  if (parsed.error === true) {
    const message = (textOf(parsed.error_message) ?? '').replace(/^Only SELECT .*/, 'not a SELECT statement');
    const offset = parsed.position === undefined ? null : Number(parsed.position);
    const character = offset === null || file !== null ? '' : ` (character ${offset + 1})`;
    const line = offset === null ? 1 : Buffer.from(sql).subarray(0, offset).toString().split('\n').length;
    throw new ConfigurationError(placed(question, line, `${message}${character}`), { hint: ONE_SELECT });
  }
  const statements = Array.isArray(parsed.statements) ? parsed.statements : [];
  if (statements.length !== 1) {
    throw new ConfigurationError(placed(question, 1, `${statements.length} statements where one is expected`), {
      hint: ONE_SELECT,
    });
  }
  const names: string[] = [];
  const defined = new Set<string>();
  for (const node of objectsIn(statements)) {
    const called = node.type === 'TABLE_FUNCTION' ? textOf(objectOf(node.function).function_name) : null;
    if (called !== null && !TABLE_FUNCTIONS.has(called.toLowerCase())) {
      throw new ConfigurationError(placed(question, null, `${called}() may not be called here`), {
        hint: 'A report sees the runs that it was given and nothing else. Ask the views runs, configs, metrics, checkpoints.',
      });
    }
    if (node.type === 'BASE_TABLE') names.push((textOf(node.table_name) ?? '').toLowerCase());
    for (const name of definedBy(node)) if (!VIEWS.includes(name)) defined.add(name);
  }
  return { tables: names.filter((name) => !defined.has(name)), isAsked: askedColumns(statements) };
}

/** The names in WITH, in lower case. */
function definedBy({ cte_map: definitions }: JsonObject): string[] {
  const { map } = objectOf(definitions);
  return Array.isArray(map) ? map.map((entry) => (textOf(objectOf(entry).key) ?? '').toLowerCase()) : [];
}

function oneLine(question: Question, message: string): string {
  const [first = '', ...rest] = message.split('\n');
  const summary = first.replace(/^[\w ]+ Error: |[!.]$/g, '');
  const [, line, text] = rest.map((each) => /^LINE (\d+): (.*)$/.exec(each)).find((each) => each !== null) ?? [];
  if (line === undefined) return placed(question, null, summary);
  return placed(
    question,
    Number(line),
    `${summary} (${question.file === null ? `line ${line}: ` : ''}${text?.trimEnd()})`,
  );
}

/** In front of what is wrong with a question: its place in its file, if it has one. */
function placed({ file }: Question, line: number | null, message: string): string {
  if (file === null) return `SQL: ${message}`;
  return `${file}${line === null ? '' : `:${line}`}: ${message}`;
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

export function quotedWhereNeeded(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : quoteName(name);
}
