// The rows of a run as MLflow keeps them: one number by metric and step.

import type { LoggedRow } from '../../training/sink.ts';
import type { Names } from './names.ts';

export interface LoggedMetric {
  key: string;
  value: number;
  step: number;
  timestamp: number;
}

/** Truth values count as 0 and 1; texts are told of and left out. */
export function metricsOf(
  rows: readonly LoggedRow[],
  { names, leftOut }: { names: Names; leftOut(metric: string): void },
): LoggedMetric[] {
  const now = Date.now();
  return rows.flatMap(({ step, metrics, time }) =>
    Object.entries(metrics).flatMap(([metric, value]) => {
      if (typeof value !== 'string')
        return { key: names.of(metric), value: Number(value), step, timestamp: time ?? now };
      leftOut(metric);
      return [];
    }),
  );
}

/** What is missing of the metrics in what a server has; null where it has something else, or something twice. */
export function missingIn(
  history: readonly Pick<LoggedMetric, 'key' | 'value' | 'step'>[],
  wanted: readonly LoggedMetric[],
): LoggedMetric[] | null {
  const missing = new Map(wanted.map((metric) => [placeOf(metric), metric]));
  for (const entry of history) {
    const place = placeOf(entry);
    const metric = missing.get(place);
    if (metric === undefined || !Object.is(kept(metric.value), kept(entry.value))) return null;
    missing.delete(place);
  }
  return [...missing.values()];
}

const placeOf = ({ key, step }: { key: string; step: number }) => `${step} ${key}`;

/** As databases keep it: the infinities are the largest numbers, and there is one zero. */
function kept(value: number): number {
  return Number.isNaN(value) ? value : Math.max(-Number.MAX_VALUE, Math.min(value, Number.MAX_VALUE)) + 0;
}
