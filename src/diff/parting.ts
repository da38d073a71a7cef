// Where two curves part: the first step at which they differ at all, and the first at which they differ by more than rounding.

import { equalJson, type JsonValue } from '../util/json.ts';

interface Point {
  step: number | null;
  value: JsonValue;
}

export interface CurveParting {
  /** Steps at which both have a value. */
  shared_steps: number;
  /** The first of them at which the values are not the same; null where they never differ. */
  parts_at: number | null;
  /** The first at which they differ by more than a share of the greater one. */
  parts_beyond_at: number | null;
  /** The course of each, for a line of text: a few values from the first step to the last of both; null where there is none. */
  curves: [(number | null)[], (number | null)[]];
}

export function partingOf(a: readonly Point[], b: readonly Point[], tolerance: number): CurveParting {
  const ofB = new Map(b.flatMap(({ step, value }) => (step === null ? [] : [[step, value] as const])));
  let shared = 0;
  let exact: number | null = null;
  let beyond: number | null = null;
  for (const { step, value } of a) {
    const other = step === null ? undefined : ofB.get(step);
    if (step === null || other === undefined) continue;
    shared += 1;
    if (exact === null && !equalJson(value, other)) exact = step;
    if (beyond === null && isBeyond(value, other, tolerance)) beyond = step;
  }
  const most = [...a, ...b].reduce((last, { step }) => Math.max(last, step ?? 0), 0);
  return {
    shared_steps: shared,
    parts_at: exact,
    parts_beyond_at: beyond,
    curves: [courseOf(a, most), courseOf(b, most)],
  };
}

/** Values that are no finite numbers differ if they are not the same. */
function isBeyond(a: JsonValue, b: JsonValue, tolerance: number): boolean {
  if (typeof a !== 'number' || typeof b !== 'number') return !equalJson(a, b);
  // Halves, because the difference of the greatest numbers is greater than any number.
  return Math.abs(a / 2 - b / 2) > tolerance * (Math.max(Math.abs(a), Math.abs(b)) / 2);
}

const POINTS = 12;

/** The last number in each of a few equal spans of steps; a span without one has that of the span before, as far as the run got. */
function courseOf(points: readonly Point[], most: number): (number | null)[] {
  const spans = Math.min(POINTS, Math.floor(most) + 1);
  const course = new Array<number | null>(spans).fill(null);
  let reached = -1;
  for (const { step, value } of points) {
    if (step === null || step < 0 || typeof value !== 'number') continue;
    const span = Math.min(spans - 1, Math.floor((step * spans) / (most + 1)));
    course[span] = value;
    reached = Math.max(reached, span);
  }
  for (let span = 1; span <= reached; span++) course[span] ??= course[span - 1] ?? null;
  return course;
}
