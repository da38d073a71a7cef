// The last screen of a sweep: what it leads to.

import { resolve } from 'node:path';
import pc from 'picocolors';
import { expect, it } from 'vitest';
import { finalScreen } from '../../src/sweep/reporters/final_screen.ts';
import type { SweepResult } from '../../src/sweep/run_sweep.ts';

const directory = resolve('runs/lr_grid/learning_rate=0.01,lora_rank=16,seed=2-0123456789ab');

const RESULT: SweepResult = {
  log_path: resolve('runs/lr_grid'),
  runs: 24,
  reused: 0,
  states: { pending: 0, running: 0, done: 24, stopped: 0, diverged: 0, failed: 0, interrupted: 0 },
  not_done: [],
  objective: { metric: 'test/nll', goal: 'minimize', at: 'last', stage: null },
  best: {
    config_hash: '',
    axes: { learning_rate: 0.01, lora_rank: 16 },
    mean: 0.0421,
    sd: 0.002,
    n: 3,
    planned: 3,
    best_run: { directory, value: 0.04, sampler_path: 'tinker://local/sampler_weights/final' },
  },
  tied: [],
  undecided: null,
};

const screen = (result: SweepResult, width?: number) =>
  finalScreen(result, ['sweep', 'sweeps/lr_grid.yaml'], pc.createColors(false), width).join('\n');

it('names the best run by the command that talks to it', () => {
  expect(screen(RESULT)).toMatchInlineSnapshot(`
    "
    24 of 24 runs are finished

      best      learning_rate=0.01 lora_rank=16
      test/nll  0.0421 ± 0.002 (3 seeds)

      directory  runs/lr_grid

      cookbook report runs/lr_grid  compare the configurations
      cookbook chat runs/lr_grid/learning_rate=0.01,lora_rank=16,seed=2-0123456789ab  talk to its best run"
  `);
});

it('offers no talk with a run that has trained no weights to sample from', () => {
  const { best } = RESULT;
  const silent = best === null ? null : { ...best, best_run: { directory, value: 0.04, sampler_path: null } };
  expect(screen({ ...RESULT, best: silent })).not.toContain('chat');
});

it('says how far the best run came where it was given up', () => {
  expect(screen({ ...RESULT, best_stopped: { step: 2, of: 10 } })).toContain(
    'best      learning_rate=0.01 lora_rank=16 (stopped at step 2 of 10)\n',
  );
});

it('says why no configuration is the best', () => {
  const why = (undecided: SweepResult['undecided']) =>
    screen({ ...RESULT, best: null, undecided })
      .split('\n')
      .filter((line) => line.includes('test/nll'))
      .join('');
  expect([why('none_counts'), why('all_tie'), why('one_measured')].join('\n')).toMatchInlineSnapshot(`
    "  test/nll  no configuration is the best: no run has a value that counts yet
      test/nll  no configuration is the best: all of them tie
      test/nll  no configuration is the best: only one has a value, the others have finished without"
  `);
});

it('breaks what does not fit a terminal between words, and no command', () => {
  const error = {
    code: 'X',
    message: 'data.jsonl:3: there are no messages in this row, and none in those that follow it',
  };
  const failed = { name: 'learning_rate=0.1,seed=0-0123456789ab', directory, state: 'failed' as const, error };
  expect(screen({ ...RESULT, not_done: [failed] }, 60)).toMatchInlineSnapshot(`
    "
    24 of 24 runs are finished

      best      learning_rate=0.01 lora_rank=16
      test/nll  0.0421 ± 0.002 (3 seeds)

      failed    learning_rate=0.1,seed=0-0123456789ab
                data.jsonl:3: there are no messages in this row,
                  and none in those that follow it
                  (runs/lr_grid/learning_rate=0.01,lora_rank=16,seed=2-0123456789ab/logs.log)

      directory  runs/lr_grid

      cookbook report runs/lr_grid  compare the configurations
      cookbook chat runs/lr_grid/learning_rate=0.01,lora_rank=16,seed=2-0123456789ab
          talk to its best run"
  `);
});
