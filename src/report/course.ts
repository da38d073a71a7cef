// The course of one run's metric over its steps, in a few points.

/** The values of one metric of one run, in the order in which they were logged. */
export interface Series {
  /** NaN of a line that says no step. */
  steps: Float64Array;
  values: Float64Array;
}

const MOST_POINTS = 12;

/** The steps that have a place in a course. */
const isPlaced = (step: number): boolean => step >= 0 && step <= Number.MAX_SAFE_INTEGER;

/** How many steps there are up to the last of several runs, each of which says its own; 0 where none has any. */
export function stepsUpTo(last: Iterable<number>): number {
  let steps = 0;
  for (const step of last) if (isPlaced(step)) steps = Math.max(steps, Math.floor(step) + 1);
  return steps;
}

/**
 * Of one run, whose values are in the order of their steps: its last finite value in each of a few equal spans of steps, from 0 to
 * the last step of all runs that it is held against. A span without a value has that of the span before it, as far as the run got;
 * beyond, and before the first value, there is NaN. The first, the last, the least and the greatest value are always among them: where
 * a span has several of them, its neighbours give way. Empty where it has no finite value.
 * @param reached steps up to the last one of all these runs
 */
export function courseOf({ steps, values }: Series, reached: number): number[] {
  const points = Math.min(reached, MOST_POINTS);
  const curve = new Array<number>(points).fill(Number.NaN);
  // Places in the series, as there may be a million values.
  let first = -1;
  let last = -1;
  let least = -1;
  let greatest = -1;
  for (let i = 0; i < values.length; i++) {
    const step = steps[i];
    const value = values[i];
    if (!isPlaced(step) || !Number.isFinite(value)) continue;
    curve[Math.floor((step * points) / reached)] = value;
    if (first < 0) first = least = greatest = i;
    last = i;
    if (value < values[least]) least = i;
    if (value > values[greatest]) greatest = i;
  }
  if (first < 0) return [];
  holdValues(curve);
  const notable = [...new Set([first, last, least, greatest])].sort((a, b) => a - b);
  placeValues(
    notable.map((i) => ({ value: values[i], span: Math.floor((steps[i] * points) / reached) })),
    curve,
  );
  return curve;
}

/** Each in a place of its own, in their order, as near to its span as there is room. */
function placeValues(notable: readonly { span: number; value: number }[], curve: number[]): void {
  const places = notable.map(({ span }) => span);
  for (let i = places.length - 2; i >= 0; i--) places[i] = Math.min(places[i], places[i + 1] - 1);
  for (const [i, { value }] of notable.entries()) {
    places[i] = Math.max(places[i], i === 0 ? 0 : places[i - 1] + 1);
    if (places[i] < curve.length) curve[places[i]] = value;
  }
}

/** A metric that is logged every so many steps keeps its value in between. */
function holdValues(curve: number[]): void {
  const end = curve.findLastIndex(Number.isFinite);
  for (let i = 1; i < end; i++) if (Number.isNaN(curve[i])) curve[i] = curve[i - 1] ?? Number.NaN;
}
