// The last lines of a log, however long it is, without reading the rest.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { READ_FLAGS } from '../../util/regular_file.ts';

const MOST_BYTES = 4_096;
const MOST_LINES = 30;

/** Null where there is nothing to read. */
export function logTail(file: string): string | null {
  let descriptor: number;
  try {
    descriptor = openSync(file, READ_FLAGS);
  } catch {
    return null; // Gone since it was found, or not ours to read.
  }
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile() || stats.size === 0) return null;
    const start = Math.max(0, stats.size - MOST_BYTES);
    const bytes = Buffer.alloc(stats.size - start);
    const read = readSync(descriptor, bytes, 0, bytes.length, start);
    const lines = bytes.toString('utf8', 0, read).trimEnd().split('\n');
    // The first line is whole only where the file begins with it.
    return (start === 0 ? lines : lines.slice(1)).slice(-MOST_LINES).join('\n');
  } finally {
    closeSync(descriptor);
  }
}
