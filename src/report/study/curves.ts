// Learning curves of the configurations of a table: means over seeds by step, thinned out in SQL so that millions of rows stay there.

import type { DuckDBConnection } from '@duckdb/node-api';
import type { SeenState } from '../../run_files/types.ts';
import { readRows } from '../database.ts';
import { METRIC_ROWS } from '../metrics.ts';
import type { Curve, CurveEnd, CurvePoint, MetricCurves } from './study.ts';

/** More than these are not told apart by eye. */
const MOST_CURVES = 12;
const MOST_POINTS = 200;
/** The first, the last, the least and the greatest may come on top of the others. */
const EVEN_POINTS = MOST_POINTS - 3;

/** A run of a configuration: its position among the entries of the report, which METRIC_ROWS knows it by. */
export interface CurveMember {
  index: number;
  configuration: number;
  run: string;
  state: SeenState;
}

/** The states in which a curve ends before its time. */
const ENDED_EARLY: ReadonlySet<SeenState> = new Set(['diverged', 'failed', 'killed', 'interrupted', 'stopped']);

/**
 * Of the first configurations that have logged the metric.
 * @param column of METRIC_ROWS, as an expression with numbers
 * @param members in the order of the configurations, the best first
 */
export async function metricCurves(
  connection: DuckDBConnection,
  { metric, column }: { metric: string; column: string },
  members: readonly CurveMember[],
): Promise<MetricCurves> {
  const logged = await runsThatLogged(connection, column);
  const configurations = [...new Set(members.flatMap((each) => (logged.has(each.index) ? each.configuration : [])))];
  const drawn = new Set(configurations.slice(0, MOST_CURVES));
  const shown = members.filter(({ index, configuration }) => logged.has(index) && drawn.has(configuration));
  if (shown.length === 0) return { metric, curves: [], n_left_out: 0, ends: [] };
  return {
    metric,
    curves: await curvesOf(connection, column, shown),
    n_left_out: configurations.length - drawn.size,
    ends: await endsOf(
      connection,
      column,
      shown.filter(({ state }) => ENDED_EARLY.has(state)),
    ),
  };
}

async function runsThatLogged(connection: DuckDBConnection, column: string): Promise<ReadonlySet<number>> {
  const rows = await readRows(
    connection,
    `SELECT DISTINCT run_index FROM ${METRIC_ROWS} WHERE isfinite(${column}) AND step IS NOT NULL`,
  );
  return new Set(rows.map(({ run_index }) => Number(run_index)));
}

async function curvesOf(
  connection: DuckDBConnection,
  column: string,
  members: readonly CurveMember[],
): Promise<Curve[]> {
  const thinned = `floor(i * ${EVEN_POINTS} / n_steps)`;
  const result = await connection.run(
    `WITH means AS (
       SELECT configuration, step, avg(value) AS mean, min(value) AS low, max(value) AS high, count(*)::INTEGER AS n
       FROM ${valuesOf(column, members)} GROUP BY configuration, step
     ), ranked AS (
       SELECT *,
         row_number() OVER (PARTITION BY configuration ORDER BY step) - 1 AS i,
         row_number() OVER (PARTITION BY configuration ORDER BY mean, step) AS least,
         row_number() OVER (PARTITION BY configuration ORDER BY mean DESC, step) AS greatest,
         count(*) OVER (PARTITION BY configuration) AS n_steps
       FROM means WHERE isfinite(mean)
     )
     SELECT configuration, n_steps::INTEGER AS n_steps, step, mean, low, high, n FROM ranked
     WHERE n_steps <= ${MOST_POINTS} OR i = 0 OR i = n_steps - 1 OR least = 1 OR greatest = 1
       OR ${thinned} <> floor((i - 1) * ${EVEN_POINTS} / n_steps)
     ORDER BY configuration, step`,
  );
  const curves = new Map<number, Curve>();
  for (const row of await result.getRowsJS()) {
    const [configuration = 0, n_steps = 0, step = 0, mean = 0, low = 0, high = 0, n = 0] = row.map(Number);
    const curve = curves.get(configuration) ?? { configuration, points: [], n_steps };
    const point: CurvePoint = { step, mean, low, high, n };
    curve.points.push(point);
    curves.set(configuration, curve);
  }
  return [...curves.values()];
}

async function endsOf(
  connection: DuckDBConnection,
  column: string,
  members: readonly CurveMember[],
): Promise<CurveEnd[]> {
  if (members.length === 0) return [];
  const rows = await readRows(
    connection,
    `SELECT run_index, max(step) AS step, arg_max(value, step) AS value
     FROM ${valuesOf(column, members)} GROUP BY run_index`,
  );
  const ends = new Map(rows.map(({ run_index, step, value }) => [Number(run_index), [Number(step), Number(value)]]));
  return members.flatMap(({ index, run, configuration, state }) => {
    const [step, value] = ends.get(index) ?? [];
    return step === undefined || value === undefined ? [] : { run, configuration, state, step, value };
  });
}

/** The finite values of some runs, as a table `(run_index, configuration, step, value)`. */
function valuesOf(column: string, members: readonly CurveMember[]): string {
  const list = (numbers: readonly number[]) => `unnest([${numbers.join(', ')}])`;
  const indices = list(members.map(({ index }) => index));
  const configurations = list(members.map(({ configuration }) => configuration));
  return `(
    SELECT run_index, configuration, step, ${column} AS value FROM ${METRIC_ROWS}
    JOIN (SELECT ${indices} AS run_index, ${configurations} AS configuration) USING (run_index)
    WHERE isfinite(${column}) AND step IS NOT NULL
  )`;
}
