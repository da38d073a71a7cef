// The metrics.jsonl files of many runs as tables that SQL reads from: DuckDB reads them itself, or else they are read line by line.

import type { DuckDBConnection } from '@duckdb/node-api';
import { readForeignLines } from '../run_files/foreign_json.ts';
import { messageOf, RunDirectoryError } from '../util/errors.ts';
import type { JsonObject } from '../util/json.ts';
import { quoteName, quoteText } from './columns.ts';
import { readRows } from './database.ts';
import type { RunEntry } from './run_entry.ts';

export interface MetricFile {
  /** Position of the run among the entries, from 0. */
  index: number;
  run: string;
  file: string;
}

/** A member of the lines, and the name that the statement calls it by, which needs no quotes. */
export interface Member {
  name: string;
  as: string;
}

/** Lines that are no JSON object, torn ones among them, become rows of NULLs. Directories named `lr=1` are no partitions. */
const READING = `format = 'newline_delimited', ignore_errors = true, hive_partitioning = false`;

/** What the files that are read line by line hold. */
const LINES = 'internal.lines';

export class MetricFiles {
  readonly connection: DuckDBConnection;
  /** What could not be read, one line each. */
  readonly notices: string[] = [];
  /** Those that DuckDB reads. */
  #files: readonly MetricFile[];
  /** Those that it cannot open, before they are read. */
  #closed: readonly MetricFile[];
  #hasLines = false;

  private constructor(connection: DuckDBConnection, files: readonly MetricFile[]) {
    this.connection = connection;
    this.#files = files.filter(({ file }) => patternFor(file) !== null);
    this.#closed = files.filter(({ file }) => patternFor(file) === null);
  }

  static async open(connection: DuckDBConnection, entries: readonly RunEntry[]): Promise<MetricFiles> {
    const files = entries.flatMap(({ metricsFile, row }, index) =>
      metricsFile === null ? [] : { index, run: row.run, file: metricsFile },
    );
    await connection.run('CREATE SCHEMA IF NOT EXISTS internal');
    await connection.run(`CREATE OR REPLACE TABLE ${LINES} (run_index BIGINT, json MAP(VARCHAR, JSON))`);
    return new MetricFiles(connection, files);
  }

  /** Those that DuckDB has read. It passes over lines that it does not understand. */
  get readByDatabase(): readonly MetricFile[] {
    return this.#files;
  }

  /** Runs a statement that reads from a table `(run_index BIGINT, json MAP(VARCHAR, JSON))` with all lines. */
  async queryLines(statement: (table: string) => string): Promise<JsonObject[]> {
    return await this.#query((files) => statement(this.#withLines(linesIn(files), `SELECT run_index, json`)));
  }

  /** Runs a statement that reads from a table `(run_index BIGINT, step DOUBLE, …)` with members of all lines as JSON text; null is NULL. */
  async queryMembers(members: readonly Member[], statement: (table: string) => string): Promise<JsonObject[]> {
    const select = selectMembers(members);
    return await this.#query((files) =>
      statement(
        this.#withLines(canBeFields(members) ? fieldsIn(files, members) : `${select} FROM (${linesIn(files)})`, select),
      ),
    );
  }

  /** As a table `(run_index, step, …)`, the members of one file that DuckDB has not read right: its lines are these. */
  async replace(file: MetricFile, objects: readonly JsonObject[], members: readonly Member[]): Promise<string> {
    this.#files = this.#files.filter((each) => each !== file);
    await this.#addLines(file, objects);
    return `(${selectMembers(members)} FROM ${LINES} WHERE run_index = ${file.index})`;
  }

  noteDamage({ run }: MetricFile, lines: number): void {
    if (lines > 0) this.notices.push(`${run}: ${lines} damaged ${lines === 1 ? 'line' : 'lines'} in metrics.jsonl`);
  }

  #withLines(fromFiles: string, select: string): string {
    const fromLines = `${select} FROM ${LINES}`;
    if (this.#files.length === 0) return `(${fromLines})`;
    return this.#hasLines ? `(${fromFiles} UNION ALL ${fromLines})` : `(${fromFiles})`;
  }

  /** One file that DuckDB cannot read, such as pretty-printed JSON, does not keep the others from being read. */
  async #query(statement: (files: readonly MetricFile[]) => string): Promise<JsonObject[]> {
    const closed = this.#closed;
    this.#closed = [];
    for (const file of closed) await this.#readLines(file, 'its path is no path to DuckDB');
    while (true) {
      try {
        return await readRows(this.connection, statement(this.#files));
      } catch (error) {
        const problems = await this.#problems();
        if (problems.size === 0) {
          throw new RunDirectoryError(`cannot read the metrics: ${firstLine(error)}`, { cause: error });
        }
        this.#files = this.#files.filter((file) => !problems.has(file));
        for (const [file, problem] of problems) await this.#readLines(file, problem);
      }
    }
  }

  /** By file, why DuckDB cannot read it. */
  async #problems(): Promise<Map<MetricFile, string>> {
    const problems = new Map<MetricFile, string>();
    for (const file of this.#files) {
      await readRows(this.connection, `SELECT count(json) FROM (${linesIn([file])})`).catch((error) =>
        problems.set(file, firstLine(error)),
      );
    }
    return problems;
  }

  async #readLines(file: MetricFile, problem: string): Promise<void> {
    const { objects, damaged, problem: unreadable } = readForeignLines(file.file);
    if (unreadable === null && objects.length > 0) {
      this.noteDamage(file, damaged);
      await this.#addLines(file, objects);
    } else if (unreadable !== null) {
      this.notices.push(`${file.run}: ${unreadable}`);
    } else if (damaged > 0) {
      this.notices.push(`${file.run}: metrics.jsonl is left out, it is not one JSON object a line: ${problem}`);
    }
  }

  async #addLines({ index }: MetricFile, objects: readonly JsonObject[]): Promise<void> {
    this.#hasLines = true;
    for (let start = 0; start < objects.length; start += LINES_AT_ONCE) {
      const lines = JSON.stringify(objects.slice(start, start + LINES_AT_ONCE));
      await this.connection.run(`INSERT INTO ${LINES} SELECT ${index}, unnest($1::JSON::MAP(VARCHAR, JSON)[])`, [
        lines,
      ]);
    }
  }
}

const LINES_AT_ONCE = 2_000;

function linesIn(files: readonly MetricFile[]): string {
  const read = `read_json(${patterns(files)}, ${READING}, records = false, columns = {json: 'MAP(VARCHAR, JSON)'})`;
  return `SELECT ${runIndex(files)}, json FROM ${read}`;
}

/** Reads nothing of the lines but these members, which is much faster than reading all of them. */
function fieldsIn(files: readonly MetricFile[], members: readonly Member[]): string {
  const columns = [`step: 'DOUBLE'`, ...members.map(({ name }) => `${quoteText(name)}: 'JSON'`)].join(', ');
  const values = [', step', ...members.map(({ name, as }) => `, ${quoteName(name)}::VARCHAR AS ${as}`)].join('');
  return `SELECT ${runIndex(files)}${values} FROM read_json(${patterns(files)}, ${READING}, columns = {${columns}})`;
}

/** SQL cannot tell fields apart by case, has none without a name, and keeps one name of its own beside them. */
function canBeFields(members: readonly Member[]): boolean {
  const names = new Set(['step', ...members.map(({ name }) => name.toLowerCase())]);
  return (
    names.size === members.length + 1 && !names.has('') && ![...names].some((name) => /\0|^file_index$/.test(name))
  );
}

function selectMembers(members: readonly Member[]): string {
  const values = members.map(({ name, as }) => `, nullif(json[${quoteText(name)}]::VARCHAR, 'null') AS ${as}`);
  return `SELECT run_index, CASE WHEN json_type(json['step']) NOT IN ('VARCHAR', 'BOOLEAN') THEN try_cast(json['step'] AS DOUBLE) END AS step${values.join('')}`;
}

function runIndex(files: readonly MetricFile[]): string {
  // Where every run has a file, its place in the list is that of the file: that saves a look-up for each line.
  if (files.every(({ index }, place) => index === place)) return 'file_index::BIGINT AS run_index';
  return `[${files.map(({ index }) => index)}][file_index::BIGINT + 1] AS run_index`;
}

function patterns(files: readonly MetricFile[]): string {
  return `[${files.map(({ file }) => quoteText(patternFor(file) ?? file)).join(', ')}]`;
}

/**
 * DuckDB takes every path for a pattern: the one that fits this path alone. In patterns it takes a backslash for a separator
 * of directories, so a path with a backslash may have none.
 */
function patternFor(path: string): string | null {
  if (!/[*?[]/.test(path)) return path;
  return path.includes('\\') ? null : path.replace(/[*?[]/g, '[$&]');
}

/** Without the name of DuckDB's class of errors. */
function firstLine(error: unknown): string {
  return (messageOf(error).split('\n')[0] ?? '').replace(/^[\w ]+ Error: /, '');
}
