// A file beside the runs that holds what their metrics.jsonl hold, as a table that takes a fraction of the time to read. It only
// ever speaks for files that are, by their fingerprints, what they were; whoever deletes it loses nothing but that time.

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { errorCode, isTemporary } from '../util/files.ts';
import { textOf } from '../util/json.ts';
import { isArrayOf, isBoolean, isCount, isOneOf, isString, jsonShape } from '../util/json_shape.ts';
import { quoteText } from './columns.ts';
import { readRows } from './database.ts';
import { type Fingerprint, fingerprintOf } from './fingerprint.ts';
import { type FileMetrics, METRIC_TYPES, type MetricType, typeNamed } from './metric_types.ts';
import { patternFor } from './path_pattern.ts';

const FILE = 'metrics.parquet';
/** Raised wherever the same files would give other rows, so that a version reads only what means the same to it. */
const VERSION = 2;

/** What the table in the file is about. It is kept in the file itself, so that the two are always of one time. */
interface Contents {
  version: number;
  /** Column `m0`, `m1`, … of the table. */
  columns: { metric: string; type: MetricType }[];
  /** The metrics of files: columns by number, and the type that the values of that file alone fit. */
  shapes: { column: number; type: MetricType }[][];
  /** The table calls each by its place here. */
  files: {
    /** From the directory that the cache is of. */
    path: string;
    fingerprint: string;
    shape: number;
    merged: boolean;
  }[];
}

const isType = isOneOf(METRIC_TYPES);
const isColumn = jsonShape<Contents['columns'][number]>({ metric: isString, type: isType }).is;
const isTyped = jsonShape<Contents['shapes'][number][number]>({ column: isCount, type: isType }).is;
const isFile = jsonShape<Contents['files'][number]>({
  path: isString,
  fingerprint: isString,
  shape: isCount,
  merged: isBoolean,
}).is;
const contentsShape = jsonShape<Contents>({
  version: isOneOf([VERSION]),
  columns: isArrayOf(isColumn),
  shapes: isArrayOf(isArrayOf(isTyped)),
  files: isArrayOf(isFile),
});

/** A file whose rows are in the cache, or are to be. */
export interface CachedFile {
  file: string;
  fingerprint: Fingerprint;
  /** What the table with its rows calls it by: of the cache, its place among the files there. */
  index: number;
  metrics: FileMetrics;
  /** Its rows had steps that were logged more than once, or lines without a step. */
  merged: boolean;
}

/** A column of the table that goes into the cache. */
interface KeptColumn {
  metric: string;
  type: string;
  column: string;
}

const NOTHING: Contents = { version: VERSION, columns: [], shapes: [], files: [] };

export class MetricCache {
  readonly #connection: DuckDBConnection;
  readonly #directory: string;
  /** What the file was before it was read; null where there is none. */
  readonly #opened: Fingerprint | null;
  readonly #contents: Contents;
  readonly #stored: ReadonlyMap<string, { column: number; type: MetricType }>;

  private constructor(connection: DuckDBConnection, directory: string, opened: Fingerprint | null, contents: Contents) {
    this.#connection = connection;
    this.#directory = directory;
    this.#opened = opened;
    this.#contents = contents;
    this.#stored = new Map(contents.columns.map(({ metric, type }, column) => [metric, { column, type }]));
  }

  /**
   * Never throws: a cache that is not there, or not to be understood, is empty.
   * @param directory the one that it lies in
   */
  static async open(connection: DuckDBConnection, directory: string): Promise<MetricCache> {
    const opened = fingerprintOf(join(directory, FILE));
    const contents = await contentsOf(connection, directory).catch(() => null);
    return new MetricCache(connection, directory, opened, contents ?? NOTHING);
  }

  /**
   * Whether its file is still the one that it was opened with. What the table calls its files and columns by is read before the
   * table: rows that were read in between are theirs only if no other process has put another cache into its place.
   */
  isSame(): boolean {
    return this.#opened !== null && fingerprintOf(this.#file)?.text === this.#opened.text;
  }

  get isEmpty(): boolean {
    return this.#contents.files.length === 0;
  }

  /** Those of these files that it has the rows of. @param files with what they are now, by path */
  known(files: ReadonlyMap<string, Fingerprint>): CachedFile[] {
    const { columns, shapes, files: cached } = this.#contents;
    const metrics = shapes.map(
      (shape) => new Map(shape.map(({ column, type }) => [columns[column]?.metric ?? '', type])),
    );
    return cached.flatMap(({ path, fingerprint, shape, merged }, index) => {
      const file = join(dirname(this.#directory), path);
      const [now, known] = [files.get(file), metrics[shape]];
      return now?.text !== fingerprint || known === undefined
        ? []
        : { file, fingerprint: now, index, metrics: known, merged };
    });
  }

  /** Whether the cache can give a metric of a file as a type: numbers that are asked for as text are read from the file. */
  fits({ metrics }: CachedFile, metric: string, type: string): boolean {
    const [inFile, stored] = [metrics.get(metric), this.#stored.get(metric)?.type];
    return inFile === undefined || stored === type || (stored === 'VARCHAR' && inFile === type);
  }

  /**
   * The rows of files, `(run_index, step, …)` in their order.
   * @param indices what the rows are to call the files by, by what the table does
   * @param isNarrow the files have other metrics too, which may be all that a row without a step has
   */
  select(
    columns: readonly { metric: string; type: string }[],
    indices: ReadonlyMap<number, number>,
    { isNarrow }: { isNarrow: boolean },
  ): string {
    const values = columns.map(({ metric, type }) => this.#value(metric, type));
    const index = renumbered(this.#contents.files.map((_, place) => indices.get(place) ?? null));
    const listed = values.map((value, i) => `, ${value} AS v${i}`).join('');
    const any = ['step', ...values.map((_, i) => `v${i}`)].map((value) => `${value} IS NOT NULL`).join(' OR ');
    return `FROM (SELECT ${index} AS run_index, step::DOUBLE AS step${listed} FROM ${tableIn(this.#file)}) WHERE run_index IS NOT NULL AND ${isNarrow ? 'true' : `(${any})`}`;
  }

  #value(metric: string, type: string): string {
    const stored = this.#stored.get(metric);
    if (stored?.type === type) return `m${stored.column}::${type}`;
    // The text of numbers, where another file had text: it is read as it would be in the file itself.
    if (stored?.type !== 'VARCHAR') return `NULL::${type}`;
    const text = `m${stored.column}::VARCHAR`;
    const number = `coalesce(try_cast(${text} AS DOUBLE), 'NaN'::DOUBLE)`;
    return `CASE WHEN m${stored.column} IS NOT NULL THEN ${type === 'DOUBLE' ? number : `try_cast(${text} AS ${type})`} END`;
  }

  /**
   * Replaces the cache. Where the place is full, or may not be written to, there is none; of two processes that do it at the same
   * time the last one's stays.
   * @param table with the rows of all these files, `(run_index, step, …)`
   * @param settled of these files, those that may be kept at a time of the clock of the file system
   */
  async replace(
    table: string,
    columns: readonly KeptColumn[],
    settled: (milliseconds: number) => readonly CachedFile[],
  ): Promise<void> {
    const temporary = `${this.#file}.tmp-${randomBytes(6).toString('hex')}`;
    try {
      makeOwnDirectory(this.#directory);
      closeSync(openSync(temporary, 'wx'));
      const now = statSync(temporary).mtimeMs;
      this.#removeLeftovers(now);
      const files = settled(now);
      if (files.length === 0) return;
      await this.#write(temporary, { table, columns, files });
      renameSync(temporary, this.#file);
    } catch {
      // It is there for speed alone.
    } finally {
      rmSync(temporary, { force: true });
    }
  }

  async #write(
    path: string,
    { table, columns, files }: { table: string; columns: readonly KeptColumn[]; files: readonly CachedFile[] },
  ): Promise<void> {
    const contents = quoteText(JSON.stringify(contentsFor(dirname(this.#directory), columns, files)));
    const values = columns.map(({ column }, i) => `, ${column} AS m${i}`).join('');
    const indices = files.map(({ index }) => index);
    const places = new Array<number | null>(indices.reduce((most, index) => Math.max(most, index), -1) + 1).fill(null);
    for (const [place, index] of indices.entries()) places[index] = place;
    await this.#connection.run(
      `COPY (SELECT ${renumbered(places)} AS run_index, step${values} FROM ${table} WHERE run_index IN (${indices.join(', ')}))
       TO ${quoteText(path)} (FORMAT parquet, COMPRESSION lz4_raw, KV_METADATA {contents: ${contents}})`,
    );
    // Before it has its name: a power cut must not leave a table of zeros that passes for one.
    const file = openSync(path, 'r');
    fsyncSync(file);
    closeSync(file);
  }

  /** What processes left that were killed while they wrote. */
  #removeLeftovers(now: number): void {
    for (const name of readdirSync(this.#directory).filter(isTemporary)) {
      const path = join(this.#directory, name);
      const stats = lstatSync(path, { throwIfNoEntry: false });
      if (stats !== undefined && stats.mtimeMs < now - HOUR) rmSync(path, { force: true });
    }
  }

  get #file(): string {
    return join(this.#directory, FILE);
  }
}

const HOUR = 3_600_000;

async function contentsOf(connection: DuckDBConnection, directory: string): Promise<Contents | null> {
  const file = join(directory, FILE);
  const pattern = patternFor(file);
  const [around, stats] = [lstatSync(directory), lstatSync(file)];
  // Links are not followed, and a pipe would never end.
  if (pattern === null || !around.isDirectory() || !stats.isFile() || !isOwn(around) || !isOwn(stats)) return null;
  const [row] = await readRows(
    connection,
    `SELECT decode(value) AS contents FROM parquet_kv_metadata(${quoteText(pattern)}) WHERE decode(key) = 'contents'`,
  );
  const contents: unknown = JSON.parse(textOf(row?.contents) ?? 'null');
  return contentsShape.is(contents) && isSound(contents) ? contents : null;
}

/** Nothing tells whether what somebody else has put there is so. Where users have no numbers, all is one's own. */
function isOwn({ uid }: { uid: number }): boolean {
  const own = process.getuid?.();
  return own === undefined || uid === own;
}

/** Each file stands there once, and has metrics that the table has. */
function isSound({ files, shapes, columns }: Contents): boolean {
  if (shapes.some((shape) => shape.some(({ column }) => column >= columns.length))) return false;
  return new Set(files.map(({ path }) => path)).size === files.length;
}

function contentsFor(root: string, columns: readonly KeptColumn[], files: readonly CachedFile[]): Contents {
  const places = new Map(columns.map(({ metric }, column) => [metric, column]));
  const shapes = new Map<string, { place: number; shape: Contents['shapes'][number] }>();
  const placeOf = (metrics: FileMetrics): number => {
    const shape = [...metrics].map(([metric, type]) => ({ column: places.get(metric) ?? columns.length, type }));
    const key = JSON.stringify(shape);
    const { place } = shapes.get(key) ?? { place: shapes.size };
    shapes.set(key, { place, shape });
    return place;
  };
  const listed = files.map(({ file, fingerprint, metrics, merged }) => {
    return { path: relative(root, file), fingerprint: fingerprint.text, shape: placeOf(metrics), merged };
  });
  return {
    version: VERSION,
    columns: columns.map(({ metric, type }) => ({ metric, type: typeNamed(type) })),
    shapes: [...shapes.values()].map(({ shape }) => shape),
    files: listed,
  };
}

/** @throws where it is a link or a file: what is written there would lie elsewhere; or somebody else's, whose cache is not believed */
function makeOwnDirectory(directory: string): void {
  try {
    mkdirSync(directory);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    const stats = lstatSync(directory);
    if (!stats.isDirectory() || !isOwn(stats)) throw error;
  }
}

/** The index of a row by another count, in SQL. @param indices by the index that it has; null for rows that are none of the other's */
function renumbered(indices: readonly (number | null)[]): string {
  if (indices.every((to, from) => to === from)) return 'run_index::BIGINT';
  return `([${indices.map((index) => index ?? 'NULL').join(', ')}]::BIGINT[])[run_index::BIGINT + 1]`;
}

function tableIn(file: string): string {
  return `read_parquet(${quoteText(patternFor(file) ?? file)}, hive_partitioning = false)`;
}
