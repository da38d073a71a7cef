// Opens what somebody else may have put there: a regular file of bounded size, never a pipe that blocks or a device without end.

import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';

/** More than any record of a run holds, and little enough to parse at once. */
const RECORD_LIMIT_BYTES = 64 * 2 ** 20;

/** Of a log that grows with every step: as long as a text in memory may be. */
export const LOG_LIMIT_BYTES = 511 * 2 ** 20;

// Opening a pipe would wait for a writer.
export const READ_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;
/** The same for a log that is appended to, and made where there is none. */
export const APPEND_FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;

/** @throws an error with the code ENOTREG or E2BIG, or that of the system call that failed */
export function readRegularFileSync(path: string, limit = RECORD_LIMIT_BYTES): string {
  const file = openSync(path, READ_FLAGS);
  try {
    refuseIrregular(fstatSync(file), limit);
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

/** @throws an error with the code ENOTREG or E2BIG, or that of the system call that failed */
export async function readRegularFile(path: string, limit = RECORD_LIMIT_BYTES): Promise<string> {
  const file = await open(path, READ_FLAGS);
  try {
    refuseIrregular(await file.stat(), limit);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

/**
 * The text of a file up to so many bytes, with how many they are and how many there are.
 * @throws an error with the code ENOTREG, or that of the system call that failed
 */
export async function readRegularStart(
  path: string,
  most: number,
): Promise<{ text: string; bytes: number; size: number }> {
  const file = await open(path, READ_FLAGS);
  try {
    const stats = await file.stat();
    refuseIrregular(stats, Number.POSITIVE_INFINITY);
    const { size } = stats;
    const { buffer, bytesRead: bytes } = await file.read(Buffer.alloc(Math.min(size, most)), 0, null, 0);
    return { text: buffer.toString('utf8', 0, bytes), bytes, size };
  } finally {
    await file.close();
  }
}

/** @throws an error with the code ENOTREG or E2BIG */
export function refuseIrregular(stats: { isFile(): boolean; size: number }, limit: number): void {
  if (!stats.isFile()) throw failure('ENOTREG', 'is not a regular file');
  if (stats.size > limit) throw failure('E2BIG', `is larger than ${limit / 2 ** 20} MiB`);
}

/** In the form of the errors of system calls, so that it is explained as they are. */
function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
