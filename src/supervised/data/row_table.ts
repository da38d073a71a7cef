// The rows of several files by their number, most of them on the disk: a window of blocks is read when one of its rows is wanted.

import { DataFormatError } from '../../util/errors.ts';
import { isJsonObject, type JsonObject } from '../../util/json.ts';
import { containerOf } from './bytes.ts';
import { withoutNulls } from './duckdb_rows.ts';
import { packedRows } from './packed_rows.ts';
import { parquetBlocks, parquetTexts } from './parquet.ts';
import type { Block, Window } from './row_order.ts';

/** A file of rows, and what messages call it. */
export interface TableFile {
  file: string;
  name: string;
}

/** A file whose rows can be read block by block, as JSON texts. */
interface Source {
  name: string;
  blocks: readonly Block[];
  texts(indices: readonly number[]): Promise<string[][]>;
}

export interface TableBlock extends Block {
  source: Source;
  /** Among the blocks of its source. */
  index: number;
}

/** Windows that are kept: a batch may begin in one and end in the next. */
const KEPT = 2;

type Texts = ReadonlyMap<number, string>;

export class RowTable {
  readonly blocks: readonly TableBlock[];
  readonly length: number;
  /** The latest first. */
  #windows: { window: Window<TableBlock>; texts: Promise<Texts> }[] = [];

  private constructor(blocks: readonly TableBlock[]) {
    this.blocks = blocks;
    this.length = blocks.reduce((sum, { rows }) => sum + rows, 0);
  }

  /** Parquet is read where it is. Anything else is first written into the cache in a form in which rows can be found. */
  static async open(files: readonly TableFile[], notify: (message: string) => void): Promise<RowTable> {
    const blocks: TableBlock[] = [];
    let first = 0;
    for (const { file, name } of files) {
      const source = await openSource(file, { name, notify });
      for (const [index, block] of source.blocks.entries()) {
        blocks.push({ ...block, start: first + block.start, source, index });
      }
      first += source.blocks.reduce((sum, { rows }) => sum + rows, 0);
    }
    return new RowTable(blocks);
  }

  /** A row of a window, which is read whole. @throws DataFormatError for what is no object */
  async read(window: Window<TableBlock>, row: number): Promise<JsonObject> {
    return this.#parsed((await this.#textsOf(window)).get(row), row);
  }

  /** Rows from the first on, at most so many, and no more than its first block has. */
  async first(count: number): Promise<JsonObject[]> {
    const texts = await load(this.blocks.slice(0, 1));
    return [...texts].slice(0, count).map(([row, text]) => this.#parsed(text, row));
  }

  /** Where a row stands: its file, and its number there from 1. */
  placeOf(row: number): { name: string; number: number } {
    const block = this.blocks.findLast(({ start }) => start <= row);
    if (block === undefined) throw new Error(`there is no row ${row}`);
    const { source, index, start } = block;
    return { name: source.name, number: source.blocks[index].start + row - start + 1 };
  }

  #parsed(text: string | undefined, row: number): JsonObject {
    if (text === undefined) throw new Error(`row ${row} is not in its window`);
    const { name, number } = this.placeOf(row);
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw new DataFormatError(`${name}: row ${number}: holds a value that JSON has no text for`, { cause: error });
    }
    if (isJsonObject(value)) return withoutNulls(value);
    throw new DataFormatError(`${name}: row ${number}: is no object`);
  }

  #textsOf(window: Window<TableBlock>): Promise<Texts> {
    const known = this.#windows.find((kept) => kept.window === window);
    if (known !== undefined) return known.texts;
    const kept = { window, texts: load(window.blocks) };
    this.#windows = [kept, ...this.#windows].slice(0, KEPT);
    // What failed is read again when it is asked for again.
    kept.texts.catch(() => {
      this.#windows = this.#windows.filter((each) => each !== kept);
    });
    return kept.texts;
  }
}

/** File by file, since opening one takes longer than reading a block of it. */
async function load(blocks: readonly TableBlock[]): Promise<Texts> {
  const texts = new Map<number, string>();
  for (const source of new Set(blocks.map((block) => block.source))) {
    const ofSource = blocks.filter((block) => block.source === source);
    const found = await source.texts(ofSource.map(({ index }) => index));
    for (const [at, { start }] of ofSource.entries()) {
      for (const [offset, text] of (found[at] ?? []).entries()) texts.set(start + offset, text);
    }
  }
  return texts;
}

async function openSource(
  file: string,
  { name, notify }: { name: string; notify(message: string): void },
): Promise<Source> {
  if ((await containerOf(file)) === 'parquet') {
    const blocks = await parquetBlocks(file);
    return {
      name,
      blocks,
      texts: (indices) =>
        parquetTexts(
          file,
          indices.map((index) => blocks[index]),
        ),
    };
  }
  const { blocks, texts } = await packedRows(file, { name, notify });
  return { name, blocks, texts: (indices) => texts(indices.map((index) => blocks[index])) };
}
