// The last lines of a log, as a page shows them.

import { readFileTail } from '../../util/file_tail.ts';

const MOST_BYTES = 4_096;
const MOST_LINES = 30;

/** Null where there is nothing to read. */
export function logTail(file: string): string | null {
  const tail = readFileTail(file, MOST_BYTES);
  if (tail === null || tail.text === '') return null;
  const lines = tail.text.trimEnd().split('\n');
  // The first line is whole only where the file begins with it.
  return lines
    .slice(tail.isWhole ? 0 : 1)
    .slice(-MOST_LINES)
    .join('\n');
}
