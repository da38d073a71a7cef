// A run as a row of the board.

import { tellingMetrics } from '../report/objective.ts';
import type { RunEntry } from '../report/run_entry.ts';
import type { SeenState } from '../run_files/types.ts';
import type { RunChange } from '../run_files/watch.ts';
import { lastValue, metricNumber } from './last_values.ts';

/** As the page is told of it. */
export interface BoardRun {
  /** Its key, and what a person would type. */
  run: string;
  name: string;
  sweep: string | null;
  state: SeenState;
  step: number | null;
  total_steps: number | null;
  /** What it is judged by, and the last value of that; a text where JSON has no number for it. */
  metric: string | null;
  goal: 'minimize' | 'maximize' | null;
  value: number | string | null;
  /** ISO 8601. */
  started_at: string | null;
  updated_at: string | null;
  error: string | null;
  tags: string[];
  note: string;
  /** Of its sweep's axes, as text. */
  axes: Record<string, string>;
  seed: number | null;
}

export function boardRun(entry: RunEntry): BoardRun {
  const { row, isPlanned, metricsFile } = entry;
  const telling = tellingMetrics(entry);
  const last = isPlanned
    ? null
    : lastValue(
        metricsFile,
        telling.map(({ metric }) => metric),
      );
  const judged = telling.find(({ metric }) => metric === last?.metric) ?? telling[0];
  return {
    run: row.run,
    name: row.name,
    sweep: row.sweep,
    state: row.state,
    // The status is written once a second, and a row with every step.
    step:
      row.state === 'running'
        ? greatest(row.steps, last === null || last.step === null ? null : last.step + 1)
        : row.steps,
    total_steps: row.total_steps,
    metric: judged?.metric ?? null,
    goal: judged?.goal ?? null,
    value: spelled(last?.value ?? null),
    started_at: row.started_at,
    updated_at: row.updated_at,
    error: row.error,
    tags: row.tags,
    note: row.notes,
    axes: Object.fromEntries(
      Object.entries(row.axes).map(([axis, value]) => [
        axis,
        typeof value === 'string' ? value : JSON.stringify(value),
      ]),
    ),
    seed: row.seed,
  };
}

/** New points of a run: by metric, the step and value of the last that were logged. */
export type NewPoints = Record<string, [step: number, value: number | string]>;

/** What a change of its files makes of the row, and the points that it brings. */
export function changedRun(run: BoardRun, change: RunChange, points: NewPoints): BoardRun {
  if (change.type === 'status') {
    const { state, step, total_steps, started_at, updated_at, error } = change.status;
    const reached = state === 'running' ? greatest(step, run.step) : step;
    return { ...run, state, step: reached, total_steps, started_at, updated_at, error: error?.message ?? run.error };
  }
  if (change.type === 'problem') return run;
  for (const { step, ...metrics } of change.rows) {
    for (const [metric, value] of Object.entries(metrics)) {
      const number = metricNumber(value);
      if (number !== null) points[metric] = [step, spelled(number) ?? 0];
    }
  }
  const judged = run.metric === null ? undefined : points[run.metric];
  const last = change.rows.at(-1);
  const step = last === undefined ? run.step : Math.max(last.step + 1, change.anew ? 0 : (run.step ?? 0));
  return { ...run, step, value: judged?.[1] ?? run.value };
}

function greatest(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.max(a, b);
}

function spelled(value: number | null): number | string | null {
  return value === null || Number.isFinite(value) ? value : String(value);
}
