// What `cookbook report` shows of one run.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatReport } from '../../src/report/output.ts';
import { makeReport, type ReportOptions } from '../../src/report/report.ts';
import { displayWidth } from '../../src/util/display_width.ts';
import { temporaryDirectory, writeRun, writeText } from './run_directories.ts';

let cwd: string;
let remove: () => void;
beforeEach(() => {
  [cwd, remove] = temporaryDirectory();
});
afterEach(() => remove());

const report = (options: Partial<ReportOptions> = {}) => makeReport({ directories: ['runs'], cwd, ...options });
const table = async (options: Partial<ReportOptions> = {}) => formatReport(await report(options), 'table');

describe('a single run', () => {
  it('is shown with every metric from first to last', async () => {
    writeRun(join(cwd, 'runs/a'), {
      metrics: [
        { step: 0, 'test/nll': 2.5, phase: 'warm-up', solved: false },
        { step: 1, 'test/nll': 0.123456, grad: 'NaN' },
        { step: 2, 'test/nll': 1.5, phase: 'main', grad: 3, solved: true },
        '{"step": 3, "te',
      ],
    });
    expect(await table()).toMatchInlineSnapshot(`
      "runs/a

      state: done
      steps: 4 of 40
      time: 2 min
      test/nll: 2.5 → 1.5  (−40 %), best 0.1235 at step 1
      seed: 0
      attempt: 1
      configuration: ff729fb8bfa8
      commit: c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00

      metric      first  last   least  greatest  curve
      ────────  ───────  ────  ──────  ────────  ─────
      test/nll      2.5   1.5  0.1235       2.5  █▁▅
      grad          NaN     3       3         3    ▅
      phase     warm-up  main       —         —
      solved      false  true       —         —

      talk to it: cookbook chat runs/a"
    `);
    expect((await report()).json).toMatchObject({
      run: { run: 'runs/a', state: 'done' },
      metrics: [
        { metric: 'test/nll', first: 2.5, last: 1.5, least: 0.123456, greatest: 2.5, n: 3 },
        { metric: 'grad', first: 'NaN', last: 3, least: 3, greatest: 3, n: 2 },
        { metric: 'phase', first: 'warm-up', last: 'main', least: null, greatest: null, n: 2 },
        { metric: 'solved', first: false, last: true },
      ],
    });
    expect(formatReport(await report(), 'csv')).toMatchInlineSnapshot(`
      "run,metric,first,last,least,greatest,n
      runs/a,test/nll,2.5,1.5,0.123456,2.5,3
      runs/a,grad,NaN,3,3,3,2
      runs/a,phase,warm-up,main,,,2
      runs/a,solved,false,true,,,2"
    `);
  });

  it('that failed says why and where to look; one that has not started has no metrics', async () => {
    writeRun(join(cwd, 'runs/a'), { state: 'failed', error: { code: 'OOM', message: 'out\nof memory' } });
    expect((await table()).split('\n').slice(0, 4)).toEqual([
      'runs/a',
      '',
      'state: failed: out of memory (see runs/a/logs.log)',
      'steps: 0 of 40',
    ]);
    remove();
    writeRun(join(cwd, 'runs/b'), { state: 'pending' });
    expect((await table()).split('\n').at(-3)).toBe('no metrics yet');
  });
});

/** A run as the RL trainer leaves it. Its numbers are close to those of a real one. */
function writeRlRun(): void {
  const rollouts = (success: number) => ({
    ac_tokens_per_turn: 7.4,
    total_episodes: 112,
    'reward/total': success,
    success,
    'stop/completed': 1,
    'by_group/frac_mixed': 1 - success,
  });
  const under = (prefix: string, success: number) =>
    Object.fromEntries(Object.entries(rollouts(success)).map(([name, value]) => [`${prefix}/${name}`, value]));
  const tested = (success: number) => ({ ...under('test/env/all', success), ...under('test/env/odd', success - 0.1) });
  writeRun(join(cwd, 'runs/rl'), {
    headline: [
      { metric: 'test/env/all/reward/total', goal: 'maximize', label: 'test reward' },
      { metric: 'env/all/reward/total', goal: 'maximize', label: 'reward' },
    ],
    metrics: [
      ...Array.from({ length: 16 }, (_, step) => ({ step, success: Math.min(0.25 + step / 16, 0.75) })).map(
        ({ step, success }) => ({
          step,
          'progress/batch': step,
          'progress/done_frac': (step + 1) / 16,
          'optim/lr': 0.001 - step / 16000,
          ...under('env/all', success),
          'loss:sum': 206.25003186560392 - 10 * step,
          grad_norm: 81.7,
          'optim/kl_sample_train_v1': -8.207741943217335e-9,
          'optim/kl_sample_train_v2': 3.7060823522684337e-13,
          'optim/entropy': 0.3,
          'tokens/sampled': 3323,
          'time/total': 12.8,
          ...(step % 4 === 0 ? tested(success) : {}),
        }),
      ),
      { step: 16, 'progress/batch': 16, 'progress/done_frac': 1, ...tested(0.5) },
    ],
  });
  writeText(join(cwd, 'runs/rl/iteration_000014/train.html'), '');
  writeText(join(cwd, 'runs/rl/iteration_000015/train.html'), '');
}

it('tells what a run warned of at its end', async () => {
  writeRun(join(cwd, 'runs/a'), { metrics: [{ step: 0, 'test/nll': 1 }] });
  const path = join(cwd, 'runs/a/status.json');
  const status = JSON.parse(readFileSync(path, 'utf8'));
  writeText(path, JSON.stringify({ ...status, warnings: ['1 of 3 steps had \u001b[2Jnothing to train on'] }));
  expect(await table()).toContain('\n\nwarning: 1 of 3 steps had \\u001b[2Jnothing to train on\n\nmetric');
  expect((await report()).json).toMatchObject({ warnings: ['1 of 3 steps had \u001b[2Jnothing to train on'] });
  writeText(path, JSON.stringify({ ...status, warnings: { of: 'another kind' } }));
  expect((await report()).json).toMatchObject({ warnings: [] });
});

const CHECKPOINT = { name: '000002', batch: 2, epoch: 0, state_path: 'checkpoints/weights/000002' };

describe('the command that goes on with a run', () => {
  const last = async () => (await table()).split('\n').at(-1);

  it.each(['pending', 'interrupted', 'failed'] as const)('is told of one that is %s', async (state) => {
    writeRun(join(cwd, 'runs/a'), { state, spec: { if_exists: 'delete' }, checkpoints: [CHECKPOINT] });
    expect(await last()).toBe('go on with it: cookbook sweep sweeps/grid.yaml if_exists=resume');
  });

  it('is told of one that was killed', async () => {
    writeRun(join(cwd, 'runs/a'), { state: 'running', lease: 'dead', checkpoints: [CHECKPOINT] });
    expect(await last()).toBe('go on with it: cookbook sweep sweeps/grid.yaml');
  });

  it('says that it starts from the beginning where no checkpoint is left', async () => {
    writeRun(join(cwd, 'runs/a'), { state: 'failed' });
    expect(await last()).toBe('start it from the beginning: cookbook sweep sweeps/grid.yaml');
    writeText(join(cwd, 'runs/a/checkpoints.jsonl'), '');
    expect(await last()).toBe('start it from the beginning: cookbook sweep sweeps/grid.yaml');
  });

  it.each(['done', 'diverged'] as const)('is not told of one that is %s', async (state) => {
    writeRun(join(cwd, 'runs/a'), { state });
    expect(await table()).not.toContain('go on');
  });

  it('is not told of one that runs, nor where the record says none that is one', async () => {
    writeRun(join(cwd, 'runs/a'), { state: 'running', lease: 'live' });
    expect(await table()).not.toContain('go on');
    writeRun(join(cwd, 'runs/a'), { state: 'failed' });
    const record = JSON.parse(readFileSync(join(cwd, 'runs/a/run.json'), 'utf8'));
    writeText(join(cwd, 'runs/a/run.json'), JSON.stringify({ ...record, argv: { rm: '-rf' } }));
    expect(await table()).not.toContain('go on');
  });
});

it('a run that was stopped early says why, and leads to its best weights', async () => {
  const saved = (name: string, batch: number, flags = {}) => ({
    name,
    batch,
    epoch: 0,
    sampler_path: `tinker://local/sampler_weights/${name}`,
    ...flags,
  });
  const directory = writeRun(join(cwd, 'runs/a'), {
    state: 'stopped',
    spec: { early_stopping: { metric: 'test/nll', goal: 'minimize', patience: 3, min_delta: 0 } },
    metrics: [3, 2, 1.5, 4, 5, 6].map((nll, step) => ({ step, 'test/nll': nll })),
    checkpoints: [saved('best-000002', 2, { best: true }), saved('final', 5, { final: true })],
  });
  const stop = { schema_version: 1, step: 5, metric: 'test/nll', patience: 3, min_delta: 0 };
  writeText(join(directory, 'stop.json'), JSON.stringify(stop));
  const lines = (await table()).split('\n');
  expect(lines.filter((line) => /^(state|talk)/.test(line)).join('\n')).toMatchInlineSnapshot(`
    "state: stopped: test/nll has not improved in 3 evaluations
    talk to its best weights, of step 2: cookbook chat runs/a --checkpoint best"
  `);
});

it('a curve holds the first, the last, the least and the greatest value, however close together they were logged', async () => {
  const nll = (step: number) => (step === 51 ? 9 : step === 50 ? -9 : step === 53 ? 0 : 2);
  writeRun(join(cwd, 'runs/a'), {
    metrics: Array.from({ length: 100 }, (_, step) => ({
      step,
      accuracy: step < 3 ? 0 : 1,
      late: step < 99 ? 1 : 0,
      nll: nll(step),
    })),
  });
  const curves = (await table()).split('\n').filter((line) => /[▁-█]/.test(line));
  expect(curves.map((line) => line.replace(/ .* /, ' ')).join('\n')).toMatchInlineSnapshot(`
    "accuracy ▁███████████
    late ███████████▁
    nll ▅▅▅▅▅▁█▅▅▅▅▅"
  `);
});

describe('a run of reinforcement learning', () => {
  beforeEach(writeRlRun);

  it('leads with what it is judged by, fits 80 columns, and says on its last line how to see the rest', async () => {
    const text = formatReport(await report(), 'table', 80);
    for (const line of text.split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(80);
    expect(text).toMatchInlineSnapshot(`
      "runs/rl

      state: done
      steps: 17 of 40
      time: 2 min
      test/env/all/reward/total: 0.25 → 0.5, best 0.75 at step 8
      seed: 0
      attempt: 1
      configuration: ff729fb8bfa8
      commit: c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00
      transcript: runs/rl/iteration_000015/train.html

      metric                           first       last  curve
      ───────────────────────────  ─────────  ─────────  ────────────
      test/env/all/reward/total         0.25        0.5  ▁▁▅▅▅██████▅
      env/all/reward/total              0.25       0.75  ▁▃▅▆███████
      test/env/odd/reward/total         0.15        0.4  ▁▁▅▅▅██████▅
      test/env/all/success              0.25        0.5  ▁▁▅▅▅██████▅
      loss:sum                         206.3      56.25  █▇▆▆▅▄▄▃▂▁▁
      grad_norm                         81.7       81.7  ▅▅▅▅▅▅▅▅▅▅▅
      optim/entropy                      0.3        0.3  ▅▅▅▅▅▅▅▅▅▅▅
      optim/kl_sample_train_v1     -8.208e-9  -8.208e-9  ▅▅▅▅▅▅▅▅▅▅▅
      optim/kl_sample_train_v2     3.706e-13  3.706e-13  ▅▅▅▅▅▅▅▅▅▅▅
      optim/lr                         0.001    6.25e-5  █▇▆▆▅▄▄▃▂▁▁
      env/all/by_group/frac_mixed       0.75       0.25  █▇▅▄▂▁▁▁▁▁▁
      env/all/success                   0.25       0.75  ▁▃▅▆███████

      talk to it: cookbook chat runs/rl
      16 more metrics: cookbook report runs/rl --all"
    `);
  });

  it('on a wide terminal has the least and the greatest values too', async () => {
    expect((await table()).split('\n').slice(12, 15).join('\n')).toMatchInlineSnapshot(`
      "metric                           first       last      least   greatest  curve
      ───────────────────────────  ─────────  ─────────  ─────────  ─────────  ────────────
      test/env/all/reward/total         0.25        0.5       0.25       0.75  ▁▁▅▅▅██████▅"
    `);
  });

  it('with --all is shown whole: details behind what they are details of, tokens and times last', async () => {
    const lines = (await table({ all: true })).split('\n');
    expect(lines.slice(14, -2).map((line) => line.split(' ')[0])).toMatchInlineSnapshot(`
      [
        "test/env/all/reward/total",
        "env/all/reward/total",
        "test/env/odd/reward/total",
        "test/env/all/success",
        "test/env/all/ac_tokens_per_turn",
        "test/env/all/by_group/frac_mixed",
        "test/env/all/stop/completed",
        "test/env/all/total_episodes",
        "test/env/odd/ac_tokens_per_turn",
        "test/env/odd/by_group/frac_mixed",
        "test/env/odd/stop/completed",
        "test/env/odd/success",
        "test/env/odd/total_episodes",
        "loss:sum",
        "grad_norm",
        "optim/entropy",
        "optim/kl_sample_train_v1",
        "optim/kl_sample_train_v2",
        "optim/lr",
        "env/all/by_group/frac_mixed",
        "env/all/success",
        "env/all/ac_tokens_per_turn",
        "env/all/stop/completed",
        "env/all/total_episodes",
        "progress/batch",
        "progress/done_frac",
        "tokens/sampled",
        "time/total",
      ]
    `);
    expect(lines.at(-1)).toBe('talk to it: cookbook chat runs/rl');
  });

  it('is whole as data, in the same order', async () => {
    const { json, table } = await report();
    const all = (await report({ all: true })).table.rows;
    expect(all).toHaveLength(28);
    expect(table.rows).toEqual(all);
    expect(json).toMatchObject({
      learned: {
        metric: 'test/env/all/reward/total',
        goal: 'maximize',
        first: 0.25,
        last: 0.5,
        best: 0.75,
        best_step: 8,
      },
      metrics: all.map(([, metric]) => ({ metric })),
    });
  });
});

it('a run that logs nothing but details is shown with them', async () => {
  writeRun(join(cwd, 'runs/a'), { metrics: [{ step: 0, 'time/total': 1, num_tokens: 5 }] });
  const text = await table();
  expect(text).toContain('\ntime/total');
  expect(text).not.toContain('--all');
});
