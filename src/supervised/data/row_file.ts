// Rows of a large file that stay where they are: read again by their place in bytes whenever they are wanted.

import { open, stat } from 'node:fs/promises';
import { locateRows } from '../../hub/locate_rows.ts';
import { ConfigurationError, DataFormatError } from '../../util/errors.ts';
import { isJsonObject, type JsonObject } from '../../util/json.ts';
import { containerOf } from './bytes.ts';
import type { RowPlace } from './rows.ts';

const HINT =
  'Rows that are read from the disk as they are needed must be plain JSON Lines in UTF-8: unpack or convert the file, or leave streaming out.';

export interface RowFile {
  /** Remembers where a row is; the result is its number, from 0. */
  add(place: RowPlace, tokens: number): number;
  /** Reads a row again. */
  read(row: number): Promise<{ value: JsonObject; place: RowPlace }>;
  tokensAt(row: number): number;
}

/** @throws ConfigurationError for a file in which rows cannot be found by their place */
export async function openRowFile(given: string): Promise<RowFile> {
  const file = await locateRows(given);
  if ((await containerOf(file)) !== 'text') throw new ConfigurationError(`${file}: cannot be streamed`, { hint: HINT });
  const before = await stat(file);
  const marked = await firstBytes(file, 3);
  if (marked.subarray(0, 2).equals(Buffer.of(0xff, 0xfe)) || marked.subarray(0, 2).equals(Buffer.of(0xfe, 0xff)))
    throw new ConfigurationError(`${file}: is UTF-16, which cannot be streamed`, { hint: HINT });
  const mark = marked.equals(Buffer.of(0xef, 0xbb, 0xbf)) ? 3 : 0;
  const starts: number[] = [];
  const lengths: number[] = [];
  const lines: number[] = [];
  const tokens: number[] = [];
  return {
    add({ bytes, number }, count) {
      if (bytes === undefined)
        throw new ConfigurationError(`${file}: is a JSON array, which cannot be streamed`, { hint: HINT });
      starts.push(mark + bytes.start);
      lengths.push(bytes.length);
      lines.push(number);
      tokens.push(count);
      return starts.length - 1;
    },
    async read(row) {
      const buffer = Buffer.alloc(lengths[row]);
      const handle = await open(file);
      try {
        const { size, mtimeMs } = await handle.stat();
        if (size !== before.size || mtimeMs !== before.mtimeMs) {
          throw new DataFormatError(`${file}: has changed since its rows were found`, {
            hint: 'Put it back as it was, or start afresh: what is streamed must stay the same while it is trained on.',
          });
        }
        await handle.read(buffer, 0, buffer.length, starts[row]);
      } finally {
        await handle.close();
      }
      const value: unknown = JSON.parse(buffer.toString('utf8'));
      if (!isJsonObject(value)) throw new Error(`row ${row} of ${file} is not the one that was found`);
      return { value, place: { unit: 'line', number: lines[row] } };
    },
    tokensAt: (row) => tokens[row],
  };
}

async function firstBytes(file: string, length: number): Promise<Buffer> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
