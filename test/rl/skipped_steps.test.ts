// Runs whose steps had nothing to train on: what they end as, what they say, and how they go on.

import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pc from 'picocolors';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import { judgeSteps } from '../../src/rl/skipped_steps.ts';
import type { RunEvent } from '../../src/run/events.ts';
import { finalScreen } from '../../src/run/reporters/final_screen.ts';
import { runFile } from '../../src/run/run_spec.ts';
import { exitCodeOf } from '../../src/run_files/status.ts';
import type { Metrics } from '../../src/training/types.ts';
import { writeChatModel } from '../support/chat_model.ts';
import { begun, evenTokens, hooks } from './support/token_envs.ts';

let directory: string;

const SPEC = `
trainer: rl
model_name: ./model
service: {builder: local, threads: 1}
dataset: {builder: even_tokens, batch_size: 2, n_batches: 3}
max_tokens: 6
learning_rate: 0.02
lora_rank: 4
save_every: 1
`;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-rl-skipped-'));
  await writeChatModel(join(directory, 'model'));
  await writeFile(join(directory, 'spec.yaml'), SPEC);
});

beforeEach(() => {
  begun.length = 0;
  hooks.begin = () => undefined;
});

async function run(name: string, overrides: string[], stopAfter?: number) {
  const registry = builtinRegistry();
  registry.add(evenTokens);
  const stop = new AbortController();
  let hint: string | null = null;
  const onEvent = (event: RunEvent) => {
    if (event.type === 'step' && event.step === stopAfter) stop.abort();
    if (event.type === 'failed') hint = event.hint;
  };
  const ended = await runFile(join(directory, 'spec.yaml'), {
    registry,
    overrides: [`log_path=${join(directory, name)}`, ...overrides],
    cwd: directory,
    env: {},
    argv: ['run', 'spec.yaml'],
    ask: null,
    onEvent,
    signal: stop.signal,
  });
  const file = (path: string) => readFile(join(directory, name, path), 'utf8');
  const rows: Metrics[] = (await file('metrics.jsonl'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const screen = finalScreen(ended, pc.createColors(false)).join('\n');
  return { ...ended, hint, rows, screen, log: await file('logs.log') };
}

/** The first of three batches fails as a whole, and the others do not. */
const FIRST_FAILS = ['dataset.faults=[throws, throws, none, none, none, none]'];
const WARNING =
  '1 of 3 steps had nothing to train on: all groups failed (2 groups failed in the run: rollout_errors/*). ' +
  'rollout_error_tolerance=fail_fast ends a run with the first error of a group and its stack.';

describe('some steps', () => {
  it('are told of on the last screen, in the log and in the status', async () => {
    const { status, screen, log, rows } = await run('some', FIRST_FAILS);
    expect(rows.map((row) => row['optim/skipped_update'])).toEqual([1, undefined, undefined]);
    expect(status).toMatchObject({ state: 'done', warnings: [WARNING] });
    expect(screen).toContain(`is done after 3 steps\n\nwarning: ${WARNING}\n`);
    expect(log).toContain(`done after 3 steps\n`);
    expect(log).toContain(`warning: ${WARNING}\n`);
  });

  it('are told of by a run that is done already, too', async () => {
    const { executed, screen } = await run('some', FIRST_FAILS);
    expect(executed).toBe(false);
    expect(screen).toContain(`warning: ${WARNING}\n`);
  });

  it('are told of alike after a stop', async () => {
    const stopped = await run('some_stopped', FIRST_FAILS, 1);
    expect(stopped.status).toMatchObject({ state: 'interrupted', step: 2 });
    expect(stopped.screen).toContain('warning: 1 of 2 steps had nothing to train on');
    const { status } = await run('some_stopped', FIRST_FAILS);
    expect(status).toMatchObject({ state: 'done', warnings: [WARNING] });
  });

  it('are counted among those of training, not with the evaluation behind them', async () => {
    const { status } = await run('some_tested', [...FIRST_FAILS, 'dataset.test=true', 'eval_every=2']);
    expect(status.warnings).toEqual([WARNING]);
  });

  it('are none of a run in which each had an update', async () => {
    const { status, screen } = await run('none', []);
    expect(status.warnings).toEqual([]);
    expect(screen).not.toContain('warning');
  });
});

describe('all steps', () => {
  const down = () => {
    throw new Error('the game server is down');
  };

  it('are a failure, which says why and what to do', async () => {
    const { status, hint, screen } = await run('all', ['dataset.faults=[throws]']);
    expect(status).toMatchObject({ state: 'failed', step: 3, sampler_path: null });
    expect(exitCodeOf(status.state)).toBe(1);
    expect(status.error).toEqual({
      code: 'TRAINING',
      message:
        'the policy was never updated: all groups failed in each of 3 steps (6 groups failed in the run: rollout_errors/*)',
    });
    expect(hint).toContain('rollout_error_tolerance=fail_fast');
    expect(screen).toContain('failed after 3 of 3 steps');
    expect(screen).toContain('start again from the beginning, once that is mended');
  });

  it.each(['', 'async_config={max_steps_off_policy: 0, groups_per_batch: 2}'])(
    'leave nothing to go on from, so that the same command begins anew: %s',
    async (mode) => {
      const name = `down_${mode.slice(0, 5)}`;
      const overrides = mode === '' ? [] : [mode];
      hooks.begin = down;
      expect((await run(name, overrides)).status.state).toBe('failed');
      for (const kind of ['weights', 'sampler_weights'])
        expect(await readdir(join(directory, name, 'checkpoints', kind))).toEqual([]);
      hooks.begin = () => undefined;
      begun.length = 0;
      const { status, rows } = await run(name, overrides);
      expect(status).toMatchObject({ state: 'done', step: 3 });
      expect(status.warnings).toEqual([]);
      expect([...begun].sort()).toEqual([0, 1, 2, 3, 4, 5]);
      expect(rows.some((row) => 'optim/skipped_update' in row)).toBe(false);
    },
  );

  it('are a failure after a stop, too', async () => {
    const overrides = ['dataset.faults=[throws]'];
    expect((await run('all_stopped', overrides, 1)).status.state).toBe('interrupted');
    const { status } = await run('all_stopped', overrides);
    expect(status.error?.message).toContain('all groups failed in each of 3 steps (6 groups');
  });

  it('of constant rewards are one where these are left out', async () => {
    const { status, hint } = await run('constant', [
      ...['dataset.faults=[constant]', 'remove_constant_reward_groups=true'],
      'stream_minibatch_config={groups_per_batch: 2, num_minibatches: 2}',
    ]);
    expect(status.error?.message).toContain('the groups had one reward each and were left out in each of 3 steps');
    expect(hint).toContain('resample_constant_groups');
  });
});

describe('steps on rewards that never differ', () => {
  const WARNING = 'rewards have taught nothing: in no group did they differ (env/all/by_group/frac_mixed).';
  const constant = ['dataset.faults=[constant]', 'dataset.n_batches=2'];

  it.each([
    ['trained on', []],
    ['left out but for one group a step', ['remove_constant_reward_groups=true']],
    ['trained on, where some steps have none', ['dataset.faults=[throws, throws, constant, constant]']],
  ])('are told of at the end: %s', async (name, overrides) => {
    const { status, screen } = await run(`constant_${name}`, [...constant, ...overrides]);
    expect(status.state).toBe('done');
    expect(status.warnings?.at(-1)).toContain(WARNING);
    expect(screen).toContain(`warning: ${WARNING} Groups of constant reward teach nothing: make`);
  });

  it('are no matter where other steps had some that did, or the penalty teaches', async () => {
    const some = ['dataset.faults=[constant, constant, none, none]', 'dataset.n_batches=2'];
    expect((await run('constant_some', some)).status.warnings).toEqual([]);
    expect((await run('constant_penalty', [...constant, 'kl_penalty_coef=0.1'])).status.warnings).toEqual([]);
  });
});

describe('the reasons', () => {
  const skipped = (row: Metrics) => ({ 'optim/lr': 0.1, 'optim/skipped_update': 1, ...row });
  const updated = { 'optim/lr': 0.1, 'loss:sum': 0.5 };
  const judge = (rows: Metrics[], remove = true) =>
    judgeSteps(rows, { remove_constant_reward_groups: remove, kl_penalty_coef: 0 }).warnings[0] ?? null;
  const played = { 'env/all/total_episodes': 4, 'env/all/total_ac_tokens': 9 };

  it('are told apart, each with what helps', () => {
    const rows: Metrics[] = [
      skipped({ 'env/all/total_episodes': 0, 'rollout_errors/groups_skipped': 1 }),
      skipped({ ...played, 'env/all/by_group/frac_mixed': 0 }),
      skipped({ ...played, 'env/all/by_group/frac_mixed': 1 }),
      skipped({ ...played, 'env/all/total_ac_tokens': 0, 'env/all/by_group/frac_mixed': 0 }),
      { ...updated, 'rollout_errors/groups_skipped': 1 },
      { 'progress/batch': 5, 'test/env/all/reward/total': 0 },
    ];
    expect(judge(rows)).toMatchInlineSnapshot(
      `"4 of 5 steps had nothing to train on: in 1 all groups failed, in 1 the groups had one reward each and were left out, in 2 no token was to be trained (1 group failed in the run: rollout_errors/*). rollout_error_tolerance=fail_fast ends a run with the first error of a group and its stack. Groups of constant reward teach nothing: make the problems easier or harder, raise group_size or temperature, or set resample_constant_groups. Nothing is trained of prompts that leave no room for an answer, of turns that are masked, and of what mask_truncated leaves out."`,
    );
  });

  it('blame no constant rewards that are trained on', () => {
    const rows = [skipped({ ...played, 'env/all/by_group/frac_mixed': 0 }), updated];
    expect(judge(rows, false)).toContain('1 of 2 steps had nothing to train on: no token was to be trained');
  });

  it('blame the judge where replies were compared and all were judged alike', () => {
    const alike = { ...played, 'env/all/by_group/frac_mixed': 0, 'env/all/win_minus_loss': 0 };
    for (const rows of [[skipped(alike), updated], [{ ...updated, ...alike }]]) {
      expect(judge(rows)).toContain('Look at the judge: a preference_model that has learned nothing');
      expect(judge(rows)).not.toContain('make the problems easier');
    }
  });

  it('leave out the step at which a policy was found to be broken', () => {
    expect(judge([updated, skipped({ ...played, 'loss:sum': 'NaN' })])).toBeNull();
  });
});
