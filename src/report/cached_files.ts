// The files of metrics that need not be read, because a cache beside them has their rows; and what is put into it.

import type { DuckDBConnection } from '@duckdb/node-api';
import { type Fingerprint, fingerprintOf } from './fingerprint.ts';
import { type CachedFile, MetricCache } from './metric_cache.ts';
import type { FileMetrics } from './metric_types.ts';

export interface CacheableFile {
  /** Position of the run among the entries, from 0. */
  index: number;
  file: string;
  /** The directory of the cache that may know it, and that may be made; null where there is none to be. */
  cacheDirectory: string | null;
}

/** What it takes for a cache to be written. */
export interface Worth {
  /** Least bytes of all files: reading fewer takes no time to speak of. */
  bytes: number;
  /** Or their least number. */
  files: number;
  /** Share of the bytes that must be new: a cache that lacks few files is left as it is. */
  share: number;
  /** How long a file must have been quiet: clocks of file systems tick as seldom as every two seconds. */
  quietMs: number;
}

const WORTH: Worth = { bytes: 4 * 2 ** 20, files: 500, share: 0.1, quietMs: 3_000 };

interface Known {
  cache: MetricCache;
  cached: CachedFile;
}

export class CachedFiles {
  readonly #connection: DuckDBConnection;
  readonly #caches: ReadonlyMap<string, MetricCache>;
  /** Of the files that a cache may know, what they were before anything was read. */
  readonly #fingerprints: ReadonlyMap<number, Fingerprint>;
  readonly #takenAt = performance.now();
  /** By index, those whose rows are taken from a cache. */
  readonly #known: Map<number, Known>;
  readonly #metrics: ReadonlyMap<number, FileMetrics>;

  private constructor(
    connection: DuckDBConnection,
    caches: ReadonlyMap<string, MetricCache>,
    fingerprints: ReadonlyMap<number, Fingerprint>,
    known: Map<number, Known>,
  ) {
    this.#connection = connection;
    this.#caches = caches;
    this.#fingerprints = fingerprints;
    this.#known = known;
    this.#metrics = new Map([...known].map(([index, { cached }]) => [index, cached.metrics]));
  }

  /** @param willKeep the caches are to be written too */
  static async open(
    connection: DuckDBConnection,
    files: readonly CacheableFile[],
    willKeep: boolean,
  ): Promise<CachedFiles> {
    const caches = new Map<string, MetricCache>();
    const fingerprints = new Map<number, Fingerprint>();
    const known = new Map<number, Known>();
    for (const [directory, members] of byDirectory(files)) {
      const cache = await MetricCache.open(connection, directory);
      caches.set(directory, cache);
      if (cache.isEmpty && !willKeep) continue;
      const now = new Map<string, Fingerprint>();
      for (const { file, index } of members) {
        const fingerprint = fingerprintOf(file);
        if (fingerprint === null) continue;
        now.set(file, fingerprint);
        fingerprints.set(index, fingerprint);
      }
      const indices = new Map(members.map(({ file, index }) => [file, index]));
      for (const cached of cache.known(now)) known.set(indices.get(cached.file) ?? -1, { cache, cached });
    }
    return new CachedFiles(connection, caches, fingerprints, known);
  }

  has({ index }: Pick<CacheableFile, 'index'>): boolean {
    return this.#known.has(index);
  }

  /** By index, also of those that were given up since. */
  get metrics(): ReadonlyMap<number, FileMetrics> {
    return this.#metrics;
  }

  /** Of the runs whose rows come from a cache, those that were merged. */
  get merged(): number[] {
    return [...this.#known].flatMap(([index, { cached }]) => (cached.merged ? index : []));
  }

  /** Gives up the files that a cache cannot give these columns of. */
  release(columns: readonly { metric: string; type: string }[]): void {
    for (const [index, { cache, cached }] of this.#known) {
      if (columns.some(({ metric, type }) => !cache.fits(cached, metric, type))) this.#known.delete(index);
    }
  }

  /**
   * Inserts the rows of all files that are known into an empty table `(run_index, step, …)`. A cache that cannot be read after all,
   * or that another process has replaced meanwhile, is given up with its files.
   * @param isNarrow the files have other metrics too, which nobody asks for
   * @returns number of rows
   */
  async insertInto(
    table: string,
    columns: readonly { metric: string; type: string }[],
    { isNarrow }: { isNarrow: boolean },
  ): Promise<number> {
    let rows = 0;
    for (const cache of this.#caches.values()) {
      const files = [...this.#known].filter(([, known]) => known.cache === cache);
      if (files.length === 0) continue;
      const indices = new Map(files.map(([index, { cached }]) => [cached.index, index]));
      const inserted = await this.#insertFrom(
        cache,
        `INSERT INTO ${table} ${cache.select(columns, indices, { isNarrow })}`,
      );
      if (inserted === null) for (const [index] of files) this.#known.delete(index);
      rows += inserted ?? 0;
    }
    return rows;
  }

  /** Undone as a whole where it fails: the numbers of the rows that come next tell them from these. @returns number of rows, null where it was undone */
  async #insertFrom(cache: MetricCache, insertion: string): Promise<number | null> {
    await this.#connection.run('BEGIN TRANSACTION');
    const inserted = await this.#connection.run(insertion).catch(() => null);
    const isTheirs = inserted !== null && cache.isSame();
    await this.#connection.run(isTheirs ? 'COMMIT' : 'ROLLBACK');
    return isTheirs ? inserted.rowsChanged : null;
  }

  /**
   * Writes the caches that have become worth it.
   * @param table the rows of all files, with all their metrics
   * @param read what was read of files that are whole: by index, their metrics and whether their rows were merged
   */
  async keep(
    table: string,
    columns: readonly { metric: string; type: string; column: string }[],
    files: readonly CacheableFile[],
    read: ReadonlyMap<number, Pick<CachedFile, 'metrics' | 'merged'>>,
    worth: Worth = WORTH,
  ): Promise<void> {
    for (const [directory, members] of byDirectory(files)) {
      const all = members.flatMap(({ file, index }): (CachedFile & { isNew: boolean })[] => {
        const [fingerprint, cached] = [this.#fingerprints.get(index), this.#known.get(index)?.cached];
        const { metrics, merged } = cached ?? read.get(index) ?? {};
        if (fingerprint === undefined || metrics === undefined || merged === undefined) return [];
        return [{ file, fingerprint, index, metrics, merged, isNew: cached === undefined }];
      });
      if (!isWorth(all, worth)) continue;
      const elapsedMs = performance.now() - this.#takenAt;
      await this.#caches.get(directory)?.replace(table, columns, (now) => {
        const quietSince = now - elapsedMs - worth.quietMs;
        const settled = all.filter(
          ({ file, fingerprint, isNew }) => !isNew || isSettled(file, fingerprint, quietSince),
        );
        return isWorth(settled, worth) ? settled : [];
      });
    }
  }
}

/** A change after a file was read shows in its time of modification, if that of the reading is another tick of the clock. */
function isSettled(file: string, { text, modifiedMs, isWhole }: Fingerprint, quietSince: number): boolean {
  return isWhole && modifiedMs <= quietSince && fingerprintOf(file)?.text === text;
}

function isWorth(files: readonly (CachedFile & { isNew: boolean })[], worth: Worth): boolean {
  const bytesOf = (some: typeof files) => some.reduce((sum, { fingerprint }) => sum + fingerprint.bytes, 0);
  const fresh = files.filter(({ isNew }) => isNew);
  if (fresh.length === 0 || bytesOf(fresh) < worth.share * bytesOf(files)) return false;
  return files.length >= worth.files || bytesOf(files) >= worth.bytes;
}

function byDirectory(files: readonly CacheableFile[]): Map<string, CacheableFile[]> {
  const directories = new Map<string, CacheableFile[]>();
  for (const file of files) {
    if (file.cacheDirectory === null) continue;
    const members = directories.get(file.cacheDirectory);
    if (members === undefined) directories.set(file.cacheDirectory, [file]);
    else members.push(file);
  }
  return directories;
}
