import type { DuckDBConnection } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDatabase } from '../../../src/report/database.ts';
import { METRIC_ROWS } from '../../../src/report/metrics.ts';
import { type CurveMember, metricCurves } from '../../../src/report/study/curves.ts';
import type { CurvePoint } from '../../../src/report/study/study.ts';

let connection: DuckDBConnection;
beforeAll(async () => {
  connection = await openDatabase(1e9);
  await connection.run('CREATE SCHEMA internal');
  await connection.run(`CREATE TABLE ${METRIC_ROWS} (run_index BIGINT, step DOUBLE, m0 DOUBLE)`);
});
afterAll(() => connection.closeSync());

async function load(runs: readonly (readonly number[])[]): Promise<void> {
  await connection.run(`DELETE FROM ${METRIC_ROWS}`);
  const rows = runs.flatMap((values, run) => values.map((value, step) => `(${run}, ${step}, '${value}'::DOUBLE)`));
  if (rows.length > 0) await connection.run(`INSERT INTO ${METRIC_ROWS} VALUES ${rows.join(', ')}`);
}

const members = (count: number, configurationOf: (index: number) => number): CurveMember[] =>
  Array.from({ length: count }, (_, index) => ({
    index,
    configuration: configurationOf(index),
    run: `run-${index}`,
    state: 'done',
  }));

const drawn = (of: readonly CurveMember[]) => metricCurves(connection, { metric: 'loss', column: 'm0' }, of);

/** Without a zero of its own sign: SQL takes both for the same. */
const value = fc.oneof(
  { weight: 8, arbitrary: fc.double({ noNaN: true, min: -1e9, max: 1e9 }).map((number) => number + 0) },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY) },
);

it('of a curve the first, the last, the least and the greatest are kept, at most 200 in all, and no NaN', async () => {
  const curve = fc.array(value, { minLength: 1, maxLength: 900, size: 'max' });
  await fc.assert(
    fc.asyncProperty(curve, async (values) => {
      await load([values]);
      const finite = values.flatMap((mean, step) => (Number.isFinite(mean) ? [{ step, mean }] : []));
      const { curves } = await drawn(members(1, () => 0));
      if (finite.length === 0) {
        expect(curves).toEqual([]);
        return;
      }
      const [{ points, n_steps }] = curves;
      expect(n_steps).toBe(finite.length);
      expect(points.length).toBeLessThanOrEqual(200);
      if (finite.length <= 200) expect(points).toHaveLength(finite.length);
      expect(points[0].step).toBe(finite[0].step);
      expect(points.at(-1)?.step).toBe(finite.at(-1)?.step);
      const means = (of: readonly { mean: number }[]) => of.map(({ mean }) => mean);
      expect(Math.min(...means(points))).toBe(Math.min(...means(finite)));
      expect(Math.max(...means(points))).toBe(Math.max(...means(finite)));
      expectDrawnFrom(points, finite);
    }),
    { numRuns: 40 },
  );
});

/** In the order of steps, and each a point that was logged. */
function expectDrawnFrom(points: readonly CurvePoint[], logged: readonly { step: number; mean: number }[]): void {
  const meanAt = new Map(logged.map(({ step, mean }) => [step, mean]));
  for (const [i, { step, mean, low, high, n }] of points.entries()) {
    expect(step).toBeGreaterThan(points[i - 1]?.step ?? -1);
    expect([mean, low, high, n]).toEqual([meanAt.get(step), meanAt.get(step), meanAt.get(step), 1]);
  }
}

it('a mean lies in its band, which reaches from the least to the greatest of the seeds that logged a number', async () => {
  const seeds = fc.array(fc.array(value, { minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(seeds, async (runs) => {
      await load(runs);
      const { curves } = await drawn(members(runs.length, () => 0));
      for (const { step, mean, low, high, n } of curves.flatMap(({ points }) => points)) {
        const reached = runs.map((values) => values[step]).filter(Number.isFinite);
        expect([low, high, n]).toEqual([Math.min(...reached), Math.max(...reached), reached.length]);
        const rounding = Math.max(Math.abs(low), Math.abs(high)) * 1e-12;
        expect(mean).toBeGreaterThanOrEqual(low - rounding);
        expect(mean).toBeLessThanOrEqual(high + rounding);
      }
    }),
    { numRuns: 40 },
  );
});

it('of many configurations the first twelve that have logged the metric are drawn, and the others are counted', async () => {
  await load(Array.from({ length: 20 }, (_, run) => (run === 0 ? [Number.NaN] : [run, run + 1])));
  const { curves, n_left_out } = await drawn(members(20, (index) => index));
  expect(curves.map(({ configuration }) => configuration)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  expect(n_left_out).toBe(7);
});
