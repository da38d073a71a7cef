import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ChartReport, makeCharts } from '../../../src/report/charts/chart_report.ts';
import { makeReport } from '../../../src/report/report.ts';
import { isJsonObject, type JsonObject } from '../../../src/util/json.ts';
import { temporaryDirectory } from '../run_directories.ts';
import { writeGrid } from './sweep_of_runs.ts';

let cwd: string;
let remove: () => void;
let report: ChartReport;
beforeAll(async () => {
  [cwd, remove] = temporaryDirectory();
  writeGrid(join(cwd, 'runs/grid'));
  report = await makeCharts({ directories: ['runs'], cwd });
});
afterAll(() => remove());

const only = () => {
  const [each] = report.studies;
  if (each === undefined) throw new Error('no study');
  return each;
};
const sqlOf = (id: string) => {
  const chart = only().charts.find((each) => each.id === id);
  if (chart === undefined) throw new Error(`no chart ${id}`);
  return chart.sql;
};
const rowsOf = async (sql: string): Promise<JsonObject[]> => {
  const { json } = await makeReport({ directories: ['runs'], cwd, sql });
  return Array.isArray(json) ? json.filter(isJsonObject) : [];
};

it('a sweep has a chart of everything that it shows', () => {
  expect(only().charts.map(({ id }) => id)).toEqual([
    'grid-curves-test-nll',
    'grid-importance',
    'grid-effect-learning-rate',
    'grid-effect-lora-rank',
    'grid-pair',
    'grid-configurations',
    'grid-history',
    'grid-distribution',
    'grid-timeline',
    'grid-time',
    'grid-cost',
    'grid-curves-train-mean-nll',
    'grid-curves-cost-total',
  ]);
  expect(only().study.axes.map(({ field, scale }) => [field, scale])).toEqual([
    ['learning_rate', 'log'],
    ['lora_rank', 'log'],
  ]);
});

it('is the same report twice', async () => {
  const { studies, notices } = await makeCharts({ directories: ['runs'], cwd });
  expect({ studies, notices }).toEqual({ studies: report.studies, notices: report.notices });
});

describe('the SQL of a chart gives the numbers that are drawn', () => {
  it('curves, of which each kept point is a row', async () => {
    const rows = await rowsOf(sqlOf('grid-curves-train-mean-nll'));
    const { study } = only();
    const drawn = study.curves.find(({ metric }) => metric === 'train_mean_nll');
    const keyOf = (...parts: unknown[]) => JSON.stringify(parts);
    const byKey = new Map(rows.map((row) => [keyOf(row.learning_rate, row.lora_rank, row.step), row]));
    let points = 0;
    for (const { configuration, points: kept, n_steps } of drawn?.curves ?? []) {
      const { learning_rate, lora_rank } = study.summary.configurations[configuration].fields;
      const own = rows.filter((row) => row.learning_rate === learning_rate && row.lora_rank === lora_rank);
      expect(own).toHaveLength(n_steps);
      expect(kept.length).toBeLessThanOrEqual(200);
      expect(kept[0].step).toBe(own[0]?.step);
      expect(kept.at(-1)?.step).toBe(own.at(-1)?.step);
      const means = own.map(({ mean }) => Number(mean));
      expect(Math.min(...kept.map(({ mean }) => mean))).toBe(Math.min(...means));
      expect(Math.max(...kept.map(({ mean }) => mean))).toBe(Math.max(...means));
      for (const { step, mean, low, high, n } of kept) {
        expect(byKey.get(keyOf(learning_rate, lora_rank, step))).toMatchObject({ mean, low, high, n });
        points++;
      }
    }
    expect(points).toBeGreaterThan(1000);
    expect(kept(drawn?.curves[0]?.points)).not.toContain(17);
  });

  it('effects', async () => {
    for (const { field, levels } of only().study.effects) {
      const rows = await rowsOf(sqlOf(`grid-effect-${field.replaceAll('_', '-')}`));
      expect(rows).toHaveLength(levels.length);
      for (const [i, { value, mean, low, high, best, n }] of levels.entries()) {
        expect(rows[i]).toMatchObject({ [field]: value, n, best });
        for (const [name, number] of Object.entries({ mean, low, high }))
          expect(rows[i]?.[name]).toBeCloseTo(number, 12);
      }
    }
  });

  it('configurations', async () => {
    const rows = await rowsOf(sqlOf('grid-configurations'));
    const counted = only().study.summary.configurations.filter(({ mean }) => mean !== null);
    expect(rows).toHaveLength(counted.length);
    for (const { fields, mean, n } of counted) {
      const row = rows.find(
        (each) => each.learning_rate === fields.learning_rate && each.lora_rank === fields.lora_rank,
      );
      expect(row?.n).toBe(n);
      expect(row?.mean).toBeCloseTo(Number(mean), 12);
    }
  });

  it('pairs', async () => {
    const rows = await rowsOf(sqlOf('grid-pair'));
    const cells = valuesIn(only().charts.find(({ id }) => id === 'grid-pair')).filter(({ mean }) => mean !== null);
    expect(rows).toHaveLength(cells.length);
    expect(rows).toHaveLength(8);
    for (const { learning_rate, lora_rank, mean } of rows) {
      const cell = cells.find(({ x, y }) => x === String(learning_rate) && y === String(lora_rank));
      expect(cell?.mean).toBeCloseTo(Number(mean), 12);
    }
  });

  it('costs', async () => {
    const rows = await rowsOf(sqlOf('grid-cost'));
    const runs = only().study.runs.filter(({ counts }) => counts);
    expect(rows).toHaveLength(runs.length);
    for (const { run, cost, value, state } of runs) expect(rows).toContainEqual({ run, cost, value, state });
  });

  it('times', async () => {
    const rows = await rowsOf(sqlOf('grid-time'));
    const runs = only().study.runs.filter(({ counts }) => counts);
    expect(rows).toHaveLength(runs.length);
    for (const { run, seconds, value, state } of runs) expect(rows).toContainEqual({ run, seconds, value, state });
  });

  it('the distribution, from the best value to the whole', async () => {
    const rows = await rowsOf(sqlOf('grid-distribution'));
    const [drawn] = [valuesIn(only().charts.find(({ id }) => id === 'grid-distribution'))];
    expect(drawn.map(({ value, share }) => ({ value, share }))).toEqual(rows);
    expect(rows.at(-1)?.share).toBe(1);
  });

  it('the history, whose best never gets worse', async () => {
    const rows = await rowsOf(sqlOf('grid-history'));
    const [dots, line] = layersOf(only().charts.find(({ id }) => id === 'grid-history'));
    expect(rows).toHaveLength(16);
    expect(dots.map(({ nth, y }) => [nth, y])).toEqual(rows.map(({ nth, value }) => [nth, value]));
    const bests = rows.map(({ nth, best }) => [nth, best]);
    const changes = bests.filter(([, best], i) => i === 0 || i === rows.length - 1 || best !== bests[i - 1][1]);
    expect(line.map(({ nth, y }) => [nth, y])).toEqual(changes);
    expect(changes.length).toBeGreaterThan(3);
    expect(changes.map(([, best]) => best)).toEqual(
      changes.map(([, best]) => best).toSorted((a, b) => Number(b) - Number(a)),
    );
  });

  it('the timeline, in which runs that ran at once share no lane', async () => {
    const rows = await rowsOf(sqlOf('grid-timeline'));
    const [bars] = layersOf(only().charts.find(({ id }) => id === 'grid-timeline'));
    const origin = Date.parse(String(rows[0]?.started_at));
    const minutes = (time: unknown) => (Date.parse(String(time)) - origin) / 60_000;
    expect(rows).toHaveLength(18);
    expect(bars.map(({ start, end, state }) => [start, end, state])).toEqual(
      rows.map(({ started_at, ended_at, state }) => [minutes(started_at), minutes(ended_at), state]),
    );
    for (const [i, bar] of bars.entries()) {
      const before = bars.slice(0, i).filter(({ lane }) => lane === bar.lane);
      for (const { end } of before) expect(Number(end)).toBeLessThanOrEqual(Number(bar.start));
    }
    expect(new Set(bars.map(({ lane }) => lane)).size).toBe(3);
  });
});

it('tells where runs diverged', () => {
  const ends = only().study.curves[0]?.ends ?? [];
  expect(ends.map(({ state, step }) => [state, step])).toEqual([
    ['diverged', 99],
    ['diverged', 99],
  ]);
});

it('a configuration that diverged is the worst trial, and seeds are none of their own', () => {
  expect(only().study.importance_note).toBe(
    'Estimated from the best 3 of 9 configurations, which is few: take it as a hint.',
  );
  expect(only().study.importance[0]?.field).toBe('learning_rate');
});

/** The rows that a chart, or a layer of it, is drawn from. */
function valuesIn(chart: unknown): JsonObject[] {
  const spec: { data?: { values: JsonObject[] } } = JSON.parse(JSON.stringify(chart)).spec;
  return spec.data?.values ?? [];
}

function layersOf(chart: unknown): JsonObject[][] {
  const spec: { layer: { data: { values: JsonObject[] } }[] } = JSON.parse(JSON.stringify(chart)).spec;
  return spec.layer.map(({ data }) => data.values);
}

const kept = (points: readonly { step: number }[] = []) => points.map(({ step }) => step);
