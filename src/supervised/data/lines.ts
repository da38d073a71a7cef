// Lines of a text file with their numbers, read as a stream; what is wrong with a line is said of that line.

import { locateRows } from '../../hub/locate_rows.ts';
import { DataFormatError } from '../../util/errors.ts';
import { containerOf, textChunks } from './bytes.ts';

/** Longer lines are no data but another kind of file, and would have to fit in memory whole. */
export const MAX_LINE_BYTES = 8 * 1024 * 1024;

export interface Line {
  /** From 1. */
  number: number;
  /** Without its line break; empty where there is a problem. */
  text: string;
  problem: string | null;
  /** Where it stands among the bytes that were read, its line break left out. */
  bytes?: { start: number; length: number };
}

/** Lines of a text file, packed with gzip or not. Throws a CookbookError for a file that cannot be read. */
export async function* readLines(
  file: string,
  notify: (message: string) => void = () => undefined,
  mostBytes = MAX_LINE_BYTES,
): AsyncGenerator<Line> {
  const local = await locateRows(file, { notify });
  const container = await containerOf(local);
  if (container === 'parquet') throw new DataFormatError(`${file}: is a Parquet file, which holds rows and no lines`);
  yield* linesOf(textChunks(local, container, notify), mostBytes);
}

/** Lines end in LF or CRLF. One of more than `mostBytes` is a problem. */
export async function* linesOf(chunks: AsyncIterable<Buffer>, mostBytes = MAX_LINE_BYTES): AsyncGenerator<Line> {
  let number = 0;
  let rest: Buffer[] = [];
  let restBytes = 0;
  let passed = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
      number += 1;
      const bytes = { start: passed + start - restBytes, length: restBytes + end - start };
      yield { ...lineOf(number, [...rest, chunk.subarray(start, end)], bytes.length, mostBytes), bytes };
      rest = [];
      restBytes = 0;
      start = end + 1;
    }
    restBytes += chunk.length - start;
    if (restBytes <= mostBytes) rest.push(chunk.subarray(start));
    passed += chunk.length;
  }
  if (restBytes > 0) {
    const bytes = { start: passed - restBytes, length: restBytes };
    yield { ...lineOf(number + 1, rest, restBytes, mostBytes), bytes };
  }
}

const LF = 0x0a;
const MEBIBYTE = 1024 * 1024;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function lineOf(number: number, pieces: Buffer[], length: number, mostBytes: number): Line {
  const { text, problem } = textOfPieces(pieces, length, 'the line', mostBytes);
  return { number, text: text.endsWith('\r') ? text.slice(0, -1) : text, problem };
}

/** The text of bytes that were collected up to `mostBytes` of their `length`. */
export function textOfPieces(
  pieces: Buffer[],
  length: number,
  what: string,
  mostBytes = MAX_LINE_BYTES,
): { text: string; problem: string | null } {
  if (length > mostBytes) {
    const [megabytes, most] = [(length / MEBIBYTE).toFixed(1), mostBytes / MEBIBYTE];
    return { text: '', problem: `${what} is ${megabytes} MiB long; more than ${most} MiB is taken for a mistake` };
  }
  try {
    return { text: decoder.decode(Buffer.concat(pieces)), problem: null };
  } catch {
    return { text: '', problem: 'not valid UTF-8' };
  }
}
