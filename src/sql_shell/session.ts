// The runs of some directories, loaded into a sealed database that answers one question after the other.

import type { DuckDBConnection } from '@duckdb/node-api';
import { type ReportContents, reportOnAnswer } from '../report/answer_report.ts';
import { openDatabase, readRows } from '../report/database.ts';
import { type RunPlaces, readEntries } from '../report/entries.ts';
import type { Limits } from '../report/limits.ts';
import { askNext, prepareQuestions, type Question, VIEWS } from '../report/sql.ts';
import { ConfigurationError } from '../util/errors.ts';
import { textOf } from '../util/json.ts';

export class SqlSession {
  readonly #places: RunPlaces;
  readonly #limits: Limits;
  #connection: DuckDBConnection;
  #isCancelled = false;
  /** Number of runs, and what could not be read of them. */
  #loaded: { runs: number; notices: string[] };
  #columns: readonly string[] = [];

  private constructor(
    places: RunPlaces,
    limits: Limits,
    { connection, runs, notices }: Awaited<ReturnType<typeof load>>,
  ) {
    this.#places = places;
    this.#limits = limits;
    this.#connection = connection;
    this.#loaded = { runs, notices };
  }

  static async open(places: RunPlaces, limits: Limits): Promise<SqlSession> {
    const session = new SqlSession(places, limits, await load(places, limits));
    await session.#readColumns();
    return session;
  }

  get loaded(): { runs: number; notices: string[] } {
    return this.#loaded;
  }

  get views(): readonly string[] {
    return VIEWS;
  }

  get columns(): readonly string[] {
    return this.#columns;
  }

  /** @throws ConfigurationError with one line and a hint; for what is no SELECT too */
  async answer(question: Question): Promise<ReportContents> {
    this.#isCancelled = false;
    try {
      return await reportOnAnswer(await askNext(this.#connection, question, this.#limits));
    } catch (error) {
      throw this.#isCancelled ? new ConfigurationError('cancelled', { cause: error }) : error;
    }
  }

  /** Ends the answer that is being made. */
  cancel(): void {
    this.#isCancelled = true;
    this.#connection.interrupt();
  }

  /** Reads the directories anew: runs that have grown, and new ones. What was loaded before stays where that fails. */
  async reload(): Promise<void> {
    const { connection, runs, notices } = await load(this.#places, this.#limits);
    this.#connection.closeSync();
    this.#connection = connection;
    this.#loaded = { runs, notices };
    await this.#readColumns();
  }

  close(): void {
    this.#connection.closeSync();
  }

  async #readColumns(): Promise<void> {
    const rows = await readRows(
      this.#connection,
      `SELECT DISTINCT column_name AS name FROM duckdb_columns() WHERE schema_name = 'main' AND NOT internal ORDER BY name`,
    );
    this.#columns = rows.flatMap(({ name }) => textOf(name) ?? []);
  }
}

async function load(places: RunPlaces, limits: Limits) {
  const { entries, notices } = readEntries(places);
  const connection = await openDatabase(limits.bytes);
  try {
    notices.push(...(await prepareQuestions(connection, entries, places)));
    return { connection, runs: entries.length, notices };
  } catch (error) {
    connection.closeSync();
    throw error;
  }
}
