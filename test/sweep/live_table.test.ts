// What a terminal shows of a sweep that is going on, by its width.

import { expect, it } from 'vitest';
import type { Row } from '../../src/run_files/metrics_log.ts';
import { pendingStatus } from '../../src/run_files/status.ts';
import type { PlannedRun } from '../../src/sweep/plan.ts';
import { LiveTable } from '../../src/sweep/reporters/live_table.ts';
import { plainReporter } from '../../src/sweep/reporters/plain.ts';
import { terminalReporter } from '../../src/sweep/reporters/terminal.ts';
import type { SweepEvent } from '../../src/sweep/scheduler.ts';

const HASH = '0123456789ab';

function run(label: string, max_steps: number | null = 200): PlannedRun {
  const name = `${label}-${HASH}`;
  return {
    configuration: [],
    point: [],
    stage: null,
    after: [],
    seed: 0,
    hash: HASH,
    config_hash: label.replace(/,seed=\d+$/, ''),
    max_steps,
    name,
    directory: `/runs/${name}`,
    state: 'new',
    found: null,
    stale: null,
  };
}

const LONG = 'learning_rate=0.0003,dataset.batch_size=128,lora_rank=16';
const RUNS = [
  run('learning_rate=0.001,seed=0'),
  run('learning_rate=0.001,seed=1'),
  run(`${LONG},seed=0`),
  run(`${LONG},seed=1`),
  run('learning_rate=0.01,seed=0'),
  run('learning_rate=0.01,seed=1'),
] as const;

const toCome = (runs: readonly PlannedRun[]) => ({ runs, total: runs.length });

const headlineOf = () => [{ metric: 'train_mean_nll', goal: 'minimize', label: 'nll' } as const];

const row = (run: PlannedRun, step: number, train_mean_nll: number): SweepEvent => ({
  type: 'progress',
  run,
  change: { type: 'rows', anew: false, rows: [{ step, train_mean_nll, learning_rate: 0.0003 }] },
});

const started = (run: PlannedRun): SweepEvent => ({
  type: 'progress',
  run,
  change: { type: 'status', status: { ...pendingStatus(), total_steps: run.max_steps } },
});

const BEST = { config_hash: '', axes: { learning_rate: 0.001 }, mean: 2.0421, sd: null, n: 1, planned: 2 };

function settled(run: PlannedRun, value: number | null): Extract<SweepEvent, { type: 'settled' }> {
  const outcome = { run, directory: run.directory, state: value === null ? 'failed' : 'done', error: null } as const;
  const result = value === null ? null : { metric: 'test/nll', value };
  return { type: 'settled', outcome, result, best: BEST };
}

/** A sweep of six: one done, one failed, two under way for a minute, two to go. */
function midway(): LiveTable {
  let time = 0;
  const table = new LiveTable(toCome(RUNS), headlineOf, () => time);
  const [first, second, third, fourth] = RUNS;
  for (const event of [
    { type: 'launched', run: first } as const,
    started(first),
    row(first, 0, 5),
    row(first, 199, 2.1),
    settled(first, 2.0421),
    settled(second, null),
    { type: 'launched', run: third } as const,
    { type: 'launched', run: fourth } as const,
    started(third),
    started(fourth),
    row(third, 0, 5.2),
    row(fourth, 0, 5.3),
  ])
    table.update(event);
  time = 60_000;
  table.update(row(third, 119, 2.3456789));
  table.update(row(fourth, 49, 3.25));
  return table;
}

it('shows seed, loss and time left in 60 columns', () => {
  expect(midway().lines(60, 20).join('\n')).toMatchInlineSnapshot(`
    "1/6  1m43s left  1 done, 1 failed, 2 running, 2 to go
    best so far  2.042 (1 of 2 seeds)  learning_rate=0.001
      learning_rate=0.00…,seed=0  120/200  nll 2.346  41s left
      learning_rate=0.00…,seed=1  50/200   nll 3.25   3m04s left"
  `);
});

it('keeps what tells runs and configurations apart where 60 columns have room for it', () => {
  const runs = [
    run('learning_rate=0.003,lora_rank=16,seed=0', 8),
    run('learning_rate=0.003,lora_rank=4,seed=0', 8),
  ] as const;
  let time = 0;
  const table = new LiveTable(toCome(runs), headlineOf, () => time);
  for (const each of runs) {
    table.update({ type: 'launched', run: each });
    table.update(row(each, 0, 5.2));
  }
  const best = { ...BEST, axes: { learning_rate: 0.003, lora_rank: 16, 'dataset.batch_size': 8 } };
  table.update({ ...settled(RUNS[0], 2.0421), best });
  time = 4_000;
  table.update(row(runs[0], 6, 3.481));
  expect(table.lines(60, 20).slice(1).join('\n')).toMatchInlineSnapshot(`
    "best so far  2.042 (1 of 2 seeds)
      learning_rate=0.003 lora_rank=16 dataset.batch_size=8
      learning_rate=0.003,lora_rank=16,seed=0  7/8  nll 3.481
      learning_rate=0.003,lora_rank=4,seed=0   1/8  nll 5.2"
  `);
});

it('breaks what scrolls by between words, and leaves out hashes', () => {
  let screen = '';
  const terminal = { columns: 60, rows: 24, write: (text: string) => (screen += text) };
  let time = 0;
  const reporter = terminalReporter(toCome(RUNS), headlineOf, terminal, () => time);
  reporter.onEvent({ type: 'launched', run: RUNS[2] });
  time = 17_000;
  reporter.onEvent({ ...settled(RUNS[2], 2.0421), best: { ...BEST, config_hash: LONG } });
  reporter.onEvent({ type: 'stopping' });
  reporter.close();
  const kept = screen.split('\u001b[J').map((drawn) => drawn.split(/^\d\/6 /m)[0] ?? '');
  expect(kept.join('')).toMatchInlineSnapshot(`
    "
    started
      learning_rate=0.0003,dataset.batch_size=128,lora_rank=16,seed=0
    [1/6] done
      learning_rate=0.0003,dataset.batch_size=128,lora_rank=16,seed=0:
      test/nll 2.042 in 17s, its configuration leads
    stopping: runs finish their step and save a checkpoint; a
      second signal ends them at once
    "
  `);
});

it('shows more of a name in 80', () => {
  expect(midway().lines(80, 20).join('\n')).toMatchInlineSnapshot(`
    "1/6  1m43s left  1 done, 1 failed, 2 running, 2 to go
    best so far  2.042 (1 of 2 seeds)  learning_rate=0.001
      learning_rate=0.0003,dataset.batch_siz…,seed=0  120/200  nll 2.346  41s left
      learning_rate=0.0003,dataset.batch_siz…,seed=1  50/200   nll 3.25   3m04s left"
  `);
});

it('shows the other figures, and bars, where they take room from nothing else', () => {
  expect(midway().lines(120, 20).join('\n')).toMatchInlineSnapshot(`
    "1/6  1m43s left  1 done, 1 failed, 2 running, 2 to go
    best so far  2.042 (1 of 2 seeds)  learning_rate=0.001
      learning_rate=0.0003,dataset.batch_size=128,lora_rank=16,seed=0  120/200  nll 2.346  41s left    lr 0.0003
      learning_rate=0.0003,dataset.batch_size=128,lora_rank=16,seed=1  50/200   nll 3.25   3m04s left  lr 0.0003"
  `);
  expect(midway().lines(140, 20).join('\n')).toMatchInlineSnapshot(`
    "1/6  1m43s left  1 done, 1 failed, 2 running, 2 to go
    best so far  2.042 (1 of 2 seeds)  learning_rate=0.001
      learning_rate=0.0003,dataset.batch_size=128,lora_rank=16,seed=0  120/200  nll 2.346  41s left    lr 0.0003  ███████░░░░░
      learning_rate=0.0003,dataset.batch_size=128,lora_rank=16,seed=1  50/200   nll 3.25   3m04s left  lr 0.0003  ███░░░░░░░░░"
  `);
});

it('never writes more than fits', () => {
  for (let width = 10; width < 140; width += 7) {
    for (let height = 0; height < 6; height++) {
      const lines = midway().lines(width, height);
      expect(lines.length).toBeLessThanOrEqual(height);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
    }
  }
});

it('counts the steps of a run, and shows what they measure, though the last evaluation is logged behind them', () => {
  const table = midway();
  const [, , third] = RUNS;
  const rows: Row[] = [
    { step: 199, train_mean_nll: 1.5, 'test/nll': 2 },
    { step: 200, 'test/nll': 1.75, 'test/bpb': 0.5 },
  ];
  const headline = [
    { metric: 'test/bpb', goal: 'minimize', label: 'test/bpb' } as const,
    { metric: 'train_mean_nll', goal: 'minimize', label: 'nll' } as const,
  ];
  const measured = new LiveTable(
    toCome(RUNS),
    () => headline,
    () => 0,
  );
  for (const each of [table, measured]) {
    each.update({ type: 'launched', run: third });
    each.update({ type: 'progress', run: third, change: { type: 'rows', anew: false, rows } });
    expect(each.lines(140, 20).join('\n')).toContain('  200/200  nll 1.5');
  }
});

it('foresees the time from the pace of steps: what runs take to start counts once for each', () => {
  let time = 0;
  const runs = Array.from({ length: 22 }, (_, i) => run(`size=${i}`, 88));
  const table = new LiveTable(toCome(runs), headlineOf, () => time);
  const at = (seconds: number, event: SweepEvent) => {
    time = seconds * 1000;
    table.update(event);
    return table.lines(80, 1)[0];
  };
  const [a = RUNS[0], b = RUNS[1], c = RUNS[2]] = runs;
  at(0, { type: 'launched', run: a });
  at(0, { type: 'launched', run: b });
  at(4, started(a));
  expect(at(4.1, row(a, 0, 5))).toBe('0/22  2 running, 20 to go');
  // 22 runs of 88 steps of 0.1 s, and the start of 21 of them, 2 at a time: 97 s and 43 s.
  expect(at(4.2, row(a, 1, 5))).toBe('0/22  2m20s left  2 running, 20 to go');
  at(4.2, started(b));
  at(4.2, row(b, 0, 5));
  at(12.9, settled(a, 2));
  at(12.9, { type: 'launched', run: c });
  expect(at(12.9, row(b, 87, 5))).toBe('1/22  2m10s left  1 done, 2 running, 19 to go');
});

it('says that a configuration leads whose run is not itself the best', () => {
  const lines: string[] = [];
  const reporter = plainReporter(
    2,
    (line) => lines.push(line),
    () => 0,
  );
  const own = { ...BEST, config_hash: RUNS[0].config_hash };
  reporter.onEvent({ ...settled(RUNS[0], 3), best: own });
  reporter.onEvent({ ...settled(RUNS[0], 2), best: { ...own, planned: 1 } });
  expect(lines.map((line) => line.slice(line.indexOf(':')))).toEqual([
    ': test/nll 3, its configuration leads',
    ': test/nll 2, best so far',
  ]);
});

it('goes back to where a run resumes', () => {
  const table = midway();
  const [, , third] = RUNS;
  table.update({ type: 'progress', run: third, change: { type: 'rows', anew: true, rows: [{ step: 99 }] } });
  expect(table.lines(80, 20)[2]).toContain('100/200');
  const status = { ...pendingStatus(), total_steps: 400 };
  table.update({ type: 'progress', run: third, change: { type: 'status', status } });
  expect(table.lines(80, 20)[2]).toContain('100/400');
});

it('counts runs that were never started as still to go, when a sweep is stopped', () => {
  const table = midway();
  for (const run of RUNS.slice(2, 4)) {
    const outcome = { run, directory: run.directory, state: 'interrupted', error: null } as const;
    table.update({ type: 'settled', outcome, result: null, best: BEST });
  }
  for (const run of RUNS.slice(4)) {
    const outcome = { run, directory: run.directory, state: 'pending', error: null } as const;
    table.update({ type: 'settled', outcome, result: null, best: BEST });
  }
  expect(table.lines(80, 20)[0]).toBe('1/6  1 done, 1 failed, 2 interrupted, 2 to go');
});

it('tells runs of a study that wait at a rung from those that are still to be asked for', () => {
  const runs = [run('rate=0.1,seed=0', 8), run('rate=0.2,seed=0', 8)];
  const [first = run('none'), second = run('none')] = runs;
  const table = new LiveTable({ runs: [], total: 6 }, headlineOf, () => 0);
  const lines = () => table.lines(80, 20);
  table.update({ type: 'asked', trial: 0, runs });
  for (const each of runs) table.update({ type: 'launched', run: each });
  table.update({ type: 'waiting', run: first, step: 2, value: 1.5 });
  expect(lines()[0]).toBe('0/6  1 running, 1 waiting, 4 to go');
  table.update({ type: 'promoted', run: first, until: 4 });
  table.update({ type: 'launched', run: first });
  table.update(settled(first, 1.2));
  table.update(settled(second, 1.4));
  expect(lines()[0]).toBe('2/6  2 done, 4 to go');
});

it('redraws from the start of the line, where a key may have left its echo, and leaves nothing behind', () => {
  let written = '';
  const write = (text: string) => {
    written += text;
  };
  const reporter = terminalReporter(toCome(RUNS), headlineOf, { write, columns: 60, rows: 24 }, () => 0);
  reporter.onEvent({ type: 'launched', run: RUNS[0] });
  written = '';
  reporter.onEvent({ type: 'stopping' });
  expect(written.startsWith('\r\u001b[2A\u001b[J')).toBe(true);
  written = '';
  reporter.close();
  expect(written).toBe('\r\u001b[2A\u001b[J');
});
