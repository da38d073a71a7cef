// The values of a few metrics, run by run, as they come from the files: a summary reads each line once and keeps no table of them.

import type { DuckDBConnection, DuckDBResult, DuckDBVector } from '@duckdb/node-api';
import { type Measurement, Measuring, type Objective } from '../run_files/objective.ts';
import { courseOf, type Series, stepsUpTo } from './course.ts';
import { MetricFiles } from './metric_files.ts';
import { loadMetrics, METRIC_ROWS, type MetricColumn, numbersIn, selection } from './metrics.ts';
import type { RunEntry } from './run_entry.ts';

/** What is known of one run. */
interface RunReadings {
  /** A series for each metric. */
  series: readonly Series[];
  /** Whether each step is above that of the line before: then none was logged twice. */
  isInOrder: boolean;
  /** The greatest step, of whatever was logged. */
  reached: number;
}

export class Readings {
  /** What could not be read, one line each. */
  readonly notices: string[] = [];
  readonly #columns: readonly MetricColumn[];
  readonly #runs = new Map<number, RunReadings>();

  private constructor(columns: readonly MetricColumn[]) {
    this.#columns = columns;
  }

  /** @param metrics whose numbers are wanted: what else is logged of them is NaN */
  static async read(
    connection: DuckDBConnection,
    entries: readonly RunEntry[],
    metrics: readonly string[],
  ): Promise<Readings> {
    const columns = metrics.map((metric, i) => ({ metric, type: 'DOUBLE', column: `m${i}` }));
    const readings = new Readings(columns);
    const files = await MetricFiles.open(connection, entries);
    // Files that cannot be read as they are, with others, are for the table to mend.
    await readings.#readFiles(files).catch(() => readings.#runs.clear());
    for (const [run, { isInOrder }] of readings.#runs) if (!isInOrder) readings.#runs.delete(run);
    await readings.#readLeft(connection, entries);
    return readings;
  }

  /** Of the table. @param columns of METRIC_ROWS */
  static async ofTable(connection: DuckDBConnection, columns: readonly MetricColumn[]): Promise<Readings> {
    const readings = new Readings(columns);
    await readings.#addTable(connection);
    return readings;
  }

  /** By run index, the value that counts of every run that has one. */
  measure(objective: Objective): Map<number, Measurement> {
    const place = this.#placeOf(objective.metric);
    const measured = new Map<number, Measurement>();
    for (const [run, { series, isInOrder, reached }] of this.#runs) {
      const { steps, values } = series[place] ?? NOTHING;
      const measuring = new Measuring(objective);
      // Of a run in order all but the last value give way in any case.
      const first = isInOrder && objective.at.kind === 'last' ? Math.max(0, values.length - 1) : 0;
      for (let i = first; i < values.length; i++) measuring.add(Number.isNaN(steps[i]) ? null : steps[i], values[i]);
      const result = measuring.result(reached === Number.NEGATIVE_INFINITY ? null : reached);
      if (result.value !== null) measured.set(run, result);
    }
    return measured;
  }

  /** By run index, the courses of those of these runs that have finite values of a metric. */
  curves(metric: string, runIndices: readonly number[]): Map<number, number[]> {
    const place = this.#placeOf(metric);
    const runs = runIndices.map((index) => ({ index, run: this.#runs.get(index) }));
    const reached = stepsUpTo(runs.map(({ run }) => run?.reached ?? Number.NaN));
    const curves = new Map<number, number[]>();
    for (const { index, run } of runs) {
      const curve = reached === 0 ? [] : courseOf(run?.series[place] ?? NOTHING, reached);
      if (curve.length > 0) curves.set(index, curve);
    }
    return curves;
  }

  #placeOf(metric: string): number {
    return this.#columns.findIndex((column) => column.metric === metric);
  }

  async #readFiles(files: MetricFiles): Promise<void> {
    const members = this.#columns.map(({ metric, column }) => ({ name: metric, as: column }));
    const rows = await files.rowsOf(members, (table) => this.#lists(`(${selection(this.#columns)} FROM ${table})`));
    if (rows !== null) await this.#addAll(rows);
  }

  /** Runs that the cache has, whose files are odd, or whose steps are not in order: the table brings them to what they mean. */
  async #readLeft(connection: DuckDBConnection, entries: readonly RunEntry[]): Promise<void> {
    const left = entries.map((entry, index) => (this.#runs.has(index) ? { ...entry, metricsFile: null } : entry));
    if (left.every(({ metricsFile }) => metricsFile === null)) return;
    const files = await MetricFiles.open(connection, left);
    const metrics = Object.fromEntries(this.#columns.map(({ metric, type }) => [metric, type]));
    await loadMetrics(files, metrics, { isOrdered: false });
    await this.#addTable(connection);
    this.notices.push(...files.notices);
  }

  async #addTable(connection: DuckDBConnection): Promise<void> {
    const values = this.#columns.map((column) => `, ${numbersIn(column)} AS ${column.column}`).join('');
    const rows = `SELECT run_index, step${values}, rowid FROM ${METRIC_ROWS}`;
    await this.#addAll(await connection.run(this.#lists(`(${rows})`)));
    // Lists that several threads have made need not be in the order of the rows, which takes a while to see to.
    const mixed = [...this.#runs].flatMap(([run, { isInOrder }]) => (isInOrder ? [] : run));
    if (mixed.length === 0) return;
    const again = `(${rows} WHERE run_index IN (${mixed.join(', ')}))`;
    await this.#addAll(await connection.run(this.#lists(again, 'ORDER BY rowid')));
  }

  #lists(table: string, order = ''): string {
    const lists = this.#columns.map(
      ({ column }) => `, CASE WHEN count(${column}) > 0 THEN list(${column} ${order}) END`,
    );
    return `SELECT run_index, list(step ${order})${lists.join('')} FROM ${table} GROUP BY run_index`;
  }

  /** @param rows a run each: its index, its steps, and for each metric its values at these, or null where it has none */
  async #addAll(rows: DuckDBResult): Promise<void> {
    const { DuckDBListVector } = await import('@duckdb/node-api');
    for (let chunk = await rows.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await rows.fetchChunk()) {
      const { rowCount, columnCount } = chunk;
      const [runs, ...lists] = Array.from({ length: columnCount }, (_, i) => chunk.getColumnVector(i));
      for (let row = 0; row < rowCount; row++) {
        const listOf = (vector: DuckDBVector) =>
          vector instanceof DuckDBListVector ? vector.getItemVector(row) : null;
        const [steps, ...metrics] = lists.map(listOf);
        if (steps != null) this.#runs.set(Number(runs.getItem(row)), readingsOf(numbersOf(steps), metrics));
      }
    }
  }
}

const NOTHING: Series = { steps: new Float64Array(), values: new Float64Array() };

/** NaN of what is null. */
function numbersOf(vector: DuckDBVector): Float64Array {
  const numbers = new Float64Array(vector.itemCount);
  for (let i = 0; i < numbers.length; i++) numbers[i] = Number(vector.getItem(i) ?? Number.NaN);
  return numbers;
}

function readingsOf(steps: Float64Array, metrics: readonly (DuckDBVector | null)[]): RunReadings {
  let isInOrder = true;
  let last = Number.NEGATIVE_INFINITY;
  let reached = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i];
    // False of a NaN too.
    if (!(step > last)) isInOrder = false;
    last = step;
    if (step > reached) reached = step;
  }
  return { series: metrics.map((vector) => (vector === null ? NOTHING : seriesOf(steps, vector))), isInOrder, reached };
}

/** Without the steps at which there is no value. */
function seriesOf(steps: Float64Array, vector: DuckDBVector): Series {
  const [at, values] = [new Float64Array(steps.length), new Float64Array(steps.length)];
  let n = 0;
  for (let i = 0; i < steps.length; i++) {
    const value = vector.getItem(i);
    if (value === null) continue;
    at[n] = steps[i];
    values[n] = Number(value);
    n += 1;
  }
  return n === steps.length ? { steps, values } : { steps: at.slice(0, n), values: values.slice(0, n) };
}
