// The shape of a metric over the steps of each run, in a few points: read off the metrics table in one pass.

import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';
import { numberOf } from '../util/json.ts';
import { readRows } from './database.ts';
import { METRIC_ROWS } from './metrics.ts';

const MOST_POINTS = 12;

/**
 * The course of a metric by run index: its last finite value in each of a few equal spans of steps, from 0 to the last step of
 * all these runs, so that curves of one table can be held against each other. A span without a value has that of the span before
 * it, as far as the run got; beyond, and before the first value, there is NaN. The first, the last, the least and the greatest
 * value are always among them: where a span has several of them, its neighbours give way.
 */
export async function curves(
  connection: DuckDBConnection,
  column: string,
  runIndices: readonly number[],
): Promise<Map<number, number[]>> {
  const of = `FROM ${METRIC_ROWS} WHERE step BETWEEN 0 AND ${Number.MAX_SAFE_INTEGER}`;
  const wanted = new Set(runIndices);
  const reached = await readRows(connection, `SELECT run_index, max(step) AS step ${of} GROUP BY run_index`);
  const steps = reached.reduce(
    (most, { run_index, step }) =>
      wanted.has(Number(run_index)) ? Math.max(most, Math.floor(numberOf(step) ?? 0) + 1) : most,
    0,
  );
  if (steps === 0) return new Map();
  const courses = new Map<number, Course>();
  const isFinite = `isfinite(${column})`;
  const rows = await connection.stream(
    `SELECT run_index::INTEGER, step, ${column}::DOUBLE ${of} AND ${column} IS NOT NULL AND ${isFinite}`,
  );
  for (let chunk = await rows.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await rows.fetchChunk()) {
    addRows(courses, chunk, wanted, steps);
  }
  return new Map([...courses].map(([run, course]) => [run, course.points()]));
}

function addRows(courses: Map<number, Course>, chunk: DuckDBDataChunk, wanted: ReadonlySet<number>, steps: number) {
  const [runs, at, values] = [0, 1, 2].map((column) => chunk.getColumnVector(column));
  const { rowCount } = chunk;
  let [run, course]: [number, Course | null] = [-1, null];
  for (let row = 0; row < rowCount; row++) {
    const index = Number(runs.getItem(row));
    if (index !== run) {
      run = index;
      course = null;
      if (wanted.has(run)) {
        course = courses.get(run) ?? new Course(steps);
        courses.set(run, course);
      }
    }
    course?.add(Number(at.getItem(row)), Number(values.getItem(row)));
  }
}

/** Of one run, told of its finite values in the order of their steps. */
class Course {
  /** The last value of each span. */
  readonly #spans: number[];
  readonly #steps: number;
  #first: Reading | null = null;
  #last: Reading = { step: 0, value: 0 };
  #least: Reading = { step: 0, value: Number.POSITIVE_INFINITY };
  #greatest: Reading = { step: 0, value: Number.NEGATIVE_INFINITY };

  /** @param steps of the longest run that it is held against */
  constructor(steps: number) {
    this.#steps = steps;
    this.#spans = new Array<number>(Math.min(steps, MOST_POINTS)).fill(Number.NaN);
  }

  add(step: number, value: number): void {
    this.#spans[this.#spanOf(step)] = value;
    this.#first ??= { step, value };
    this.#last.step = step;
    this.#last.value = value;
    if (value < this.#least.value) this.#least = { step, value };
    if (value > this.#greatest.value) this.#greatest = { step, value };
  }

  points(): number[] {
    const notable = new Map<number, number>();
    for (const reading of [this.#first, this.#last, this.#least, this.#greatest]) {
      if (reading !== null) notable.set(reading.step, reading.value);
    }
    const curve = [...this.#spans];
    holdValues(curve);
    placeValues(
      [...notable].sort(([a], [b]) => a - b).map(([step, value]) => ({ value, span: this.#spanOf(step) })),
      curve,
    );
    return curve;
  }

  #spanOf(step: number): number {
    return Math.floor((step * this.#spans.length) / this.#steps);
  }
}

interface Reading {
  step: number;
  value: number;
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
