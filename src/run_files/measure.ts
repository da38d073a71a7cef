// The value of an objective read off a run's metrics.jsonl, whoever wrote it.

import type { JsonObject, JsonValue } from '../util/json.ts';
import { readForeignLines } from './foreign_json.ts';
import { unspellNumber } from './numbers.ts';
import { type Measurement, Measuring, type Objective } from './objective.ts';

/** The value of a run that counts. A file that is not there, or cannot be read, has none. */
export function measureRun(metricsFile: string | null, objective: Objective): Measurement {
  return measureRows(metricsFile === null ? [] : readForeignLines(metricsFile).objects, objective);
}

/** A step that was logged more than once has the last value that was logged of it. */
export function measureRows(rows: readonly JsonObject[], { metric, goal, at }: Objective): Measurement {
  const values = new Map<number | symbol, { step: number | null; value: number }>();
  let reached: number | null = null;
  for (const row of rows) {
    const step = typeof row.step === 'number' && Number.isFinite(row.step) ? row.step : null;
    if (step !== null) reached = Math.max(reached ?? step, step);
    const value = Object.hasOwn(row, metric) ? numberIn(row[metric]) : null;
    if (value !== null) values.set(step ?? Symbol(), { step, value });
  }
  const measuring = new Measuring({ goal, at });
  for (const { step, value } of values.values()) measuring.add(step, value);
  return measuring.result(reached);
}

/** NaN for a logged value that is not a number; null where nothing was logged. */
function numberIn(value: JsonValue | undefined): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'object') return Number.NaN;
  const number = unspellNumber(value);
  return typeof number === 'number' ? number : Number.NaN;
}
