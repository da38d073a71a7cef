// A SQLite database that other programs use at the same time: calls that find it locked are tried again, so that waiting for it
// holds nothing else up.

import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'libsql';
import { errorCode } from '../../util/files.ts';

const RETRY_MS = 25;
const PATIENCE_MS = 10_000;

export type SqliteDatabase = InstanceType<typeof Database>;

/** Opens a database, makes it if it is not there, and does something with it in one transaction: all of it or nothing. */
export async function inTransaction(
  path: string,
  signal: AbortSignal,
  work: (database: SqliteDatabase) => void,
): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (true) {
    signal.throwIfAborted();
    try {
      attempt(path, work);
      return;
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error;
    }
    await sleep(RETRY_MS * (1 + Math.random()), undefined, { signal });
  }
}

function attempt(path: string, work: (database: SqliteDatabase) => void): void {
  const database = new Database(path, { timeout: 0 });
  try {
    // What the tools that share the file use: readers and a writer go on beside each other.
    database.pragma('journal_mode = WAL');
    database.exec('BEGIN IMMEDIATE');
    try {
      work(database);
      database.exec('COMMIT');
    } catch (error) {
      if (database.inTransaction) database.exec('ROLLBACK');
      throw error;
    }
  } finally {
    database.close();
  }
}

function isBusy(error: unknown): boolean {
  const code = errorCode(error) ?? '';
  return code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED');
}
