// Runs in the databases of Trackio's projects. A database is data of somebody else: plain tables are read, and nothing that would
// compute.

import { basename } from 'node:path';
import { foreignObjectIn } from '../run_files/foreign_json.ts';
import { messageOf } from '../util/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue, objectOf, textOf } from '../util/json.ts';
import { plural } from '../util/plural.ts';
import { withCopy } from './database_copy.ts';
import { readForeignStart } from './foreign_file.ts';
import { type ForeignRun, type Reading, Rows } from './foreign_run.ts';

export const isDatabase = (name: string) => name.endsWith('.db');

const SQLITE = Buffer.from('SQLite format 3\0');
const LONGEST_TEXT = 2 ** 20;

/** The runs of a database, or none where it is no database of Trackio's. */
export async function readTrackioDatabase(path: string): Promise<Reading> {
  const problems: string[] = [];
  try {
    if (!(await readForeignStart(path, SQLITE.length)).equals(SQLITE)) return { runs: [], problems };
    const { default: Database } = await import('libsql');
    return await withCopy(path, (copy) => {
      const database = new Database(copy, { fileMustExist: true });
      try {
        database.exec('PRAGMA query_only = ON');
        database.exec('PRAGMA trusted_schema = OFF');
        const all = (sql: string) => database.prepare(sql).all().filter(isJsonObject);
        return { runs: runsIn(all, path, problems), problems };
      } finally {
        database.close();
      }
    });
  } catch (error) {
    return { runs: [], problems: [...problems, `${path}: ${messageOf(error)}`] };
  }
}

type Query = (sql: string) => JsonObject[];

function runsIn(all: Query, path: string, problems: string[]): ForeignRun[] {
  if (!isPlainTable(all, 'metrics')) return [];
  const columns = new Set(all("SELECT name FROM pragma_table_info('metrics')").map(({ name }) => name));
  if (!['run_name', 'step', 'metrics', 'timestamp'].every((name) => columns.has(name))) return [];
  // Versions before 0.24 know runs by their names.
  const key = columns.has('run_id') ? 'run_id' : 'run_name';
  const runs = new Map<string, { run: ForeignRun; rows: Rows }>();
  const project = basename(path, '.db');
  let damaged = 0;
  const text = (column: string) => `CASE WHEN length(${column}) <= ${LONGEST_TEXT} THEN CAST(${column} AS TEXT) END`;
  const logged = all(
    `SELECT CAST(${key} AS TEXT) AS id, run_name, step, timestamp, ${text('metrics')} AS metrics FROM metrics ORDER BY rowid`,
  );
  for (const { id, run_name, step, timestamp, metrics } of logged) {
    const values = objectIn(metrics);
    if (values === null || typeof id !== 'string') {
      damaged += 1;
      continue;
    }
    const known = runs.get(id) ?? begin(id, textOf(run_name) ?? id, project);
    runs.set(id, known);
    note(known.run, textOf(timestamp));
    for (const [metric, value] of Object.entries(values)) known.rows.add(step, metric, value);
  }
  if (isPlainTable(all, 'configs')) {
    const configKey = all("SELECT name FROM pragma_table_info('configs')").some(({ name }) => name === key)
      ? key
      : 'run_name';
    for (const { id, config } of all(
      `SELECT CAST(${configKey} AS TEXT) AS id, ${text('config')} AS config FROM configs`,
    )) {
      const known = runs.get(textOf(id) ?? '');
      if (known !== undefined) known.run.config = withoutTrackios(objectIn(config) ?? {});
    }
  }
  if (damaged > 0) problems.push(`${path}: ${plural(damaged, 'damaged row')} left out`);
  return [...runs.values()].map(({ run, rows }) => {
    problems.push(...rows.problems(`${path}, ${run.name}`));
    return { ...run, rows: rows.rows };
  });
}

/** A view, a virtual table or a generated column computes what it pleases when it is read. */
function isPlainTable(all: Query, name: string): boolean {
  const [entry] = all(`SELECT type, sql FROM sqlite_master WHERE name = '${name}'`);
  return entry?.type === 'table' && !/\bvirtual\b|\bgenerated\b|\bas\s*\(/i.test(textOf(entry.sql) ?? '');
}

function begin(id: string, name: string, project: string): { run: ForeignRun; rows: Rows } {
  const run: ForeignRun = {
    kind: 'trackio',
    id: `${project}/${id}`,
    name,
    project,
    config: {},
    rows: new Map(),
    state: null,
    started: null,
    ended: null,
  };
  return { run, rows: new Rows() };
}

function note(run: ForeignRun, timestamp: string | null): void {
  const time = Date.parse(timestamp ?? '');
  if (!Number.isFinite(time)) return;
  run.started = Math.min(run.started ?? time, time);
  run.ended = Math.max(run.ended ?? time, time);
}

const objectIn = (text: JsonValue | undefined) => (typeof text === 'string' ? foreignObjectIn(text) : null);

/** Fields that begin so are Trackio's own. */
function withoutTrackios(config: JsonObject): JsonObject {
  return objectOf(Object.fromEntries(Object.entries(config).filter(([name]) => !name.startsWith('_'))));
}
