// The metrics.jsonl files of many runs as tables that SQL reads from: DuckDB reads them itself, or else they are read line by line.

import type { DuckDBConnection, DuckDBResult } from '@duckdb/node-api';
import { readForeignLines } from '../run_files/foreign_json.ts';
import { messageOf, RunDirectoryError } from '../util/errors.ts';
import type { JsonObject } from '../util/json.ts';
import type { IsAsked } from './asked_columns.ts';
import { type CacheableFile, CachedFiles, type Worth } from './cached_files.ts';
import { quoteName, quoteText } from './columns.ts';
import { readRows } from './database.ts';
import type { FileMetrics } from './metric_types.ts';
import { patternFor } from './path_pattern.ts';
import type { RunEntry } from './run_entry.ts';

export interface MetricFile extends CacheableFile {
  run: string;
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
  #isWhole = true;
  #isNarrow = false;
  readonly #all: readonly MetricFile[];
  readonly #cached: CachedFiles;
  /** By index, those that DuckDB alone does not read right. */
  readonly #odd = new Set<number>();
  #merged: ReadonlySet<number> = new Set();
  /** By index, what was found in the files that were read. */
  readonly #found = new Map<number, FileMetrics>();

  private constructor(connection: DuckDBConnection, files: readonly MetricFile[], cached: CachedFiles) {
    this.connection = connection;
    this.#all = files;
    this.#cached = cached;
    const unread = files.filter((file) => !cached.has(file));
    this.#files = unread.filter(({ file }) => patternFor(file) !== null);
    this.#closed = unread.filter(({ file }) => patternFor(file) === null);
  }

  /** @param willKeep what is read is kept for the next time, where there may be a cache */
  static async open(
    connection: DuckDBConnection,
    entries: readonly RunEntry[],
    willKeep = false,
  ): Promise<MetricFiles> {
    const files = entries.flatMap(({ metricsFile, cacheDirectory, row }, index) =>
      metricsFile === null ? [] : { index, run: row.run, file: metricsFile, cacheDirectory },
    );
    const cached = await CachedFiles.open(connection, files, willKeep);
    await connection.run('CREATE SCHEMA IF NOT EXISTS internal');
    await connection.run(`CREATE OR REPLACE TABLE ${LINES} (run_index BIGINT, json MAP(VARCHAR, JSON))`);
    return new MetricFiles(connection, files, cached);
  }

  /** Those that DuckDB has read. It passes over lines that it does not understand. */
  get readByDatabase(): readonly MetricFile[] {
    return this.#files;
  }

  /** The metrics of each file, as far as they are known: of those that a cache knows, and those that were noted. */
  get metrics(): FileMetrics[] {
    return [...this.#cached.metrics.values(), ...this.#found.values()];
  }

  /** Told which runs had steps that were logged more than once, or lines without a step. */
  noteMerged(runs: ReadonlySet<number>): void {
    this.#merged = runs;
  }

  noteMetrics(index: number, metrics: FileMetrics): void {
    this.#found.set(index, metrics);
  }

  /** Of these columns those that are to be loaded: where caches have all files, no more than anybody asks for. */
  narrowed<C extends { metric: string; type: string }>(columns: C[], isAsked: IsAsked): C[] {
    this.#cached.release(columns);
    if (!this.#all.every((file) => this.#cached.has(file))) return columns;
    const asked = columns.filter(({ metric }) => isAsked(metric));
    this.#isNarrow = asked.length < columns.length;
    return asked;
  }

  /**
   * Inserts the rows that caches have of these columns into an empty table, as they would be after all that is done to rows that
   * are read; what is queried from now on leaves them out.
   * @returns number of rows, and of which runs they were merged
   */
  async insertCached(
    table: string,
    columns: readonly { metric: string; type: string }[],
  ): Promise<{ rows: number; merged: number[] }> {
    const rows = await this.#cached.insertInto(table, columns, { isNarrow: this.#isNarrow });
    const queried = new Set([...this.#files, ...this.#closed].map(({ index }) => index));
    const released = this.#all.filter(
      (file) => !this.#cached.has(file) && !queried.has(file.index) && !this.#odd.has(file.index),
    );
    this.#files = [...this.#files, ...released].sort((a, b) => a.index - b.index);
    return { rows, merged: this.#cached.merged };
  }

  /**
   * Keeps the rows of all files that are sound for the next time.
   * @param table with all metrics of all files
   */
  async keep(
    table: string,
    columns: readonly { metric: string; type: string; column: string }[],
    worth?: Worth,
  ): Promise<void> {
    if (!this.#isWhole || this.#isNarrow) return;
    const read = this.#files.flatMap(({ index }) => {
      const metrics = this.#found.get(index) ?? this.#cached.metrics.get(index) ?? new Map();
      return this.#odd.has(index) ? [] : [[index, { metrics, merged: this.#merged.has(index) }] as const];
    });
    await this.#cached.keep(table, columns, this.#all, new Map(read), worth);
  }

  /** Runs a statement that reads from a table `(run_index BIGINT, json MAP(VARCHAR, JSON))` with all lines. */
  async queryLines(statement: (table: string) => string): Promise<JsonObject[]> {
    return await this.#query((files) => statement(this.#withLines(linesIn(files), `SELECT run_index, json`)));
  }

  /** Runs a statement that reads from a table `(run_index BIGINT, step DOUBLE, …)` with members of all lines as JSON text; null is NULL. */
  async queryMembers(members: readonly Member[], statement: (table: string) => string): Promise<JsonObject[]> {
    const select = selectMembers(members);
    return await this.#query((files) => statement(this.#withLines(membersIn(files, members), select)));
  }

  /**
   * The same of the files that DuckDB reads, as rows. They are not streamed: waiting for each chunk takes DuckDB half the time on top.
   * @returns null where it reads none
   * @throws what DuckDB does where it cannot read one of them
   */
  async rowsOf(members: readonly Member[], statement: (table: string) => string): Promise<DuckDBResult | null> {
    if (this.#files.length === 0) return null;
    return await this.connection.run(statement(`(${membersIn(this.#files, members)})`));
  }

  /** The same of some of the files that DuckDB has read, in the order of their lines. */
  async queryAgain(
    runs: ReadonlySet<number>,
    members: readonly Member[],
    statement: (table: string) => string,
  ): Promise<void> {
    const files = this.#files.filter(({ index }) => runs.has(index));
    if (files.length > 0) await this.connection.run(statement(`(${membersIn(files, members)})`));
  }

  /** As a table `(run_index, step, …)`, the members of one file that DuckDB has not read right: its lines are these. */
  async replace(file: MetricFile, objects: readonly JsonObject[], members: readonly Member[]): Promise<string> {
    this.#files = this.#files.filter((each) => each !== file);
    this.#odd.add(file.index);
    await this.#addLines(file, objects);
    return `(${selectMembers(members)} FROM ${LINES} WHERE run_index = ${file.index})`;
  }

  /** Told that not all metrics are loaded: what is cached has to have all. */
  noteLeftOut(notice: string): void {
    this.notices.push(notice);
    this.#isWhole = false;
  }

  noteDamage({ index, run }: MetricFile, lines: number): void {
    if (lines > 0) this.#odd.add(index);
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
    this.#odd.add(file.index);
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

function membersIn(files: readonly MetricFile[], members: readonly Member[]): string {
  return canBeFields(members) ? fieldsIn(files, members) : `${selectMembers(members)} FROM (${linesIn(files)})`;
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

/** Without the name of DuckDB's class of errors. */
function firstLine(error: unknown): string {
  return (messageOf(error).split('\n')[0] ?? '').replace(/^[\w ]+ Error: /, '');
}
