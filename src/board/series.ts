// The metrics of one run as lines to draw: numbers by step, of many points a sample that keeps every extreme.

import { foreignLinesIn } from '../run_files/foreign_json.ts';
import { messageOf } from '../util/errors.ts';
import { numberOf } from '../util/json.ts';
import { readRegularStart } from '../util/regular_file.ts';
import { metricNumber } from './last_values.ts';

export interface Series {
  metric: string;
  steps: number[];
  /** Null for what is no finite number: the line has a gap there. */
  values: (number | null)[];
  /** Points that were logged. */
  logged: number;
}

export interface RunSeries {
  series: Series[];
  /** Of all metrics that have a number, in the order of the file. */
  names: string[];
  /** What is left out or could not be read; null where all is there. */
  problem: string | null;
}

export const NO_SERIES: RunSeries = { series: [], names: [], problem: null };

/** Of a file; more is not drawn. */
const MOST_BYTES = 64 * 2 ** 20;
/** Of a line; a screen has not many more columns. */
const MOST_POINTS = 600;
const MOST_METRICS = 500;

/** @param wanted the metrics; all if absent */
export async function readSeries(file: string, wanted?: ReadonlySet<string>): Promise<RunSeries> {
  try {
    const { text, bytes, size } = await readRegularStart(file, MOST_BYTES);
    const { objects, damaged } = foreignLinesIn(bytes < size ? text.slice(0, text.lastIndexOf('\n') + 1) : text);
    // A step that was logged again has the last value that was logged of it.
    const points = new Map<string, Map<number, number>>();
    const names = new Set<string>();
    for (const [index, row] of objects.entries()) {
      const step = numberOf(row.step) ?? index;
      for (const [metric, value] of Object.entries(row)) {
        const number = metric === 'step' ? null : metricNumber(value);
        if (number === null || (names.size >= MOST_METRICS && !names.has(metric))) continue;
        names.add(metric);
        if (wanted !== undefined && !wanted.has(metric)) continue;
        const of = points.get(metric) ?? new Map<number, number>();
        points.set(metric, of.set(step, number));
      }
    }
    const cut = bytes < size ? `only the first ${MOST_BYTES / 2 ** 20} MiB of metrics.jsonl are drawn` : null;
    const wrong = damaged === 0 ? null : `${damaged} lines of metrics.jsonl are damaged`;
    return {
      series: [...points].map(([metric, of]) => seriesOf(metric, of)),
      names: [...names],
      problem: cut ?? wrong,
    };
  } catch (error) {
    return { ...NO_SERIES, problem: `metrics.jsonl: ${messageOf(error)}` };
  }
}

function seriesOf(metric: string, points: ReadonlyMap<number, number>): Series {
  const sorted = [...points].sort(([a], [b]) => a - b);
  const shown = sampled(sorted, MOST_POINTS);
  return {
    metric,
    steps: shown.map(([step]) => step),
    values: shown.map(([, value]) => (Number.isFinite(value) ? value : null)),
    logged: sorted.length,
  };
}

/** The first, the last, and of equal spans between them the least, the greatest and what is no number. */
export function sampled(points: readonly [number, number][], most: number): readonly [number, number][] {
  if (points.length <= most) return points;
  const spans = Math.max(1, Math.floor((most - 2) / 3));
  const kept = new Set([0, points.length - 1]);
  for (let span = 0; span < spans; span++) {
    const start = Math.floor((span * points.length) / spans);
    const end = Math.floor(((span + 1) * points.length) / spans);
    let least = -1;
    let greatest = -1;
    let gap = -1;
    for (let i = start; i < end; i++) {
      const [, value] = points[i];
      if (!Number.isFinite(value)) gap = i;
      else if (least < 0) least = greatest = i;
      else if (value < points[least][1]) least = i;
      else if (value > points[greatest][1]) greatest = i;
    }
    if (gap >= 0) kept.add(gap);
    if (least >= 0) kept.add(least).add(greatest);
  }
  return [...kept].sort((a, b) => a - b).map((i) => points[i]);
}
