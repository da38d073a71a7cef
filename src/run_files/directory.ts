// A run directory as a whole: what lies there, how it comes to be, how its record is replaced, how it is emptied.

import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigurationError, type CookbookError, messageOf, RunDirectoryError } from '../util/errors.ts';
import {
  createFileAtomic,
  errorCode,
  explainingFailure,
  isTemporary,
  jsonText,
  makeDirectory,
  type Reading,
  readJson,
  reasonOf,
  shortPath,
  writeFileAtomic,
} from '../util/files.ts';
import { readLines } from '../util/json_lines.ts';
import { leaseHolder, takeLease, tidyLeases } from './lease.ts';
import { runRecordShape } from './shapes.ts';
import { createStatus, isFinished, pendingStatus, readStatus, writeStatus } from './status.ts';
import type { RunRecord, RunSnapshot } from './types.ts';

const RECORD = 'run.json';
const NO_RECORD = `holds files, but no ${RECORD}`;

/**
 * What lies at a path: null if there is nothing, or nothing but an empty directory. Never throws: whatever is wrong is the
 * snapshot's `problem`, with what could be read beside it.
 */
export async function inspectRunDirectory(path: string): Promise<RunSnapshot | null> {
  const nothing = { directory: path, record: null, status: null, live: false };
  let names: string[];
  try {
    names = await readdir(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    const problem = errorCode(error) === 'ENOTDIR' ? 'is not a directory' : `cannot be read: ${reasonOf(error)}`;
    return { ...nothing, problem };
  }
  if (!names.includes(RECORD)) {
    return names.some(isForeign) ? { ...nothing, problem: NO_RECORD } : null;
  }
  const [record, status, live] = await Promise.all([readRecord(path), readStatus(path), readLive(path)]);
  const problem = record.problem ?? status.problem ?? live.problem;
  return { directory: path, record: record.value, status: status.value, live: live.value ?? false, problem };
}

/** Whether a run was begun and has nothing that deleting it would lose: no step has ended, and there is no row and no checkpoint. */
export async function holdsNothing({ directory, status, problem, live }: RunSnapshot): Promise<boolean> {
  if (live || problem !== null || status === null) return false;
  if (status.attempt === 0 || status.step > 0 || isFinished(status.state)) return false;
  const logs = await Promise.all(
    ['metrics.jsonl', 'checkpoints.jsonl'].map((name) => readLines(join(directory, name))),
  );
  return logs.every((lines) => lines.length === 0);
}

/**
 * Makes a directory a run's. It is one from the moment that run.json is there, which happens in one step and only once.
 * @throws RunDirectoryError when there is a run already: another process may have been quicker
 */
export async function createRunDirectory(path: string, record: RunRecord, codeDiff: string | null): Promise<void> {
  await makeDirectory(path);
  if (!(await createFileAtomic(recordPath(path), jsonText(record)))) {
    throw new RunDirectoryError(`${shortPath(path)} already holds a run`, {
      hint: 'Another process has just created it; run the command again to see what it is.',
    });
  }
  await writeCopies(path, record, codeDiff);
  await createStatus(path, pendingStatus());
}

/** Finishes what a kill may have cut short: a creation, and writes that left their temporary files. Only for the holder of the lease. */
export async function tidyRunDirectory(path: string, record: RunRecord): Promise<void> {
  const names = await readdir(path);
  if (!names.includes('config.json')) await writeFileAtomic(join(path, 'config.json'), jsonText(record.spec));
  // Somebody who competes for the lease may be about to use one; then it is written again.
  for (const name of names.filter(isTemporary)) await rm(join(path, name), { force: true });
  await tidyLeases(path);
}

/**
 * Replaces the record of a run that goes on under another spec, keeping the old one as run.previous.json. The run is no
 * longer finished from the first step on, so that a kill half way leaves a run to resume and not one that passes for done.
 */
export async function replaceRunRecord(path: string, record: RunRecord, codeDiff: string | null): Promise<void> {
  const lease = await takeLease(path);
  try {
    const previous = await readRunRecord(path);
    const { value: status } = await readStatus(path);
    await writeStatus(path, { ...(status ?? pendingStatus()), state: 'interrupted', ended_at: null });
    await writeFileAtomic(join(path, 'run.previous.json'), jsonText(previous));
    await writeFileAtomic(recordPath(path), jsonText(record));
    await writeCopies(path, record, codeDiff);
  } finally {
    await lease.release();
  }
}

/**
 * Deletes what a run directory holds, and leaves it empty. The order matters to a kill half way: no finished status first, then no checkpoint to resume from, and run.json, which makes it ours, last.
 * @throws ConfigurationError for a directory without a run.json, RunDirectoryError while a process executes the run
 */
export async function emptyRunDirectory(path: string): Promise<void> {
  const names = await explainingFailure('read', path, () => readdir(path));
  if (!names.includes(RECORD)) throw noRunError(path, NO_RECORD);
  const lease = await takeLease(path);
  try {
    const first = ['status.json', 'checkpoints.jsonl'];
    const others = (await readdir(path)).filter((name) => ![...first, RECORD, 'lease'].includes(name));
    for (const name of [...first, ...others, RECORD]) {
      const file = join(path, name);
      await explainingFailure('delete', file, () => rm(file, { recursive: true, force: true }));
    }
  } finally {
    await lease.release();
  }
}

/** Why a place that is not empty cannot be read as a run: it is none, or its record is damaged. */
export function noRunError(path: string, problem: string | null): CookbookError {
  if (problem?.startsWith(`${RECORD}: `)) {
    return new RunDirectoryError(`${shortPath(path)} holds a run whose record is damaged: ${problem}`, {
      hint: 'Pass if_exists=delete to delete it and start afresh, or give another log_path.',
    });
  }
  return new ConfigurationError(`${shortPath(path)} ${problem ?? NO_RECORD}`, {
    hint: 'It may belong to somebody else, so nothing is changed there. Give another log_path.',
  });
}

/** @throws RunDirectoryError when run.json is missing or damaged */
export async function readRunRecord(path: string): Promise<RunRecord> {
  const { value, problem } = await readRecord(path);
  if (value !== null) return value;
  throw new RunDirectoryError(
    problem === null ? `${shortPath(path)} is no run directory: it has no run.json` : `${shortPath(path)}: ${problem}`,
  );
}

/** The files that say again what run.json says, under the names that users of the Python cookbook look for. */
async function writeCopies(path: string, record: RunRecord, codeDiff: string | null): Promise<void> {
  await writeFileAtomic(join(path, 'config.json'), jsonText(record.spec));
  const diffPath = join(path, 'code.diff');
  if (codeDiff === null) await rm(diffPath, { force: true });
  else await writeFileAtomic(diffPath, codeDiff);
}

function readRecord(path: string): Promise<Reading<RunRecord>> {
  return readJson(recordPath(path), runRecordShape);
}

/** The last attempt at a run; 0 before the first. */
export function attemptOf(snapshot: RunSnapshot | null): number {
  return snapshot?.status?.attempt ?? 0;
}

async function readLive(path: string): Promise<Reading<boolean>> {
  try {
    return { value: (await leaseHolder(path)) !== null, problem: null };
  } catch (error) {
    return { value: null, problem: messageOf(error) };
  }
}

function recordPath(path: string): string {
  return join(path, RECORD);
}

/** What the creation or the deletion of a run may leave behind when it is cut short does not make a directory anybody's. */
function isForeign(name: string): boolean {
  return !(isTemporary(name) || name === 'lease' || name.startsWith('lease.after-'));
}
