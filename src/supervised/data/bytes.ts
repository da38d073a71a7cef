// The bytes of a data file: a regular file, unpacked where gzip packed it, in UTF-8 where it was UTF-16.

import { constants, type ReadStream, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ConfigurationError, CookbookError, DataFormatError, messageOf } from '../../util/errors.ts';
import { errorCode } from '../../util/files.ts';

/** What a file is, by its first bytes; its name says nothing. */
export type Container = 'text' | 'gzip' | 'parquet';

/** Covers the magic of a tar archive, the longest way into a file. */
const HEAD_BYTES = 264;

/** @throws ConfigurationError for what is no regular file or cannot be read, DataFormatError for a kind that is not read here */
export async function containerOf(file: string): Promise<Container> {
  const handle = await openRegular(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const head = buffer.subarray(0, bytesRead);
    if (startsWith(head, GZIP)) return 'gzip';
    if (startsWith(head, PARQUET)) return 'parquet';
    refuseForeign(file, head);
    return 'text';
  } catch (error) {
    throw readingError(file, error);
  } finally {
    await handle.close();
  }
}

/**
 * The text of a file that is `text` or `gzip`, as UTF-8 without a byte order mark. `notify` hears of UTF-16.
 * @throws ConfigurationError for a file that cannot be read, DataFormatError for damaged gzip or UTF-16
 */
export async function* textChunks(
  file: string,
  container: 'text' | 'gzip',
  notify: (message: string) => void,
): AsyncGenerator<Buffer> {
  const raw = (await openRegular(file)).createReadStream();
  const chunks = container === 'gzip' ? unpacked(raw, file) : plain(raw, file);
  try {
    const { head, rest } = await peek(chunks);
    if (container === 'gzip') {
      if (startsWith(head, GZIP) || startsWith(head, PARQUET)) refuse(file, 'packed twice', 'Unpack it once.');
      refuseForeign(file, head);
    }
    const encoding = startsWith(head, [0xff, 0xfe]) ? 'utf-16le' : startsWith(head, [0xfe, 0xff]) ? 'utf-16be' : null;
    if (encoding === null) yield* withoutMark(rest);
    else {
      notify(`${file}: read as UTF-16, as its byte order mark says`);
      yield* recoded(rest, encoding, file);
    }
  } finally {
    raw.destroy();
  }
}

/** Opening a pipe would wait for a writer, and a device has no end: only regular files are opened to be read. */
async function openRegular(file: string): Promise<FileHandle> {
  let handle: FileHandle | null = null;
  try {
    handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await handle.stat();
    if (stats.isFile()) return handle;
    throw new ConfigurationError(`${file}: is ${kindOfFile(stats)}`, { hint: 'Name a file.' });
  } catch (error) {
    await handle?.close();
    throw readingError(file, error);
  }
}

function kindOfFile(stats: Stats): string {
  if (stats.isDirectory()) return 'a directory';
  if (stats.isFIFO()) return 'a pipe, which can be read only once';
  return 'a device';
}

function readingError(file: string, error: unknown): Error {
  if (error instanceof CookbookError) return error;
  const missing = errorCode(error) === 'ENOENT';
  return new ConfigurationError(`${file}: ${missing ? 'no such file' : `cannot be read: ${messageOf(error)}`}`, {
    cause: error,
  });
}

async function* plain(raw: ReadStream, file: string): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of raw) yield chunk;
  } catch (error) {
    throw readingError(file, error);
  }
}

async function* unpacked(raw: ReadStream, file: string): AsyncGenerator<Buffer> {
  const gunzip = createGunzip();
  // Errors reach whoever iterates.
  pipeline(raw, gunzip, () => undefined);
  try {
    for await (const chunk of gunzip) yield chunk;
  } catch (error) {
    throw new DataFormatError(`${file}: the gzip data are damaged or cut short: ${messageOf(error)}`, {
      hint: 'Pack the file again, or give it unpacked.',
      cause: error,
    });
  } finally {
    gunzip.destroy();
  }
}

/** The first bytes of a stream, as many as there are up to HEAD_BYTES, and the stream with them. */
async function peek(chunks: AsyncGenerator<Buffer>): Promise<{ head: Buffer; rest: AsyncGenerator<Buffer> }> {
  const first: Buffer[] = [];
  let length = 0;
  while (length < HEAD_BYTES) {
    const { value, done } = await chunks.next();
    if (done === true) break;
    first.push(value);
    length += value.length;
  }
  const head = Buffer.concat(first);
  async function* rest(): AsyncGenerator<Buffer> {
    if (head.length > 0) yield head;
    yield* chunks;
  }
  return { head, rest: rest() };
}

async function* withoutMark(chunks: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  let isFirst = true;
  for await (const chunk of chunks) {
    yield isFirst && startsWith(chunk, [0xef, 0xbb, 0xbf]) ? chunk.subarray(3) : chunk;
    isFirst = false;
  }
}

async function* recoded(chunks: AsyncGenerator<Buffer>, encoding: string, file: string): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder(encoding, { fatal: true });
  const decode = (chunk: Buffer, stream: boolean): Buffer => {
    try {
      return Buffer.from(decoder.decode(chunk, { stream }));
    } catch (error) {
      throw new DataFormatError(`${file}: not valid UTF-16`, { hint: 'Save it as UTF-8.', cause: error });
    }
  };
  for await (const chunk of chunks) yield decode(chunk, true);
  yield decode(Buffer.alloc(0), false);
}

const GZIP = [0x1f, 0x8b];
const PARQUET = [...Buffer.from('PAR1')];

const UNPACK = 'Unpack it, or pack it with gzip.';

/** Kinds of files that people have and that cannot be read here. */
const FOREIGN: { at?: number; magic: readonly number[]; what: string; hint: string }[] = [
  { magic: [0x28, 0xb5, 0x2f, 0xfd], what: 'packed with Zstandard', hint: UNPACK },
  { magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a], what: 'packed with xz', hint: UNPACK },
  { magic: [...Buffer.from('BZh')], what: 'packed with bzip2', hint: UNPACK },
  { magic: [...Buffer.from('PK\x03\x04')], what: 'a zip archive', hint: 'Unpack it and name the file that was in it.' },
  { at: 257, magic: [...Buffer.from('ustar')], what: 'a tar archive', hint: 'Unpack it and name a file of it.' },
  { magic: [...Buffer.from('ARROW1')], what: 'an Arrow file', hint: 'Save it as Parquet or JSON Lines.' },
  { magic: [0xff, 0xfe, 0, 0], what: 'text in UTF-32', hint: 'Save it as UTF-8.' },
];

function refuseForeign(file: string, head: Buffer): void {
  for (const { at = 0, magic, what, hint } of FOREIGN) {
    if (startsWith(head.subarray(at), magic)) refuse(file, what, hint);
  }
  const [a, b, c, d] = head;
  if ((a !== 0 && b === 0 && d === 0) || (a === 0 && b !== 0 && c === 0))
    refuse(file, 'UTF-16 without a byte order mark, or no text at all', 'Save it as UTF-8.');
}

function refuse(file: string, what: string, hint: string): never {
  throw new DataFormatError(`${file}: is ${what}, which cannot be read here`, { hint });
}

function startsWith(bytes: Buffer, magic: readonly number[]): boolean {
  return magic.every((byte, index) => bytes[index] === byte);
}
