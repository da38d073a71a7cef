// A run in the database of a Trackio project. The rows of a run are deleted and written anew in one transaction, so that a reader
// sees those of before or those of now.

import { mkdir } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import type { LoggedRow, LoggedRun, Sink } from '../../training/sink.ts';
import { ConfigurationError } from '../../util/errors.ts';
import { isJsonObject, type JsonObject, spellNumber } from '../../util/json.ts';
import { SharedDatabase, type SqliteDatabase } from './database.ts';

/** As trackio 0.24 and later have them. What else a database has, trackio adds itself. */
const TABLES = `
CREATE TABLE IF NOT EXISTS metrics (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id TEXT NOT NULL,
  timestamp TEXT NOT NULL,
  run_name TEXT NOT NULL,
  step INTEGER NOT NULL,
  metrics TEXT NOT NULL,
  log_id TEXT,
  space_id TEXT
);
CREATE TABLE IF NOT EXISTS configs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id TEXT NOT NULL,
  run_name TEXT NOT NULL,
  config TEXT NOT NULL,
  created_at TEXT NOT NULL,
  UNIQUE(run_id)
);
CREATE INDEX IF NOT EXISTS idx_metrics_run_step ON metrics(run_id, step);
CREATE INDEX IF NOT EXISTS idx_configs_run_name ON configs(run_name);
`;

/** Columns of what trackio shows, which a metric would hide. */
const RESERVED = new Set(['project', 'run', 'timestamp', 'step', 'time', 'metrics']);

export interface TrackioSinkOptions {
  /** The database of the project. */
  path: string;
  run: LoggedRun;
  signal: AbortSignal;
  tell(message: string): void;
}

export class TrackioSink implements Sink {
  readonly #options: TrackioSinkOptions;
  readonly #database: SharedDatabase;
  readonly #renamed = new Set<string>();

  constructor(options: TrackioSinkOptions) {
    this.#options = options;
    this.#database = new SharedDatabase(options.path, options.signal);
  }

  async open(rows: readonly LoggedRow[]): Promise<void> {
    await mkdir(dirname(this.#options.path), { recursive: true });
    await this.#database.transact((database) => {
      const { id, name } = this.#options.run;
      refuseOld(database, this.#options.path);
      database.exec(TABLES);
      const times = timesIn(database, id);
      const config = database
        .prepare('SELECT CAST(created_at AS BLOB) AS created_at FROM configs WHERE run_id = ?')
        .get(id);
      const created = textIn(config, 'created_at') ?? new Date().toISOString();
      database.prepare('DELETE FROM metrics WHERE run_id = ?').run(id);
      database.prepare('DELETE FROM configs WHERE run_id = ?').run(id);
      database
        .prepare('INSERT INTO configs (run_id, run_name, config, created_at) VALUES (?, ?, ?, ?)')
        .run(id, name, JSON.stringify(this.#config(created)), created);
      this.#insert(database, rows, times);
    });
  }

  async log(rows: readonly LoggedRow[]): Promise<void> {
    await this.#database.transact((database) => this.#insert(database, rows, new Map()));
  }

  /** Trackio keeps no state of a run. */
  async close(): Promise<void> {
    this.#database.close();
  }

  #insert(database: SqliteDatabase, rows: readonly LoggedRow[], times: ReadonlyMap<number, string>): void {
    const { id, name } = this.#options.run;
    const statement = database.prepare(
      'INSERT INTO metrics (run_id, timestamp, run_name, step, metrics) VALUES (?, ?, ?, ?, ?)',
    );
    const now = new Date().toISOString();
    for (const { step, metrics, time } of rows) {
      const timestamp = time === null ? (times.get(step) ?? now) : new Date(time).toISOString();
      statement.run(id, timestamp, name, step, JSON.stringify(this.#renamedIn(metrics), spellNumber));
    }
  }

  #config(created: string): JsonObject {
    const { spec, group, hash, directory } = this.#options.run;
    const ours = { cookbook_hash: hash, cookbook_directory: directory };
    return { ...spec, ...ours, _Created: created, _Username: userName(), _Group: group };
  }

  #renamedIn(metrics: LoggedRow['metrics']): LoggedRow['metrics'] {
    const isReserved = (metric: string) => RESERVED.has(metric) || metric.startsWith('__');
    if (!Object.keys(metrics).some(isReserved)) return metrics;
    const entries = Object.entries(metrics).map(([metric, value]): [string, typeof value] => {
      if (!isReserved(metric)) return [metric, value];
      const shown = `metric/${metric}`;
      if (!this.#renamed.has(metric)) this.#options.tell(`${metric} is called ${shown} there`);
      this.#renamed.add(metric);
      return [shown, value];
    });
    return Object.fromEntries(entries);
  }
}

/** When steps were logged, which metrics.jsonl does not say. */
function timesIn(database: SqliteDatabase, id: string): Map<number, string> {
  const rows = database
    .prepare(
      "SELECT step, CAST(timestamp AS BLOB) AS timestamp FROM metrics WHERE run_id = ? AND typeof(step) = 'integer'",
    )
    .all(id);
  const times = new Map<number, string>();
  for (const row of rows) {
    const timestamp = textIn(row, 'timestamp');
    if (isJsonObject(row) && typeof row.step === 'number' && timestamp !== null) times.set(row.step, timestamp);
  }
  return times;
}

function refuseOld(database: SqliteDatabase, path: string): void {
  // Their names may be no text.
  const counted = "SELECT count(*) AS columns, sum(name = 'run_id') AS known FROM pragma_table_info('metrics')";
  const row = database.prepare(counted).get();
  if (!isJsonObject(row) || row.columns === 0 || row.known === 1) return;
  throw new ConfigurationError(`${path} was written by a Trackio older than 0.24`, {
    hint: 'Open it once with a current Trackio, which brings it up to date: trackio show.',
  });
}

/** Asked for as bytes: a text in a damaged database that is no UTF-8 would end the process, and the run with it. */
function textIn(row: unknown, column: string): string | null {
  if (typeof row !== 'object' || row === null) return null;
  const value: unknown = new Map<string, unknown>(Object.entries(row)).get(column);
  return value instanceof ArrayBuffer ? Buffer.from(value).toString() : null;
}

function userName(): string | null {
  try {
    return userInfo().username;
  } catch {
    return null;
  }
}
