// The order of the rows of an epoch where they are too many to be read in any order: rows that lie together are read together.
// Blocks of neighbouring rows are shuffled, then the rows of so many blocks as fit into memory, as streaming datasets do
// (MosaicML StreamingDataset, py1s). Data that fit into memory whole are one window, and shuffled through and through.

import { permutation } from '../../util/permutation.ts';

/** Neighbouring rows. */
export interface Block {
  /** Number of the first of them. */
  start: number;
  rows: number;
  /** What they take, about. */
  bytes: number;
}

/** Rows that are in memory at the same time. */
export interface Window<B extends Block> {
  blocks: readonly B[];
  rows: number;
  /** Place of its first row in the order. */
  first: number;
}

/** A block that exceeds them by itself is a window of its own. */
export interface WindowBounds {
  bytes: number;
  rows: number;
}

export interface RowOrder<B extends Block> {
  readonly length: number;
  /** Where the row at a place of the order is. */
  at(place: number): { window: Window<B>; row: number };
}

/**
 * @param seeds of the order; null: the rows as they lie
 * @param without rows that are left out
 */
export function rowOrder<B extends Block>(
  blocks: readonly B[],
  seeds: readonly number[] | null,
  { bytes: mostBytes, rows: mostRows, without = new Set() }: WindowBounds & { without?: ReadonlySet<number> },
): RowOrder<B> {
  const order = seeds === null ? blocks : permutation(blocks.length, [...seeds, 0]).map((index) => blocks[index]);
  const windows: Window<B>[] = [];
  let open: B[] = [];
  let [bytes, rows, first] = [0, 0, 0];
  const close = () => {
    const kept = countKept(open, without);
    if (kept > 0) windows.push({ blocks: open, rows: kept, first });
    first += kept;
    [open, bytes, rows] = [[], 0, 0];
  };
  for (const block of order) {
    if (open.length > 0 && (bytes + block.bytes > mostBytes || rows + block.rows > mostRows)) close();
    open.push(block);
    bytes += block.bytes;
    rows += block.rows;
  }
  close();
  let latest: { window: Window<B> | null; rows: readonly number[] } = { window: null, rows: [] };
  const rowsOf = (window: Window<B>): readonly number[] => {
    if (latest.window !== window) {
      const rows = keptRows(window.blocks, without);
      const shuffled =
        seeds === null ? rows : permutation(rows.length, [...seeds, 1, window.first]).map((index) => rows[index]);
      latest = { window, rows: shuffled };
    }
    return latest.rows;
  };
  return {
    length: first,
    at(place) {
      const window = windowAt(windows, place);
      return { window, row: rowsOf(window)[place - window.first] };
    },
  };
}

function keptRows(blocks: readonly Block[], without: ReadonlySet<number>): number[] {
  return blocks.flatMap(({ start, rows }) => {
    const all = Array.from({ length: rows }, (_, index) => start + index);
    return without.size === 0 ? all : all.filter((row) => !without.has(row));
  });
}

function countKept(blocks: readonly Block[], without: ReadonlySet<number>): number {
  const all = blocks.reduce((sum, { rows }) => sum + rows, 0);
  if (without.size === 0) return all;
  const isIn = (row: number) => blocks.some(({ start, rows }) => start <= row && row < start + rows);
  return all - [...without].filter(isIn).length;
}

/** By bisection. */
function windowAt<B extends Block>(windows: readonly Window<B>[], place: number): Window<B> {
  let [low, high] = [0, windows.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (windows[middle].first <= place) low = middle;
    else high = middle - 1;
  }
  return windows[low];
}
