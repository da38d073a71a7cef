// Which columns a question may read, so that what a cache holds of the others is left where it is.

import { isJsonObject, type JsonObject, type JsonValue, textOf } from '../util/json.ts';

/** Whether a question may read a column of the view `metrics`, by its name there. */
export type IsAsked = (column: string) => boolean;

export const anyColumn: IsAsked = () => true;

/** Expressions that read columns by their names alone. */
const PLAIN_EXPRESSIONS = new Set([
  'BETWEEN',
  'CASE',
  'CAST',
  'COLUMN_REF',
  'COMPARISON',
  'CONJUNCTION',
  'CONSTANT',
  'FUNCTION',
  'OPERATOR',
  'SUBQUERY',
  'WINDOW',
]);

/** Sources of rows whose columns have the names that they have in the view. */
const PLAIN_SOURCES = new Set(['BASE_TABLE', 'EMPTY', 'JOIN', 'SUBQUERY']);

/**
 * Wherever a question might read a column without naming it (`*`, `COLUMNS(…)`, a whole row, PIVOT, DESCRIBE, NATURAL JOIN), it is
 * taken to read all.
 * @param statements as DuckDB's parser says them
 */
export function askedColumns(statements: readonly JsonValue[]): IsAsked {
  const nodes = [...objectsIn(statements)];
  const sources = nodes.filter((node) => node.class === undefined);
  const rows = new Set(sources.flatMap(({ table_name, alias }) => [folded(table_name), folded(alias)]));
  const isPlain = nodes.every((node) => isPlainNode(node) && !isRow(node, rows));
  if (!isPlain) return anyColumn;
  const named = new Set([...textsIn(statements)].map((text) => text.toLowerCase()));
  return (column) => named.has(column.toLowerCase());
}

function isPlainNode(node: JsonObject): boolean {
  if (typeof node.class === 'string') return PLAIN_EXPRESSIONS.has(node.class);
  if (node.from_table !== undefined && !isSource(node.from_table)) return false;
  if (node.ref_type === 'NATURAL') return false;
  if (node.left !== undefined && node.ref_type !== undefined) return isSource(node.left) && isSource(node.right);
  if (node.type !== 'BASE_TABLE') return true;
  const isOwn = ['', 'main'].includes(folded(node.schema_name)) && folded(node.table_name) !== 'metrics_long';
  return isOwn && isEmptyList(node.column_name_alias);
}

function isSource(source: JsonValue | undefined): boolean {
  return isJsonObject(source) && PLAIN_SOURCES.has(textOf(source.type) ?? '') && isUnrenamed(source);
}

const isUnrenamed = ({ column_name_alias: names }: JsonObject) => names === undefined || isEmptyList(names);
const isEmptyList = (value: JsonValue | undefined) => Array.isArray(value) && value.length === 0;

/** A column that bears the name of a table stands for its row. */
function isRow({ class: kind, column_names: names }: JsonObject, rows: ReadonlySet<string>): boolean {
  return kind === 'COLUMN_REF' && Array.isArray(names) && rows.has(folded(names.at(-1)));
}

const folded = (value: JsonValue | undefined) => (textOf(value) ?? '').toLowerCase();

/** All objects in it, itself among them, those around others first. */
export function* objectsIn(value: JsonValue | readonly JsonValue[]): Generator<JsonObject> {
  if (isJsonObject(value)) yield value;
  if (typeof value === 'object' && value !== null) for (const member of Object.values(value)) yield* objectsIn(member);
}

function* textsIn(value: JsonValue | readonly JsonValue[]): Generator<string> {
  if (typeof value === 'string') yield value;
  if (typeof value === 'object' && value !== null) for (const member of Object.values(value)) yield* textsIn(member);
}
