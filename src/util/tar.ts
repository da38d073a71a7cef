// Tar archives that somebody else has made, unpacked below a directory: regular files and directories alone, up to a bound,
// and no name that leads out of it.

import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { DataFormatError } from './errors.ts';
import { errorCode, makeDirectory } from './files.ts';
import { safeParts } from './safe_path.ts';

export interface UnpackLimits {
  /** Of all files together. */
  bytes: number;
  /** Files and directories. */
  entries: number;
}

const BLOCK = 512;
/** Of a record that gives an entry a longer name. */
const MAX_RECORD_BYTES = 2 ** 16;
/** Archives are filled up to a multiple of some kilobytes. */
const MOST_PADDING = 2 ** 20;

/**
 * Unpacks an archive, also one that gzip has packed.
 * @throws DataFormatError for what is no archive, is cut short, holds more than the limits, or something else than files
 */
export async function unpackTar(
  archive: string,
  directory: string,
  limits: UnpackLimits,
  signal?: AbortSignal,
): Promise<void> {
  const blocks = new Blocks(await contentsOf(archive));
  let bytes = 0;
  let entries = 0;
  let longer: { path?: string; size?: number } = {};
  try {
    for (let header = await headerIn(blocks); header !== null; header = await headerIn(blocks)) {
      signal?.throwIfAborted();
      if (['x', 'g', 'L'].includes(header.type)) {
        const record = await recordIn(blocks, header);
        // What is said of all entries says nothing of a single file.
        if (header.type !== 'g') longer = { ...longer, ...record };
        continue;
      }
      const { type, path, size } = { ...header, ...longer };
      longer = {};
      bytes += size;
      if (++entries > limits.entries) throw new DataFormatError(`it holds more than ${limits.entries} files`);
      if (bytes > limits.bytes) throw new DataFormatError(`its files take more than ${limits.bytes} bytes`);
      const parts = partsOf(path);
      if (type === '5') await makeDirectory(join(directory, ...parts));
      else if (type !== '0' && type !== '7') throw new DataFormatError(`"${path}" is neither a file nor a directory`);
      else await writeEntry(blocks, join(directory, ...parts), { path, size, signal });
    }
    // The checksum of gzip stands at its very end.
    await blocks.readOut(MOST_PADDING);
  } catch (error) {
    throw explained(error);
  } finally {
    blocks.close();
  }
}

async function contentsOf(archive: string): Promise<AsyncIterable<Buffer> & { destroy(): unknown }> {
  const file = await open(archive, 'r');
  const magic = Buffer.alloc(2);
  await file.read(magic, 0, 2, 0).finally(() => file.close());
  const stream = createReadStream(archive);
  if (magic[0] !== 0x1f || magic[1] !== 0x8b) return stream;
  const unpacked = createGunzip();
  stream.on('error', (error) => unpacked.destroy(error));
  return stream.pipe(unpacked);
}

/** A stream, taken in pieces of whatever length is asked for. */
class Blocks {
  readonly #source: { destroy(): unknown };
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer> & { destroy(): unknown }) {
    this.#source = source;
    this.#chunks = source[Symbol.asyncIterator]();
  }

  /** So many bytes, in pieces. */
  async *take(length: number): AsyncGenerator<Buffer, void, undefined> {
    for (let left = length; left > 0; ) {
      if (this.#rest.length === 0) {
        const { value, done } = await this.#chunks.next();
        if (done === true) throw new DataFormatError('it is cut short');
        this.#rest = value;
      }
      const piece = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(piece.length);
      left -= piece.length;
      if (piece.length > 0) yield piece;
    }
  }

  async read(length: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for await (const piece of this.take(length)) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  /** What stands behind the end of an archive means nothing, and there is little of it. */
  async readOut(most: number): Promise<void> {
    for (let read = this.#rest.length; ; ) {
      const { value, done } = await this.#chunks.next();
      if (done === true) return;
      read += value.length;
      if (read > most) throw new DataFormatError('it goes on behind its end');
    }
  }

  close(): void {
    this.#source.destroy();
  }
}

interface Header {
  type: string;
  path: string;
  size: number;
}

/** Null at the end of the archive, which a block of zeros marks. */
async function headerIn(blocks: Blocks): Promise<Header | null> {
  const block = await blocks.read(BLOCK);
  if (block.every((byte) => byte === 0)) return null;
  const sum = block.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 0x20 : byte), 0);
  if (sum !== numberIn(block, 148, 8)) throw new DataFormatError('it is no tar archive, or damaged');
  const prefix = block.toString('latin1', 257, 262) === 'ustar' && block[263] === 0x30 ? textIn(block, 345, 155) : '';
  const name = textIn(block, 0, 100);
  const type = block[156] === 0 ? '0' : String.fromCharCode(block[156] ?? 0);
  return { type, path: prefix === '' ? name : `${prefix}/${name}`, size: numberIn(block, 124, 12) };
}

function textIn(block: Buffer, start: number, length: number): string {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end === -1 ? length : end);
}

/** Octal digits; or, of numbers that are too long for them, the bytes behind a first bit that is set. */
function numberIn(block: Buffer, start: number, length: number): number {
  const field = block.subarray(start, start + length);
  if ((field[0] ?? 0) === 0x80) {
    const value = field.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0);
    if (Number.isSafeInteger(value)) return value;
  }
  const text = field.toString('latin1').replaceAll('\0', ' ').trim();
  if (/^[0-7]*$/.test(text)) return text === '' ? 0 : Number.parseInt(text, 8);
  throw new DataFormatError('it is no tar archive, or damaged');
}

/** What stands before an entry to say more of it than its header has room for. */
async function recordIn(blocks: Blocks, { type, size }: Header): Promise<{ path?: string; size?: number }> {
  if (size > MAX_RECORD_BYTES) throw new DataFormatError('it has a name that is longer than any name');
  const text = (await blocks.read(padded(size))).toString('utf8', 0, size);
  if (type === 'L') return { path: text.replace(/\0.*$/s, '') };
  const record: { path?: string; size?: number } = {};
  for (const [, key = '', value = ''] of text.matchAll(/^\d+ ([^=\n]+)=(.*)$/gm)) {
    if (key === 'path') record.path = value;
    if (key === 'size' && /^\d{1,15}$/.test(value)) record.size = Number(value);
    if (key.startsWith('GNU.sparse')) throw new DataFormatError('it holds a sparse file, which is not read');
  }
  return record;
}

function partsOf(path: string): string[] {
  const parts = safeParts(path);
  if (parts !== null) return parts;
  throw new DataFormatError(`"${path}" leads out of the directory that it is unpacked to`);
}

async function writeEntry(
  blocks: Blocks,
  path: string,
  entry: { path: string; size: number; signal: AbortSignal | undefined },
): Promise<void> {
  await makeDirectory(dirname(path));
  const file = await open(path, 'wx').catch((error: unknown) => {
    if (errorCode(error) !== 'EEXIST' && errorCode(error) !== 'EISDIR') throw error;
    throw new DataFormatError(`"${entry.path}" is in it twice`);
  });
  try {
    for await (const piece of blocks.take(entry.size)) {
      entry.signal?.throwIfAborted();
      await file.writeFile(piece);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  await blocks.read(padded(entry.size) - entry.size);
}

const padded = (size: number) => Math.ceil(size / BLOCK) * BLOCK;

/** What zlib says of bytes that it cannot unpack. */
function explained(error: unknown): unknown {
  const code = errorCode(error);
  if (code === 'Z_BUF_ERROR') return new DataFormatError('it is cut short', { cause: error });
  return code?.startsWith('Z_') ? new DataFormatError('it is damaged: gzip cannot unpack it', { cause: error }) : error;
}
