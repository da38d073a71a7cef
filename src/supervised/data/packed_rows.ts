// Rows of a file in which none can be found by its number (JSON, csv, what gzip packed): written once into the cache as lines,
// with a list of where blocks of them begin.

import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { open, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { readExactly } from '../../formats/files.ts';
import { cacheOf, makeOnce } from '../../hub/cache.ts';
import { DataFormatError, DataValidationError } from '../../util/errors.ts';
import { jsonText, readJson, writeFileAtomic } from '../../util/files.ts';
import { isArrayOf, isCount, jsonShape } from '../../util/json_shape.ts';
import type { Block } from './row_order.ts';
import { errorAt, sourceRows } from './rows.ts';

const ROWS = 'rows.jsonl';
const BLOCKS = 'blocks.json';
/** Part of the name: another form needs another directory. */
const VERSION = 'v1';

const BLOCK_ROWS = 1024;
const BLOCK_BYTES = 2 ** 22;

/** A block, and where in the file its lines begin. */
interface PackedBlock extends Block {
  position: number;
}

const blockShape = jsonShape<PackedBlock>({ start: isCount, rows: isCount, bytes: isCount, position: isCount });
const listShape = jsonShape<{ blocks: PackedBlock[] }>({ blocks: isArrayOf(blockShape.is) });

export interface PackedRows {
  blocks: readonly PackedBlock[];
  /** The rows of blocks as JSON texts. */
  texts(blocks: readonly PackedBlock[]): Promise<string[][]>;
}

/** @throws CookbookError for a file that cannot be read, or one of whose rows cannot */
export async function packedRows(
  file: string,
  { name, notify }: { name: string; notify(message: string): void },
): Promise<PackedRows> {
  const directory = join(cacheOf('rows', process.env), `${VERSION}-${await keyOf(file)}`);
  await makeOnce({
    directory,
    file: BLOCKS,
    what: `the rows of ${name}`,
    fill: (partial) => pack(file, partial, { name, notify }),
  });
  const { value, problem } = await readJson(join(directory, BLOCKS), listShape);
  if (value === null) {
    throw new DataFormatError(`${join(directory, BLOCKS)}: ${problem}`, {
      hint: 'Delete the directory: it is made again.',
    });
  }
  const path = join(directory, ROWS);
  return { blocks: value.blocks, texts: (blocks) => Promise.all(blocks.map((block) => readBlock(path, block))) };
}

/** In the cache of the hub the real path has the hash of the contents in it; elsewhere time and size tell a file from its successor. */
async function keyOf(file: string): Promise<string> {
  const path = await realpath(file);
  const { size, mtimeMs } = await stat(path);
  // The name says how a file is read.
  const key = JSON.stringify([path, file, size, mtimeMs]);
  return createHash('sha256').update(key).digest('hex').slice(0, 32);
}

async function pack(
  file: string,
  directory: string,
  { name, notify }: { name: string; notify(message: string): void },
): Promise<void> {
  const blocks: PackedBlock[] = [];
  let open: PackedBlock = { start: 0, rows: 0, bytes: 0, position: 0 };
  const close = () => {
    if (open.rows > 0) blocks.push(open);
    open = { start: open.start + open.rows, rows: 0, bytes: 0, position: open.position + open.bytes };
  };
  async function* lines() {
    for await (const row of sourceRows(file, notify)) {
      if (row.problem !== null) throw errorAt(name, row, row.problem);
      const line = Buffer.from(`${JSON.stringify(row.value)}\n`);
      if (open.rows === BLOCK_ROWS || (open.rows > 0 && open.bytes + line.length > BLOCK_BYTES)) close();
      open.rows += 1;
      open.bytes += line.length;
      yield line;
    }
  }
  await pipeline(lines, createWriteStream(join(directory, ROWS)));
  close();
  if (blocks.length === 0) throw new DataValidationError(`${name}: the file is empty`);
  await writeFileAtomic(join(directory, BLOCKS), jsonText({ blocks }));
}

async function readBlock(path: string, { position, bytes }: PackedBlock): Promise<string[]> {
  const handle = await open(path);
  try {
    const buffer = Buffer.alloc(bytes);
    await readExactly(handle, buffer, position, path);
    return buffer.toString('utf8').trimEnd().split('\n');
  } finally {
    await handle.close();
  }
}
