import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatReport } from '../../src/report/output.ts';
import { makeReport, type ReportOptions } from '../../src/report/report.ts';
import { lossCurve, temporaryDirectory, writePythonRun, writeRun, writeSweep, writeText } from './run_directories.ts';

let cwd: string;
let remove: () => void;
beforeEach(() => {
  [cwd, remove] = temporaryDirectory();
});
afterEach(() => remove());

const report = (options: Partial<ReportOptions> = {}) => makeReport({ directories: ['runs'], cwd, ...options });
const table = async (options: Partial<ReportOptions> = {}) => formatReport(await report(options), 'table');

const objective = { metric: 'test/nll', goal: 'minimize', at: 'last' } as const;

/** A grid of two rates and two ranks with two seeds each, in which several things went wrong. */
function writeGrid(): void {
  const sweep = writeSweep(join(cwd, 'runs/grid'));
  const run = (lr: number, rank: number, seed: number, options: Parameters<typeof writeRun>[1]) =>
    writeRun(join(sweep, `lr=${lr},rank=${rank},seed=${seed}`), {
      axes: { learning_rate: lr, lora_rank: rank },
      seed,
      objective,
      metrics: lossCurve(2.5, 1 + seed / 100),
      ...options,
    });
  run(0.001, 8, 0, {});
  run(0.001, 8, 1, {});
  run(0.001, 32, 0, { metrics: lossCurve(2.5, 0.9) });
  run(0.001, 32, 1, { metrics: lossCurve(2.5, 0.92) });
  run(0.1, 8, 0, {
    state: 'diverged',
    metrics: [...lossCurve(2.5, 0.1).slice(0, 5), { step: 5, train_mean_nll: 'NaN' }],
  });
  run(0.1, 8, 1, { metrics: lossCurve(2.5, 0.5) });
  run(0.1, 32, 0, {
    state: 'failed',
    step: 3,
    error: { code: 'OOM', message: 'out of memory\n  at allocate' },
    metrics: [],
  });
  run(0.1, 32, 1, {
    state: 'running',
    metrics: [...lossCurve(2.5, 1).slice(0, 12), '{"step": 12, "tr'],
    lease: 'live',
  });
}

describe('the default table', () => {
  it('aggregates seeds, marks the best configuration and hides nothing that went wrong', async () => {
    writeGrid();
    expect(await table()).toMatchInlineSnapshot(`
      "runs/grid: 8 runs (1 running, 5 done, 1 diverged, 1 failed); last value of test/nll, minimize

         learning_rate  lora_rank        test/nll    n  curve         notes
      ─  ─────────────  ─────────  ──────────────  ───  ────────────  ───────────────────────────
      ★          0.001         32    1.16 ± 0.014  2/2  ███▅▅▅▂▂▂▁▁▁
                 0.001          8  1.255 ± 0.0071  2/2  ███▅▅▅▂▂▂▁▁▁
                   0.1          8            0.75  1/2  ███▅▅▅▂▂▂▁▁▁  1 diverged
                   0.1         32           2.079  0/2  ███▁          1 running, 1 failed, so far

      ★ best: learning_rate=0.001 lora_rank=32 with test/nll 1.16 ± 0.014 (n = 2)
      its best run: runs/grid/lr=0.001,rank=32,seed=0

      problem   steps  run                              error
      ────────  ─────  ───────────────────────────────  ───────────────────────────
      failed        3  runs/grid/lr=0.1,rank=32,seed=0  out of memory   at allocate
      diverged      6  runs/grid/lr=0.1,rank=8,seed=0

      The log of each is logs.log in its directory."
    `);
  });

  it('as Markdown', async () => {
    writeGrid();
    expect(formatReport(await report(), 'markdown')).toMatchInlineSnapshot(`
      "### runs/grid: 8 runs (1 running, 5 done, 1 diverged, 1 failed); last value of test/nll, minimize

      |  | learning\\_rate | lora\\_rank | test/nll | n | curve | notes |
      | --- | ---: | ---: | ---: | ---: | --- | --- |
      | ★ | 0.001 | 32 | 1.16 ± 0.014 | 2/2 | ███▅▅▅▂▂▂▁▁▁ |  |
      |  | 0.001 | 8 | 1.255 ± 0.0071 | 2/2 | ███▅▅▅▂▂▂▁▁▁ |  |
      |  | 0.1 | 8 | 0.75 | 1/2 | ███▅▅▅▂▂▂▁▁▁ | 1 diverged |
      |  | 0.1 | 32 | 2.079 | 0/2 | ███▁         | 1 running, 1 failed, so far |

      - ★ best: learning\\_rate=0.001 lora\\_rank=32 with test/nll 1.16 ± 0.014 (n = 2)
      - its best run: runs/grid/lr=0.001,rank=32,seed=0

      | problem | steps | run | error |
      | --- | ---: | --- | --- |
      | failed | 3 | runs/grid/lr=0.1,rank=32,seed=0 | out of memory   at allocate |
      | diverged | 6 | runs/grid/lr=0.1,rank=8,seed=0 |  |

      - The log of each is logs.log in its directory."
    `);
  });

  it('as JSON, exact and with every run', async () => {
    const sweep = writeSweep(join(cwd, 'runs/grid'));
    writeRun(join(sweep, 'a'), { axes: { lr: 1 }, seed: 0, objective, metrics: [{ step: 0, 'test/nll': 1.23456789 }] });
    writeRun(join(sweep, 'b'), { axes: { lr: 1 }, seed: 1, objective, metrics: [{ step: 7, 'test/nll': 'NaN' }] });
    expect(formatReport(await report(), 'json')).toMatchInlineSnapshot(`
      "[
        {
          "group": "runs/grid",
          "metric": "test/nll",
          "goal": "minimize",
          "at": "last",
          "fields": [
            "lr"
          ],
          "states": {
            "done": 2
          },
          "undecided": null,
          "configurations": [
            {
              "fields": {
                "lr": 1
              },
              "mean": 1.23456789,
              "sd": null,
              "n": 1,
              "n_runs": 2,
              "best": false,
              "best_run": "runs/grid/a",
              "preliminary": false,
              "n_not_finite": 1,
              "n_without_value": 0,
              "states": {
                "done": 2
              },
              "runs": [
                {
                  "run": "runs/grid/a",
                  "seed": 0,
                  "state": "done",
                  "value": 1.23456789,
                  "step": 0
                },
                {
                  "run": "runs/grid/b",
                  "seed": 1,
                  "state": "done",
                  "value": "NaN",
                  "step": 7
                }
              ]
            }
          ],
          "problems": [
            {
              "run": "runs/grid/b",
              "problem": "not finite",
              "steps": 1,
              "error": null,
              "look": "runs/grid/b/logs.log"
            }
          ]
        }
      ]"
    `);
  });

  it('as CSV, flat and exact', async () => {
    const sweep = writeSweep(join(cwd, 'runs/grid'));
    writeRun(join(sweep, 'a'), {
      axes: { lr: 1e-5, n: 'x,"y"' },
      objective,
      metrics: [{ step: 0, 'test/nll': 1.23456789 }],
    });
    writeSweep(join(cwd, 'runs/other'));
    writeRun(join(cwd, 'runs/other/b'), { axes: { size: null }, state: 'failed' });
    expect(formatReport(await report(), 'csv')).toMatchInlineSnapshot(`
      "group,lr,n_1,size,metric,goal,at,mean,sd,n,n_runs,best,preliminary,n_not_finite,n_without_value,n_pending,n_running,n_done,n_stopped,n_diverged,n_failed,n_interrupted,n_killed,n_damaged,n_unknown
      runs/grid,0.00001,"x,""y""",,test/nll,minimize,last,1.23456789,,1,1,false,false,0,0,0,0,1,0,0,0,0,0,0,0
      runs/other,,,,test/nll,minimize,last,,,0,1,false,false,0,0,0,0,0,0,0,1,0,0,0,0"
    `);
  });

  it('has a column for what runs have cost, where they know it', async () => {
    const sweep = writeSweep(join(cwd, 'runs/grid'));
    for (const lr of [1, 2]) {
      const rows = [0, 1].map((step) => ({
        step,
        'test/nll': lr,
        ...(lr === 1 && { 'cost/total': 0.5 * (step + 1) }),
      }));
      writeRun(join(sweep, `${lr}`), { axes: { lr }, objective, metrics: rows });
    }
    expect(
      (await table())
        .split('\n')
        .filter((line) => /cost|\$/.test(line))
        .map((line) => line.replace(/ {2,}/g, '  ')),
    ).toEqual([expect.stringContaining('  cost  '), expect.stringMatching(/ 1\/1 {2}\$1 /)]);
    const [header, ...lines] = formatReport(await report(), 'csv')
      .trim()
      .split('\n');
    expect([header, ...lines].map((line) => line.split(',').at(-1))).toEqual(['cost', '1', '']);
  });

  it('has no column for an axis of one value, which is in the data', async () => {
    const sweep = writeSweep(join(cwd, 'runs/grid'));
    for (const lr of [1, 2]) writeRun(join(sweep, `${lr}`), { axes: { n_batches: 60, lr }, metrics: lossCurve(3, lr) });
    expect((await table()).split('\n').slice(2)).toEqual([
      '   lr  test/nll    n  curve',
      '─  ──  ────────  ───  ────────────',
      '★   1      1.25  1/1  ███▅▅▅▂▂▂▁▁▁',
      '    2      2.25  1/1  ███▅▅▅▂▂▂▁▁▁',
      '',
      '★ best: lr=1 with test/nll 1.25 (n = 1)',
      'its run: runs/grid/1',
    ]);
    expect((await report()).json).toMatchObject([{ configurations: [{ fields: { n_batches: 60, lr: 1 } }, {}] }]);
  });

  it('shows two sweeps under one root, single runs and those of the Python cookbook each in a table of their own', async () => {
    for (const name of ['b', 'a']) {
      const sweep = writeSweep(join(cwd, 'runs', name));
      for (const lr of [1, 2]) writeRun(join(sweep, `lr=${lr}`), { axes: { lr }, metrics: lossCurve(3, lr) });
    }
    writeRun(join(cwd, 'runs/一 "quoted" | run'), {
      metrics: [{ step: 0, train_mean_nll: 1 }],
      spec: { max_steps: 1 },
    });
    writeRun(join(cwd, 'runs/second'), { metrics: [{ step: 0, train_mean_nll: 2 }], spec: { max_steps: 2 } });
    for (const lr of [1, 2]) {
      writePythonRun(join(cwd, `runs/python/${lr}`), { learning_rate: lr, log_path: `/x/${lr}` }, [
        { step: 0, 'env/all/reward/total': lr / 3 },
      ]);
    }
    expect(await table()).toMatchInlineSnapshot(`
      "runs/a: 2 runs (2 done); last value of test/nll, minimize

         lr  test/nll    n  curve
      ─  ──  ────────  ───  ────────────
      ★   1      1.25  1/1  ███▅▅▅▂▂▂▁▁▁
          2      2.25  1/1  ███▅▅▅▂▂▂▁▁▁

      ★ best: lr=1 with test/nll 1.25 (n = 1)
      its run: runs/a/lr=1

      runs/b: 2 runs (2 done); last value of test/nll, minimize

         lr  test/nll    n  curve
      ─  ──  ────────  ───  ────────────
      ★   1      1.25  1/1  ███▅▅▅▂▂▂▁▁▁
          2      2.25  1/1  ███▅▅▅▂▂▂▁▁▁

      ★ best: lr=1 with test/nll 1.25 (n = 1)
      its run: runs/b/lr=1

      runs/python: 2 runs (2 unknown); last value of env/all/reward/total, maximize

         learning_rate  env/all/reward/total    n  curve  notes
      ─  ─────────────  ────────────────────  ───  ─────  ─────────
      ★              2                0.6667  1/1  ▅      1 unknown
                     1                0.3333  1/1  ▅      1 unknown

      ★ best: learning_rate=2 with env/all/reward/total 0.6667 (n = 1)
      its run: runs/python/2

      runs: 2 runs (2 done); last value of train_mean_nll, minimize

         max_steps  train_mean_nll    n  curve
      ─  ─────────  ──────────────  ───  ─────
      ★          1               1  1/1  ▅
                 2               2  1/1  ▅

      ★ best: max_steps=1 with train_mean_nll 1 (n = 1)
      its run: runs/一 "quoted" | run"
    `);
    expect((await report()).notices).toEqual([]);
  });

  it('shows what a finished run measured instead of the metric, which is no problem', async () => {
    writeRun(join(cwd, 'runs/sl_basic'), { spec: { learning_rate: 0.01 }, metrics: lossCurve(2.5, 1) });
    const untested = lossCurve(2.5, 0.5).map((line) => {
      const { 'test/nll': _, ...row } = typeof line === 'string' ? {} : line;
      return row;
    });
    writeRun(join(cwd, 'runs/by_heart'), { spec: { learning_rate: 0.02 }, metrics: untested });
    writeRun(join(cwd, 'runs/silent'), { spec: { learning_rate: 0.03 }, metrics: [{ step: 0, other: 1 }] });
    expect(await table()).toMatchInlineSnapshot(`
      "runs: 3 runs (3 done); last value of test/nll, minimize

      learning_rate  test/nll    n  curve         notes
      ─────────────  ────────  ───  ────────────  ────────────────────────────────────
               0.01      1.25  1/1  ███▅▅▅▂▂▂▁▁▁
               0.02         —  0/1                1 without value (train_mean_nll 0.5)
               0.03         —  0/1                1 without value

      no configuration is the best by test/nll: only one has a value, the others have finished without"
    `);
    expect(formatReport(await report(), 'json')).toContain('"problems": []');
  });

  it('says which metrics there are where none of the usual ones is', async () => {
    for (const lr of [1, 2]) {
      writePythonRun(join(cwd, `runs/python/${lr}`), { learning_rate: lr }, [{ step: 0, 'custom/score': lr, zeal: 1 }]);
      writeRun(join(cwd, `runs/ours/${lr}`), { spec: { lr }, metrics: lossCurve(2, 1) });
    }
    const { notices, json } = await report();
    expect(notices).toEqual(['runs/python: no run has a value of "test/nll"; there is custom/score, zeal']);
    expect(json).toMatchObject([{ problems: [] }, { problems: [] }]);
  });
});

describe('options', () => {
  beforeEach(writeGrid);

  const values = async (options: Partial<ReportOptions>) =>
    (await report(options)).table.rows.map(([, ...cells]) => cells.slice(0, 8).join(' '));

  it('--metric ranks by another metric', async () => {
    expect(await values({ metric: 'train_mean_nll' })).toMatchInlineSnapshot(`
      [
        "0.001 32 train_mean_nll minimize last 0.91 0.014142135623730963 2",
        "0.001 8 train_mean_nll minimize last 1.005 0.007071067811865481 2",
        "0.1 8 train_mean_nll minimize last 0.5  1",
        "0.1 32 train_mean_nll minimize last 1.7731755424063116  0",
      ]
    `);
  });

  it.each(['run', 'step', 'file_index', 'rowid', '', 'a\0b', 'constructor'])(
    '--metric takes any name: %j',
    async (metric) => {
      for (const [i, name] of ['a', 'b'].entries()) {
        writeRun(join(cwd, 'odd', name), { spec: { lr: i }, metrics: [{ step: i, [metric]: i }] });
      }
      const { notices, table } = await report({ directories: ['odd'], metric, goal: 'maximize' });
      expect(notices).toEqual([]);
      expect(table.rows.map((row) => row.slice(1, 6))).toEqual([
        [1, metric, 'maximize', 'last', 1],
        [0, metric, 'maximize', 'last', 0],
      ]);
    },
  );

  it('--at best takes the best value by the goal, --at step:N the last one until then', async () => {
    expect(await values({ at: 'best', goal: 'maximize' })).toMatchInlineSnapshot(`
      [
        "0.001 8 test/nll maximize best 2.75 0 2",
        "0.001 32 test/nll maximize best 2.75 0 2",
        "0.1 8 test/nll maximize best 2.75  1",
        "0.1 32 test/nll maximize best 2.75  0",
      ]
    `);
    expect(await values({ at: 'step:10' })).toMatchInlineSnapshot(`
      [
        "0.001 32 test/nll minimize step:10 2.0391518737672585 0.006322585288716081 2",
        "0.1 32 test/nll minimize step:10 2.079388560157791  1",
        "0.001 8 test/nll minimize step:10 2.081623931623932 0.0031612926443580405 2",
        "0.1 8 test/nll minimize step:10 1.8558514135437214  1",
      ]
    `);
  });

  it('--group-by aggregates over everything else', async () => {
    expect(await table({ groupBy: ['learning_rate'] })).toMatchInlineSnapshot(`
      "all runs: 8 runs (1 running, 5 done, 1 diverged, 1 failed); last value of test/nll, minimize

         learning_rate       test/nll    n  curve         notes
      ─  ─────────────  ─────────────  ───  ────────────  ───────────────────────────────
      ★          0.001  1.208 ± 0.056  4/4  ███▅▅▅▂▂▂▁▁▁
                   0.1           0.75  1/4  ███▅▅▅▂▂▂▁▁▁  1 running, 1 diverged, 1 failed

      ★ best: learning_rate=0.001 with test/nll 1.208 ± 0.056 (n = 4)
      its best run: runs/grid/lr=0.001,rank=32,seed=0

      problem   steps  run                              error
      ────────  ─────  ───────────────────────────────  ───────────────────────────
      failed        3  runs/grid/lr=0.1,rank=32,seed=0  out of memory   at allocate
      diverged      6  runs/grid/lr=0.1,rank=8,seed=0

      The log of each is logs.log in its directory."
    `);
  });

  it('refuses a metric that nobody has logged, with those that there are', async () => {
    await expect(report({ metric: 'test/nl' })).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: '--metric test/nl: no run has such a metric; did you mean "test/nll"?',
      hint: 'There is learning_rate, num_tokens, test/nll, train_mean_nll.',
    });
    await expect(report({ metric: 'reward' })).rejects.toThrow('--metric reward: no run has such a metric');
    expect((await report({ at: 'step:1000' })).notices).toEqual([
      'runs/grid: no run has a value of "test/nll" at step 1000',
    ]);
  });
});

describe('nothing to report', () => {
  it('is an error that says what a run is and how to start one', async () => {
    mkdirSync(join(cwd, 'runs'));
    await expect(report()).rejects.toMatchObject({
      message: 'no runs in runs',
      exitCode: 2,
      hint: 'A run is a directory with a run.json, metrics.jsonl or config.json. Start one: cookbook run configs/sl_basic.yaml',
    });
  });
});

describe('damage', () => {
  it('of any file is shown and stops nothing', async () => {
    writeGrid();
    writeText(join(cwd, 'runs/grid/damaged/run.json'), '{');
    writeText(join(cwd, 'runs/grid/damaged/metrics.jsonl'), 'not json\n{"step": 0, "test/nll": 1}\n');
    const { notices, json } = await report();
    expect(notices).toEqual(['runs/grid/damaged: 1 damaged line in metrics.jsonl']);
    expect(JSON.stringify(json)).toContain('"problem":"damaged"');
  });
});
