// The report reads metrics through DuckDB, everything else line by line: both must see the same values and the same best.

import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/report/database.ts';
import { discoverRuns } from '../../src/report/discover.ts';
import { measure } from '../../src/report/measure.ts';
import { MetricFiles } from '../../src/report/metric_files.ts';
import { loadMetrics, METRIC_ROWS } from '../../src/report/metrics.ts';
import { Readings } from '../../src/report/readings.ts';
import { makeReport } from '../../src/report/report.ts';
import { readRunEntry } from '../../src/report/run_entry.ts';
import { bestConfigurations } from '../../src/run_files/configurations.ts';
import { measureRun } from '../../src/run_files/measure.ts';
import { parseAt } from '../../src/run_files/objective.ts';
import { RUN_STATES } from '../../src/run_files/types.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../src/util/json.ts';
import { type Line, metricsText, temporaryDirectory, writeRun, writeSweep, writeText } from './run_directories.ts';

let cwd: string;
let remove: () => void;
beforeEach(() => {
  [cwd, remove] = temporaryDirectory();
});
afterEach(() => remove());

const step = fc.option(fc.constantFrom(0, 1, 2, 3, 0.5), { nil: undefined });
const nll = fc.option(
  fc.constantFrom<number | string | boolean>(-1, 0, 1, 2.5, 'NaN', 'Infinity', '-Infinity', 'n/a', '1', true),
  {
    nil: undefined,
  },
);
const line = fc.record({ step, nll, other: fc.constant(1) }, { requiredKeys: ['other'] });
const at = fc.constantFrom('last', 'best', 'step:0', 'step:1', 'step:2', 'step:5');
const goal = fc.constantFrom('minimize' as const, 'maximize' as const);

describe('the value of a run that counts', () => {
  it('is the same line by line and through DuckDB', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 8 }), at, goal, async (rows, text, goal) => {
        const lines: Line[] = rows.map((row) => JSON.stringify(row));
        writeText(join(cwd, 'a/metrics.jsonl'), `${metricsText(lines)}\n`);
        const objective = { metric: 'nll', goal, at: parseAt(text) ?? ({ kind: 'last' } as const) };
        const entries = discoverRuns(['.'], cwd).runs.map(readRunEntry);
        const database = await openDatabase();
        try {
          await loadMetrics(await MetricFiles.open(database, entries), { nll: 'DOUBLE' });
          const seen = (await measure(database, 'm0', objective)).get(0) ?? { value: null, step: null };
          const counted = measureRun(entries[0]?.metricsFile ?? null, objective);
          expect(seen).toEqual(counted);
          const inTable = await Readings.ofTable(database, [{ metric: 'nll', type: 'DOUBLE', column: 'm0' }]);
          await database.run(`DROP TABLE ${METRIC_ROWS}`);
          const inPassing = await Readings.read(database, entries, ['nll']);
          for (const readings of [inTable, inPassing]) {
            expect(readings.measure(objective).get(0) ?? { value: null, step: null }).toEqual(counted);
          }
          expect(inPassing.curves('nll', [0])).toEqual(inTable.curves('nll', [0]));
        } finally {
          database.closeSync();
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('the best configuration', () => {
  it('is the same for the last screen of a sweep and for the report, whatever state the runs are in', async () => {
    const run = fc.record({
      rate: fc.integer({ min: 1, max: 3 }),
      state: fc.constantFrom(...RUN_STATES),
      values: fc.array(fc.constantFrom<number | string>(0, 1, 2, 'NaN'), { maxLength: 4 }),
    });
    let sweeps = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(run, { minLength: 1, maxLength: 6 }), at, goal, async (runs, text, goal) => {
        const objective = { metric: 'nll', goal, at: text };
        const sweep = writeSweep(join(cwd, `sweep${sweeps++}`));
        runs.forEach(({ rate, state, values }, seed) => {
          const metrics = values.map((nll, step) => ({ step, nll }));
          writeRun(join(sweep, `${seed}`), { axes: { rate }, seed, state, objective, metrics });
        });
        const { best: screen } = await bestConfigurations(sweep, new Map(), objective);
        const { json } = await makeReport({ directories: [sweep], cwd, at: text });
        const rows = configurationsIn(json);
        const starred = rows
          .filter(({ best }) => best === true)
          .map(({ mean, best_run }) => ({ mean, run: resolve(cwd, String(best_run)) }));
        const shown = screen.map(({ mean, best_run }) => ({ mean, run: best_run?.directory }));
        // A table of one row marks none.
        if (rows.length > 1) expect(starred).toEqual(shown);
        else expect(screen.length).toBeLessThanOrEqual(1);
      }),
      {
        numRuns: 40,
        examples: [
          [
            // Two that tie, in another order by their directories than by their axes.
            [
              { rate: 3, state: 'pending', values: [] },
              { rate: 2, state: 'done', values: [0, 0, 1] },
              { rate: 1, state: 'running', values: [0, 0, 1] },
            ],
            'step:2',
            'minimize',
          ],
        ],
      },
    );
  });

  it('goes by what the sweep declares now, whatever the runs that it took over declared', async () => {
    const sweep = join(cwd, 'sweep');
    const now = { metric: 'b', goal: 'maximize', at: 'last' };
    writeText(join(sweep, 'sweep.json'), JSON.stringify({ objective: now }));
    const objective = { metric: 'a', goal: 'minimize', at: 'last' } as const;
    writeRun(join(sweep, 'x'), { axes: { lr: 1 }, objective, metrics: [{ step: 0, a: 1, b: 1 }] });
    writeRun(join(sweep, 'y'), { axes: { lr: 2 }, objective, metrics: [{ step: 0, a: 2, b: 2 }] });
    const { json } = await makeReport({ directories: [sweep], cwd });
    expect(configurationsIn(json)[0]).toMatchObject({ best: true, fields: { lr: 2 } });
  });

  it('is every one that ties, and none where all do', async () => {
    const sweep = writeSweep(join(cwd, 'sweep'));
    [2, 1, 1].forEach((nll, i) => {
      writeRun(join(sweep, `${i}`), {
        axes: { lr: i },
        metrics: [
          { step: 0, nll: 5 },
          { step: 1, nll },
        ],
      });
    });
    const best = async (text: string) => {
      const report = await makeReport({ directories: [sweep], cwd, metric: 'nll', at: text });
      return configurationsIn(report.json).flatMap(({ best, fields }) => (best === true ? [fields] : []));
    };
    expect(await best('last')).toEqual([{ lr: 1 }, { lr: 2 }]);
    expect(await best('step:0')).toEqual([]);
  });
});

function configurationsIn(json: JsonValue): JsonObject[] {
  const [summary] = Array.isArray(json) ? json : [];
  const rows = isJsonObject(summary) ? summary.configurations : [];
  return Array.isArray(rows) ? rows.filter(isJsonObject) : [];
}

it.each([
  [
    { step: 0, nll: 1 },
    { nll: 1, other: 1 },
  ],
  [
    { nll: 1, other: 1 },
    { step: 0, nll: 1 },
  ],
])('of equal values that of a row with a step counts, in whatever order they come', (...rows) => {
  const text = rows.map((row) => JSON.stringify(row)).join('\n');
  writeText(join(cwd, 'a/metrics.jsonl'), `${text}\n`);
  const objective = { metric: 'nll', goal: 'minimize' as const, at: { kind: 'best' } as const };
  expect(measureRun(join(cwd, 'a/metrics.jsonl'), objective)).toEqual({ value: 1, step: 0 });
});
