// Checkpoints as a table for people.

import { formatBytes } from '../util/bytes.ts';
import { printable } from '../util/printable.ts';
import type { ListedCheckpoint } from './listing.ts';

const HEADINGS = ['checkpoint', 'kind', 'step', 'size', 'created', 'expires', 'public'];

/** Lines, times in UTC. Where a row does not fit, all but the path stands below it. */
export function checkpointTable(rows: readonly ListedCheckpoint[], width = Number.POSITIVE_INFINITY): string[] {
  const cells = [HEADINGS, ...rows.map(cellsOf)].map((row) => row.map(printable));
  const widths = HEADINGS.map((_, i) => Math.max(...cells.map((row) => (row[i] ?? '').length)));
  const joined = (row: readonly string[], from: number) =>
    row
      .slice(from)
      .map((cell, i) => cell.padEnd(widths[from + i] ?? 0))
      .join('  ')
      .trimEnd();
  const fits = widths.reduce((sum, each) => sum + each + 2, -2) <= width;
  return cells.flatMap((row) => (fits ? [joined(row, 0)] : [row[0] ?? '', `    ${joined(row, 1)}`]));
}

function cellsOf({ path, kind, step, size_bytes, created_at, expires_at, gone, ...row }: ListedCheckpoint): string[] {
  const size = gone ? 'gone' : size_bytes === null ? '' : formatBytes(size_bytes);
  const expires = gone ? '' : expires_at === null ? 'never' : minute(expires_at);
  return [
    path,
    kind,
    step === null ? '' : String(step),
    size,
    created_at === null ? '' : minute(created_at),
    expires,
    row.public ? 'yes' : '',
  ];
}

/** `2026-11-30 05:40`; what is no time stays as it is. */
function minute(time: string): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? time : date.toISOString().slice(0, 16).replace('T', ' ');
}
