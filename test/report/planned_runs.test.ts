// The runs of a sweep that its plan lists and that have not started.

import { renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatReport } from '../../src/report/output.ts';
import { makeReport, type ReportOptions } from '../../src/report/report.ts';
import { lossCurve, temporaryDirectory, writeRun, writeSweep, writeText } from './run_directories.ts';

let cwd: string;
let remove: () => void;
beforeEach(() => {
  [cwd, remove] = temporaryDirectory();
});
afterEach(() => remove());

const report = (options: Partial<ReportOptions> = {}) => makeReport({ directories: ['runs'], cwd, ...options });
const table = async (options: Partial<ReportOptions> = {}) => formatReport(await report(options), 'table', 80);

const points = [0.1, 0.2, 0.3].flatMap((rate) =>
  [0, 1].map((seed) => ({ name: `rate=${rate},seed=${seed}`, axes: { rate }, seed })),
);
const plan = () => join(cwd, 'runs/grid/plan.json');

/** Of three configurations with two seeds each: three runs are done, one runs, two have not started. */
function writeUnfinished(): void {
  const sweep = writeSweep(join(cwd, 'runs/grid'), points);
  const states = ['done', 'done', 'done', undefined, 'running'] as const;
  for (const [i, { name, axes, seed }] of points.entries()) {
    const state = states[i];
    if (state === undefined) continue;
    const lease = state === 'running' ? { lease: 'live' as const } : {};
    writeRun(join(sweep, name), { axes, seed, state, metrics: lossCurve(3, axes.rate), ...lease });
  }
}

describe('an unfinished sweep', () => {
  beforeEach(writeUnfinished);

  it('counts the runs that have not started, by configuration too, and names them', async () => {
    expect(await table()).toMatchInlineSnapshot(`
      "runs/grid: 6 runs (2 pending, 1 running, 3 done); last value of test/nll,
        minimize

         rate  test/nll    n  curve         notes
      ─  ────  ────────  ───  ────────────  ────────────────────────────
      ★   0.1  0.35 ± 0  2/2  ███▅▅▅▂▂▂▁▁▁
          0.2      0.45  1/2  ███▅▅▅▂▂▂▁▁▁  1 pending
          0.3      0.55  0/2  ███▅▅▅▂▂▂▁▁▁  1 pending, 1 running, so far

      ★ best: rate=0.1 with test/nll 0.35 ± 0 (n = 2)
      its best run: runs/grid/rate=0.1,seed=0

      3 of 6 runs are done, 1 is running, 2 have not started: rate=0.2 seed=1;
        rate=0.3 seed=1"
    `);
    expect((await report()).notices).toEqual([]);
  });

  it('has them in every other format', async () => {
    const { json } = await report();
    expect(json).toMatchObject([
      {
        states: { done: 3, running: 1, pending: 2 },
        configurations: [
          { states: { done: 2 }, n_runs: 2 },
          {
            states: { done: 1, pending: 1 },
            n: 1,
            n_runs: 2,
            runs: [{ state: 'done' }, { run: 'runs/grid/rate=0.2,seed=1', seed: 1, state: 'pending', value: null }],
          },
          { states: { running: 1, pending: 1 }, n_runs: 2 },
        ],
        problems: [],
      },
    ]);
    const pending = (await report()).table.columns.findIndex(({ name }) => name === 'n_pending');
    expect((await report()).table.rows.map((row) => row[pending])).toEqual([0, 1, 1]);
    const ask = async (sql: string) => (await report({ sql })).json;
    expect(await ask(`SELECT name, seed, steps FROM runs WHERE state = 'pending' ORDER BY name`)).toEqual([
      { name: 'rate=0.2,seed=1', seed: 1, steps: null },
      { name: 'rate=0.3,seed=1', seed: 1, steps: null },
    ]);
    expect(await ask('SELECT rate, n_runs, n_pending FROM configs ORDER BY rate')).toEqual([
      { rate: 0.1, n_runs: 2, n_pending: 0 },
      { rate: 0.2, n_runs: 2, n_pending: 1 },
      { rate: 0.3, n_runs: 2, n_pending: 1 },
    ]);
  });

  it('counts a run once that lies under another name, or is damaged, or was created and not started', async () => {
    const at = (name: string) => join(cwd, 'runs/grid', name);
    renameSync(at('rate=0.1,seed=0'), at('renamed'));
    writeText(join(at('rate=0.1,seed=1'), 'run.json'), '{');
    writeRun(at('rate=0.3,seed=1'), { axes: { rate: 0.3 }, seed: 1, state: 'pending' });
    expect(await report()).toMatchObject({ json: [{ states: { done: 2, damaged: 1, running: 1, pending: 2 } }] });
  });

  it('tells the command that runs what is missing, once none of its runs is under way', async () => {
    expect(await table()).not.toContain('run what is missing');
    writeRun(join(cwd, 'runs/grid/rate=0.3,seed=0'), { axes: { rate: 0.3 }, seed: 0, metrics: lossCurve(3, 1) });
    expect((await table()).split('\n').at(-1)).toBe('run what is missing: cookbook sweep sweeps/grid.yaml');
    for (const { name, axes, seed } of points)
      writeRun(join(cwd, 'runs/grid', name), { axes, seed, state: 'diverged' });
    expect(await table()).not.toContain('run what is missing');
  });

  it('says nothing of the others where single runs of it are named', async () => {
    const directories = ['runs/grid/rate=0.1,seed=0', 'runs/grid/rate=0.1,seed=1'];
    expect(await report({ directories })).toMatchObject({ json: [{ states: { done: 2 } }], notices: [] });
  });
});

it('a sweep of which nothing has started names the first of its runs, and all with --all', async () => {
  writeSweep(join(cwd, 'runs/grid'), points);
  const { json, notices } = await report();
  expect(json).toMatchObject([
    { states: { pending: 6 }, configurations: [{ n_runs: 2 }, { n_runs: 2 }, { n_runs: 2 }] },
  ]);
  expect(notices).toEqual(['runs/grid: no run has a value of "test/nll"; no metrics have been logged yet']);
  expect((await table()).replaceAll('\n  ', ' ')).toContain(
    '0 of 6 runs are done, 6 have not started: rate=0.1 seed=0; rate=0.1 seed=1; rate=0.2 seed=0; rate=0.2 seed=1; rate=0.3 seed=0 and 1 more, which --all shows too',
  );
  expect((await table({ all: true })).replaceAll('\n  ', ' ')).toContain('rate=0.3 seed=0; rate=0.3 seed=1');
});

it.each([
  ['longer than a path may be', 'a'.repeat(70_000)],
  ['of a file', 'sweep.json'],
])('a single run that has not started is reported where its name is %s', async (_, name) => {
  writeSweep(join(cwd, 'runs/grid'), [{ name, axes: { rate: 1 }, seed: 0 }]);
  expect(await report()).toMatchObject({ json: { run: { state: 'pending', name } } });
});

describe('a plan that is damaged is noted, and the runs that are there are reported', () => {
  const run = { name: 'a', hash: 'b', config_hash: 'c', axes: {}, seed: 0 };
  const planOf = (...runs: object[]) => JSON.stringify({ schema_version: 1, runs });
  it.each([
    ['no JSON', '{"schema_version": 1, "runs": [', /plan\.json: .*JSON/],
    ['no object', '[]', 'plan.json: is not a JSON object'],
    ['of another version', '{"schema_version": 2, "runs": []}', 'plan.json: "schema_version" cannot be 2'],
    ['without runs', '{"schema_version": 1}', 'plan.json: "runs" is missing'],
    ['of no runs', planOf({}), 'plan.json: "runs" cannot be [{}]'],
    [
      'with a name that leads elsewhere',
      planOf({ ...run, name: '../secret' }),
      /plan\.json: "runs" cannot be .*secret/,
    ],
    ['with a name that is none', planOf({ ...run, name: '..' }), /plan\.json: "runs" cannot be/],
    ['with a seed that is none', planOf({ ...run, seed: '0' }), /plan\.json: "runs" cannot be/],
  ])('%s', async (_, text, problem) => {
    writeUnfinished();
    writeText(plan(), text);
    const { json, notices } = await report();
    expect(json).toMatchObject([{ states: { done: 3, running: 1 } }]);
    expect(notices).toHaveLength(1);
    expect(notices[0]).toMatch(problem);
    expect(notices[0]).toMatch(/^runs\/grid: .*; runs that have not started are not counted$/);
  });

  it('is a link out of the directories', async () => {
    writeUnfinished();
    renameSync(plan(), join(cwd, 'secret.json'));
    symlinkSync(join(cwd, 'secret.json'), plan());
    const { json, notices } = await report();
    expect(json).toMatchObject([{ states: { done: 3, running: 1 } }]);
    expect(notices).toEqual([expect.stringContaining('runs/grid/plan.json was not followed')]);
  });

  it('and codes for the terminal in it are shown, not sent', async () => {
    writeSweep(join(cwd, 'runs/grid'), [{ name: 'a', axes: { rate: '\u001b[2J' }, seed: 0 }]);
    writeRun(join(cwd, 'runs/grid/b'), { axes: { rate: 'x' } });
    expect(await table()).not.toContain('\u001b');
    expect(await table()).toContain('1 of 2 runs is done, 1 has not started: rate=\\u001b[2J seed=0');
  });
});
