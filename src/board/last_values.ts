// The last values of metrics, read off the end of metrics.jsonl, however long it is.

import { foreignObjectIn } from '../run_files/foreign_json.ts';
import { unspellNumber } from '../run_files/numbers.ts';
import { readFileTail } from '../util/file_tail.ts';
import { type JsonValue, numberOf } from '../util/json.ts';

/** Some hundred lines: an evaluation every hundred steps stands in them. */
const TAIL_BYTES = 32 * 1024;

export interface LastValue {
  metric: string;
  step: number | null;
  /** May be NaN or infinite. */
  value: number;
}

/** Of the first of these metrics that the end of the file has a value of; null where it has none. */
export function lastValue(file: string | null, metrics: readonly string[]): LastValue | null {
  const found = new Map<string, LastValue>();
  const [first] = metrics;
  for (const line of file === null || first === undefined ? [] : lastLines(file)) {
    const row = foreignObjectIn(line) ?? {};
    for (const metric of metrics) {
      const value = metricNumber(row[metric]);
      if (value !== null && !found.has(metric)) found.set(metric, { metric, step: numberOf(row.step), value });
    }
    if (found.has(first)) break;
  }
  return metrics.map((metric) => found.get(metric)).find((value) => value !== undefined) ?? null;
}

/** Null for what is no number, nor the word for one that JSON lacks. */
export function metricNumber(value: JsonValue | undefined): number | null {
  if (value === undefined || value === null || typeof value === 'object') return null;
  const number = unspellNumber(value);
  return typeof number === 'number' ? number : null;
}

/** The newest first. A last line without its newline is not whole yet. */
function lastLines(file: string): string[] {
  const tail = readFileTail(file, TAIL_BYTES);
  if (tail === null) return [];
  const lines = tail.text.split('\n').slice(tail.isWhole ? 0 : 1, -1);
  return lines.reverse();
}
