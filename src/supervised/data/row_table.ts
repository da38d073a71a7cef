// The rows of several files by their number, most of them on the disk: blocks of neighbouring rows are read when one of them is
// wanted.

import type { JsonObject } from '../../util/json.ts';
import { containerOf } from './bytes.ts';
import { packedRows } from './packed_rows.ts';
import { parquetBlocks, parquetRange } from './parquet.ts';
import type { Block, Window } from './row_order.ts';

/** A file of rows, and what messages call it. */
export interface TableFile {
  file: string;
  name: string;
}

export interface TableBlock extends Block {
  name: string;
  /** Number of its first row in its file, from 0. */
  offset: number;
  read(): Promise<JsonObject[]>;
}

/** Windows that are kept: a batch may begin in one and end in the next. */
const KEPT = 2;

type Rows = ReadonlyMap<number, JsonObject>;

export class RowTable {
  readonly blocks: readonly TableBlock[];
  readonly length: number;
  /** The latest first. */
  #windows: { window: Window<TableBlock>; rows: Promise<Rows> }[] = [];

  private constructor(blocks: readonly TableBlock[]) {
    this.blocks = blocks;
    this.length = blocks.reduce((sum, { rows }) => sum + rows, 0);
  }

  /** Parquet is read where it is. Anything else is first written into the cache in a form in which rows can be found. */
  static async open(files: readonly TableFile[], notify: (message: string) => void): Promise<RowTable> {
    const blocks: TableBlock[] = [];
    let first = 0;
    for (const { file, name } of files) {
      const ofFile = await blocksOf(file, { name, notify });
      for (const { start, ...block } of ofFile) blocks.push({ ...block, start: first + start, offset: start, name });
      first += ofFile.reduce((sum, { rows }) => sum + rows, 0);
    }
    return new RowTable(blocks);
  }

  /** A row of a window, which is read whole. */
  async read(window: Window<TableBlock>, row: number): Promise<JsonObject> {
    const value = (await this.#rowsOf(window)).get(row);
    if (value === undefined) throw new Error(`row ${row} is not in its window`);
    return value;
  }

  /** Where a row stands: its file, and its number there from 1. */
  placeOf(row: number): { name: string; number: number } {
    const block = this.blocks.findLast(({ start }) => start <= row);
    if (block === undefined) throw new Error(`there is no row ${row}`);
    return { name: block.name, number: block.offset + row - block.start + 1 };
  }

  #rowsOf(window: Window<TableBlock>): Promise<Rows> {
    const known = this.#windows.find((kept) => kept.window === window);
    if (known !== undefined) return known.rows;
    const kept = { window, rows: load(window) };
    this.#windows = [kept, ...this.#windows].slice(0, KEPT);
    // What failed is read again when it is asked for again.
    kept.rows.catch(() => {
      this.#windows = this.#windows.filter((each) => each !== kept);
    });
    return kept.rows;
  }
}

async function load({ blocks }: Window<TableBlock>): Promise<Rows> {
  const rows = new Map<number, JsonObject>();
  for (const { start, read } of blocks) for (const [at, row] of (await read()).entries()) rows.set(start + at, row);
  return rows;
}

async function blocksOf(
  file: string,
  about: { name: string; notify(message: string): void },
): Promise<(Block & Pick<TableBlock, 'read'>)[]> {
  if ((await containerOf(file)) === 'parquet') {
    const blocks = await parquetBlocks(file);
    return blocks.map((block) => ({ ...block, read: () => parquetRange(file, block) }));
  }
  const { blocks, read } = await packedRows(file, about);
  return blocks.map((block) => ({ ...block, read: () => read(block) }));
}
