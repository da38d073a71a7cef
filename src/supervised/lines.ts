// Lines of a text file with their numbers, read as a stream; what is wrong with a line is said of that line.

import { createReadStream } from 'node:fs';
import { ConfigurationError, messageOf } from '../util/errors.ts';

/** Longer lines are no data but another kind of file, and would have to fit in memory whole. */
export const MAX_LINE_BYTES = 8 * 1024 * 1024;

export interface Line {
  /** From 1. */
  number: number;
  /** Without its line break; empty where there is a problem. */
  text: string;
  problem: string | null;
}

/**
 * Lines end in LF or CRLF; a byte order mark is no part of the first one. Throws a ConfigurationError for a file that
 * cannot be read.
 */
export async function* readLines(file: string): AsyncGenerator<Line> {
  let number = 0;
  let rest: Buffer[] = [];
  let restBytes = 0;
  try {
    for await (const bytes of createReadStream(file)) {
      const chunk: Buffer = bytes;
      let start = 0;
      for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
        number += 1;
        yield lineOf(number, [...rest, chunk.subarray(start, end)], restBytes + end - start);
        rest = [];
        restBytes = 0;
        start = end + 1;
      }
      restBytes += chunk.length - start;
      if (restBytes <= MAX_LINE_BYTES) rest.push(chunk.subarray(start));
    }
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw new ConfigurationError(`${file}: ${missing ? 'no such file' : `cannot be read: ${messageOf(error)}`}`, {
      cause: error,
    });
  }
  if (restBytes > 0) yield lineOf(number + 1, rest, restBytes);
}

const LF = 0x0a;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function lineOf(number: number, pieces: Buffer[], length: number): Line {
  if (length > MAX_LINE_BYTES) {
    const megabytes = (length / 1024 / 1024).toFixed(1);
    return { number, text: '', problem: `the line is ${megabytes} MiB long; more than 8 MiB is taken for a mistake` };
  }
  try {
    let text = decoder.decode(Buffer.concat(pieces));
    if (number === 1 && text.startsWith('\uFEFF')) text = text.slice(1);
    return { number, text: text.endsWith('\r') ? text.slice(0, -1) : text, problem: null };
  } catch {
    return { number, text: '', problem: 'not valid UTF-8' };
  }
}
