// Runs in the databases of Trackio's projects. A database is data of somebody else: plain tables are read, and nothing that would
// compute.

import { basename } from 'node:path';
import { TextDecoder } from 'node:util';
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
/** A number of eight bytes is a text of twenty. */
const MOST_TEXT_PER_BYTE = 4;
/** What a row takes of a file, whatever is in it. */
const ROW_BYTES = 4;

/** The runs of a database, or none where it is no database of Trackio's. */
export async function readTrackioDatabase(path: string): Promise<Reading> {
  const problems: string[] = [];
  try {
    if (!(await readForeignStart(path, SQLITE.length)).equals(SQLITE)) return { runs: [], problems };
    const { default: Database } = await import('libsql');
    return await withCopy(path, (copy, bytes) => {
      const database = new Database(copy, { fileMustExist: true });
      try {
        database.exec('PRAGMA query_only = ON');
        database.exec('PRAGMA trusted_schema = OFF');
        const rows = (sql: string) => database.prepare(sql).iterate();
        return { runs: runsIn(new Tables(rows, bytes), path, problems), problems };
      } finally {
        database.close();
      }
    });
  } catch (error) {
    return { runs: [], problems: [...problems, `${path}: ${messageOf(error)}`] };
  }
}

/** Texts, and numbers as they are asked for. */
type Row = ReadonlyMap<string, string | number>;

/** The tables of a database, read so that nothing in them ends the process or keeps it for ever. */
class Tables {
  readonly #rows: (sql: string) => Iterable<unknown>;
  readonly #decoder: TextDecoder;
  /** Pages that are used more than once make a table without end of a small file. */
  #bytesLeft: number;

  /** @param bytes of its file */
  constructor(rows: (sql: string) => Iterable<unknown>, bytes: number) {
    this.#rows = rows;
    this.#bytesLeft = bytes * MOST_TEXT_PER_BYTE;
    const [encoding] = [...rows('SELECT encoding FROM pragma_encoding')].filter(isJsonObject);
    this.#decoder = new TextDecoder(textOf(encoding?.encoding) ?? 'utf-8', { ignoreBOM: true });
  }

  /** The columns of a plain table; null for a view, a virtual table or one with computed columns, which do what they please when they are read. */
  columns(table: string): Set<string> | null {
    const found = this.select(`pragma_table_list WHERE schema = 'main' AND name = '${table}'`, ['type']);
    if ([...found][0]?.get('type') !== 'table') return null;
    const columns = [...this.select(`pragma_table_xinfo('${table}')`, ['name'], ['hidden'])];
    if (columns.some((column) => column.get('hidden') !== 0)) return null;
    return new Set(columns.map((column) => String(column.get('name'))));
  }

  /**
   * The values of columns that are texts of bounded length, and of those that are numbers.
   * @param from what stands behind FROM
   * @throws for more than the file has room for
   */
  *select(from: string, texts: readonly string[], numbers: readonly string[] = []): Generator<Row> {
    // A text that is no UTF-8 would end the process. As bytes it does not, and has its length whatever stands in it.
    const bytes = texts.map((name) => `CAST(${name} AS BLOB)`);
    const selected = [
      ...texts.map((name, i) => `CASE WHEN length(${bytes[i]}) <= ${LONGEST_TEXT} THEN ${bytes[i]} END AS ${name}`),
      ...numbers.map((name) => `CASE WHEN typeof(${name}) IN ('integer', 'real') THEN ${name} END AS ${name}`),
    ];
    for (const row of this.#rows(`SELECT ${selected.join(', ')} FROM ${from}`)) {
      if (typeof row !== 'object' || row === null) continue;
      this.#bytesLeft -= ROW_BYTES;
      const values = new Map<string, string | number>();
      for (const [name, value] of Object.entries(row)) {
        if (typeof value === 'number') values.set(name, value);
        if (!(value instanceof ArrayBuffer || value instanceof Uint8Array)) continue;
        this.#bytesLeft -= value.byteLength;
        values.set(name, this.#decoder.decode(value));
      }
      if (this.#bytesLeft < 0) throw new Error('is damaged: it has more rows than its file has room for');
      yield values;
    }
  }
}

function runsIn(tables: Tables, path: string, problems: string[]): ForeignRun[] {
  const columns = tables.columns('metrics');
  if (columns === null || !['run_name', 'step', 'metrics', 'timestamp'].every((name) => columns.has(name))) return [];
  // Versions before 0.24 know runs by their names.
  const key = columns.has('run_id') ? 'run_id' : 'run_name';
  const runs = new Map<string, { run: ForeignRun; rows: Rows }>();
  const project = basename(path, '.db');
  let damaged = 0;
  const names = [...new Set([key, 'run_name', 'timestamp', 'metrics'])];
  for (const logged of tables.select('metrics ORDER BY rowid', names, ['step'])) {
    const id = logged.get(key);
    const values = objectIn(logged.get('metrics'));
    if (values === null || typeof id !== 'string') {
      damaged += 1;
      continue;
    }
    const known = runs.get(id) ?? begin(id, String(logged.get('run_name') ?? id), project);
    runs.set(id, known);
    note(known.run, textOf(logged.get('timestamp')));
    for (const [metric, value] of Object.entries(values)) known.rows.add(logged.get('step'), metric, value);
  }
  const ofConfigs = tables.columns('configs');
  if (ofConfigs?.has('config') === true) {
    const configKey = ofConfigs.has(key) ? key : 'run_name';
    for (const row of tables.select('configs', [configKey, 'config'])) {
      const known = runs.get(String(row.get(configKey) ?? ''));
      if (known !== undefined) known.run.config = withoutTrackios(objectIn(row.get('config')) ?? {});
    }
  }
  if (damaged > 0) problems.push(`${path}: ${plural(damaged, 'damaged row')} left out`);
  return [...runs.values()].flatMap(({ run, rows }) => {
    problems.push(...rows.problems(`${path}, ${run.name}`));
    return rows.rows.size === 0 ? [] : [{ ...run, rows: rows.rows }];
  });
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
