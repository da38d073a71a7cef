// A SQLite database that other programs use at the same time: calls that find it locked are tried again, so that waiting for it
// holds nothing else up.

import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'libsql';
import { errorCode } from '../../util/files.ts';

const RETRY_MS = 25;
const PATIENCE_MS = 10_000;

export type SqliteDatabase = InstanceType<typeof Database>;

export class SharedDatabase {
  readonly #path: string;
  readonly #signal: AbortSignal;
  #database: SqliteDatabase | null = null;

  constructor(path: string, signal: AbortSignal) {
    this.#path = path;
    this.#signal = signal;
    signal.addEventListener('abort', () => this.close(), { once: true });
  }

  /** Does something in one transaction, all of it or nothing. Makes the database if it is not there. */
  async transact(work: (database: SqliteDatabase) => void): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    while (true) {
      this.#signal.throwIfAborted();
      try {
        this.#attempt(work);
        return;
      } catch (error) {
        if (isBusy(error) && performance.now() < deadline) {
          await sleep(RETRY_MS * (1 + Math.random()), undefined, { signal: this.#signal });
          continue;
        }
        // The next call looks at the file anew.
        this.close();
        throw error;
      }
    }
  }

  close(): void {
    const database = this.#database;
    this.#database = null;
    database?.close();
  }

  #attempt(work: (database: SqliteDatabase) => void): void {
    const database = this.#database ?? this.#open();
    database.exec('BEGIN IMMEDIATE');
    try {
      work(database);
      database.exec('COMMIT');
    } catch (error) {
      if (database.inTransaction) database.exec('ROLLBACK');
      throw error;
    }
  }

  /** With what the tools that share the file use: readers and a writer go on beside each other. */
  #open(): SqliteDatabase {
    const database = new Database(this.#path, { timeout: 0 });
    try {
      database.pragma('journal_mode = WAL');
      database.pragma('synchronous = NORMAL');
    } catch (error) {
      database.close();
      throw error;
    }
    this.#database = database;
    return database;
  }
}

function isBusy(error: unknown): boolean {
  const code = errorCode(error) ?? '';
  return code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED');
}
