// What a program prints, up to so many bytes: the rest is not kept, and a program that prints more is ended.

import type { Readable } from 'node:stream';

export interface BoundedOutput {
  /** What came so far; half of a character at the cut is shown as U+FFFD. */
  text(): string;
}

/** @param onFull hears once of output beyond the bound */
export function boundedOutput(stream: Readable, most: number, onFull: () => void): BoundedOutput {
  const chunks: Buffer[] = [];
  let left = most;
  let isFull = false;
  stream.on('data', (chunk: Buffer) => {
    if (left > 0) chunks.push(chunk.subarray(0, left));
    left -= chunk.length;
    if (left >= 0 || isFull) return;
    isFull = true;
    onFull();
  });
  // A pipe that breaks has come to its end.
  stream.on('error', () => undefined);
  return { text: () => Buffer.concat(chunks).toString('utf8') };
}
