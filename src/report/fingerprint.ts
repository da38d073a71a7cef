// What tells that a log still holds the bytes that it held: where it lies, its size, its times, and how it ends.

import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { READ_FLAGS } from '../util/regular_file.ts';

export interface Fingerprint {
  /** Equal to that of another time only if nothing was written in between. */
  text: string;
  bytes: number;
  modifiedMs: number;
  /** Its last line has its newline. Without it a writer is at that line, or was killed there. */
  isWhole: boolean;
}

const TAIL_BYTES = 1024;

/**
 * Null for what is no regular file that can be read. The times are those of the contents and of the file itself, so that setting
 * back the one does not hide a change; a file that another one took the place of has another number.
 */
export function fingerprintOf(path: string): Fingerprint | null {
  let file: number;
  try {
    file = openSync(path, READ_FLAGS);
  } catch {
    return null;
  }
  try {
    const stats = fstatSync(file, { bigint: true });
    if (!stats.isFile()) return null;
    const bytes = Number(stats.size);
    const tail = Buffer.alloc(Math.min(bytes, TAIL_BYTES));
    const length = readSync(file, tail, 0, tail.length, bytes - tail.length);
    const end = tail.subarray(0, length);
    const digest = createHash('sha256').update(end).digest('base64url').slice(0, 22);
    return {
      text: [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs, digest].join(' '),
      bytes,
      modifiedMs: Number(stats.mtimeMs),
      isWhole: end.at(-1) === NEWLINE,
    };
  } catch {
    return null;
  } finally {
    closeSync(file);
  }
}

const NEWLINE = 0x0a;
