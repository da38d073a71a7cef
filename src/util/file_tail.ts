// The end of a file that somebody else writes to, without reading the rest.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { READ_FLAGS } from './regular_file.ts';

export interface FileTail {
  text: string;
  /** Whether that is the whole file; else its first line may be cut. */
  isWhole: boolean;
}

/** Null where there is nothing to read. */
export function readFileTail(file: string, mostBytes: number): FileTail | null {
  let descriptor: number;
  try {
    descriptor = openSync(file, READ_FLAGS);
  } catch {
    return null; // Gone since it was found, or not ours to read.
  }
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) return null;
    const start = Math.max(0, stats.size - mostBytes);
    const bytes = Buffer.alloc(stats.size - start);
    const read = readSync(descriptor, bytes, 0, bytes.length, start);
    return { text: bytes.toString('utf8', 0, read), isWhole: start === 0 };
  } finally {
    closeSync(descriptor);
  }
}
