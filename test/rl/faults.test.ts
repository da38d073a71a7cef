// What goes wrong in environments and graders: each a defined, logged outcome, and never a lost run.

import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import type { RunEvent } from '../../src/run/events.ts';
import { runFile } from '../../src/run/run_spec.ts';
import { validateCommand } from '../../src/validate/command.ts';
import { writeChatModel } from '../support/chat_model.ts';
import { evenTokens, hooks } from './support/token_envs.ts';

let directory: string;

const SPEC = `
trainer: rl
model_name: ./model
service: {builder: local, threads: 1}
dataset: {builder: even_tokens, batch_size: 2, n_batches: 2}
max_tokens: 6
learning_rate: 0.02
lora_rank: 4
`;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-rl-faults-'));
  await writeChatModel(join(directory, 'model'));
  await writeFile(join(directory, 'spec.yaml'), SPEC);
});

function createRegistry() {
  const registry = builtinRegistry();
  registry.add(evenTokens);
  return registry;
}

async function run(name: string, overrides: string[]) {
  const registry = createRegistry();
  const warnings: string[] = [];
  const onEvent = (event: RunEvent) => {
    if (event.type === 'warning') warnings.push(event.message);
  };
  const finished = await runFile(join(directory, 'spec.yaml'), {
    registry,
    overrides: [`log_path=${join(directory, name)}`, ...overrides],
    cwd: directory,
    env: {},
    argv: [],
    ask: null,
    onEvent,
    signal: new AbortController().signal,
  });
  const text = await readFile(join(directory, name, 'metrics.jsonl'), 'utf8').catch(() => '');
  const rows: Record<string, unknown>[] = text
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
  return { ...finished, directory: join(directory, name), warnings, rows };
}

/** A busy machine is slow at what hangs nowhere, so that only those are given up early that do. */
const patienceWith = (fault: string) =>
  fault.includes('hangs') ? ['rollout_timeout_seconds=1', 'grader_timeout_seconds=1'] : [];

/** The second group of each batch is faulty. */
const half = (fault: string) => `dataset.faults=[none, ${fault}]`;
const all = (fault: string) => `dataset.faults=[${fault}]`;

describe('a group that fails', () => {
  it.each([
    ['throws', 'RangeError'],
    ['nan_reward', 'non_finite_reward'],
    ['hangs', 'rollout_timeout'],
    ['grader_throws', 'SyntaxError'],
    ['grader_hangs', 'grader_timeout'],
    ['grader_nan', 'non_finite_reward'],
    ['make_throws', 'TypeError'],
    ['no_envs', 'AllTrajectoriesFailedError'],
  ])('is left out and counted: %s', async (fault, type) => {
    const { status, rows, warnings } = await run(`half_${fault}`, [half(fault), ...patienceWith(fault)]);
    expect(status.state).toBe('done');
    expect(rows[1]['rollout_errors/groups_skipped']).toBe(2);
    expect(Number(rows[1][`rollout_errors/${type}`])).toBeGreaterThanOrEqual(2);
    expect(rows[0]['env/all/total_episodes']).toBe(3);
    expect(warnings.filter((warning) => warning.includes(type))).toHaveLength(1);
  });

  it.each(['throws', 'grader_hangs', 'make_throws', 'no_envs'])(
    'with all of its batch leaves the policy as it is: %s',
    async (fault) => {
      const { status, rows, warnings } = await run(`all_${fault}`, [all(fault), ...patienceWith(fault)]);
      expect(status.state).toBe('failed');
      expect(warnings.filter((warning) => warning.startsWith('step 0 trains on nothing'))).toHaveLength(1);
      expect(rows.map((row) => row['optim/skipped_update'])).toEqual([1, 1]);
      expect(rows[1]['rollout_errors/groups_skipped']).toBe(4);
      expect(rows[1]['env/all/total_episodes']).toBe(0);
      expect(rows[1]).not.toHaveProperty(['env/all/reward/total']);
    },
  );

  it.each([
    'async_config={max_steps_off_policy: 1, groups_per_batch: 2}',
    'stream_minibatch_config={groups_per_batch: 2, num_minibatches: 2}',
  ])('is left out in every mode: %s', async (mode) => {
    const name = mode.slice(0, 5);
    expect((await run(`${name}_half`, [half('throws'), mode])).status.state).toBe('done');
    const { status, rows, warnings } = await run(`${name}_all`, [all('throws'), mode]);
    expect(warnings.filter((warning) => warning.includes('trains on nothing'))).toHaveLength(1);
    expect(status.state).toBe('failed');
    expect(rows.at(-1)?.['rollout_errors/groups_skipped']).toBe(4);
  });

  it('is tried again, and trained on when it succeeds', async () => {
    const { rows } = await run('retried', [half('throws_once')]);
    expect(rows.map((row) => row['env/all/total_episodes'])).toEqual([6, 6]);
    expect(rows[1]['rollout_errors/total']).toBe(2);
    expect(rows[1]['rollout_errors/groups_skipped']).toBeUndefined();
  });

  it('trains with what is left of it, where that is enough', async () => {
    const { rows } = await run('viable', [
      half('throws_once'),
      'rollout_error_tolerance={builder: min_viable_group, min_successful: 2}',
    ]);
    expect(rows.map((row) => row['env/all/total_episodes'])).toEqual([5, 5]);
  });

  it('ends the run where that was asked for, and says why', async () => {
    const { status } = await run('fast', [half('throws'), 'rollout_error_tolerance=fail_fast']);
    expect(status.state).toBe('failed');
    expect(status.error?.message).toContain('out of range');
  });

  it.each(['training', 'test'])('ends the run at once, with what is under way in its %s', async (where) => {
    const closed: number[] = [];
    hooks.close = (group) => closed.push(group);
    const patient = ['rollout_timeout_seconds=1000', 'grader_timeout_seconds=1000'];
    const faults = 'dataset.faults=[throws, hangs]';
    const { status } = await run(`hanging_${where}`, [
      ...[faults, 'rollout_error_tolerance=fail_fast', `dataset.test=${where === 'test'}`],
      ...patient,
    ]);
    expect(status.state).toBe('failed');
    expect(closed).toContain(1);
  });
});

describe('a batch with nothing to learn', () => {
  it('of episodes that are too long to begin still counts their rewards', async () => {
    const { rows } = await run('overflow', [all('overflow')]);
    expect(rows[0]['env/all/reward/total']).toBe(-1);
    expect(rows[0]['optim/skipped_update']).toBe(1);
  });

  it('of turns that are not to be trained on is no update', async () => {
    const { rows } = await run('masked', [all('masked')]);
    expect(rows.map((row) => row['optim/skipped_update'])).toEqual([1, 1]);
  });

  it('of constant rewards keeps one group', async () => {
    const { rows } = await run('constant', [all('constant'), 'remove_constant_reward_groups=true']);
    expect(rows[0]['tokens/trained']).toBeGreaterThan(0);
    expect(rows[0]['env/all/total_episodes']).toBe(6);
    expect(rows[0]['env/all/by_group/frac_all_bad']).toBe(1);
  });

  it('of constant rewards is rolled out again, as often as is allowed', async () => {
    const { rows } = await run('resampled', [all('constant'), 'resample_constant_groups=2']);
    const sampled = Number(rows[0]['tokens/sampled']);
    expect(Number(rows[0]['tokens/cumulative/sampled'])).toBeGreaterThan(2 * sampled);
    expect(Number(rows[0]['tokens/discarded/sampled'])).toBeGreaterThan(sampled);
  });

  it.each([
    ['kept', 'uneven', 0],
    ['rolled out again', 'evened', 1],
  ])('is judged by the reward that is trained on, penalty for length included: %s', async (_, fault, discarded) => {
    const overrides = ['resample_constant_groups=1', 'overlong_buffer_tokens=1', 'overlong_penalty=1'];
    const { directory, rows } = await run(`judged_${fault}`, [all(fault), ...overrides]);
    const sampled = Number(rows[0]['tokens/sampled']);
    expect(sampled).toBe(2 * (1 + 6 + 6));
    expect(rows[0]['tokens/discarded/sampled'] ?? 0).toBe(discarded * sampled);
    expect(rows[0]['env/all/by_group/frac_mixed']).toBe(1 - discarded);
    expect(rows[0]['env/all/overlong_penalty']).toBeCloseTo(2 / 3, 12);
    const mean = fault === 'uneven' ? (0.25 - 0.75 - 0.75) / 3 : 0.25;
    expect(rows[0]['env/all/reward/total']).toBeCloseTo(mean, 12);
    const summaries = await readFile(join(directory, 'iteration_000000/train_rollout_summaries.jsonl'), 'utf8');
    const told = summaries.trimEnd().split('\n').slice(0, 3);
    expect(told.map((line) => JSON.parse(line).total_reward)).toEqual(
      fault === 'uneven' ? [0.25, -0.75, -0.75] : [0.25, 0.25, 0.25],
    );
    const [, long] = told.map((line) => JSON.parse(line));
    expect(long).toMatchObject({ final_reward: -1, trajectory_metrics: { overlong_penalty: 1 } });
  });

  it('of groups of one has no advantage', async () => {
    const { status, rows } = await run('alone', ['dataset.group_size=1', 'advantage=normalized']);
    expect(status.state).toBe('done');
    expect(rows[0].grad_norm).toBe(0);
  });
});

describe('a policy that training has broken', () => {
  it.each([
    '',
    'async_config={max_steps_off_policy: 0, groups_per_batch: 2}',
    'stream_minibatch_config={groups_per_batch: 2, num_minibatches: 2}',
  ])('ends the run as one that diverged: %s', async (mode) => {
    const overrides = ['learning_rate=1e300', 'dataset.n_batches=3', ...(mode === '' ? [] : [mode])];
    const { status, rows } = await run(`diverged_${mode.slice(0, 5)}`, overrides);
    expect(status).toMatchObject({ state: 'diverged', error: null, step: 2 });
    expect(rows[1]).toMatchObject({ 'loss:sum': 'NaN', 'optim/skipped_update': 1, 'env/all/total_episodes': 6 });
  });
});

describe('a large group', () => {
  it('warns of no leak: its episodes wait for one signal', async () => {
    const warned: Error[] = [];
    const listen = (warning: Error) => warned.push(warning);
    process.on('warning', listen);
    await run('large', ['dataset.group_size=24', 'dataset.n_batches=1']);
    process.off('warning', listen);
    expect(warned).toEqual([]);
  });
});

describe('a combination that cannot work', () => {
  it.each([
    ['dataset.n_batches=0'],
    ['stream_minibatch_config={groups_per_batch: 3, num_minibatches: 1}'],
    ['stream_minibatch_config={groups_per_batch: 2, num_minibatches: 4}'],
    [
      'stream_minibatch_config={groups_per_batch: 2, num_minibatches: 2}',
      'async_config={max_steps_off_policy: 1, groups_per_batch: 4}',
    ],
    ['stream_minibatch_config={groups_per_batch: 2, num_minibatches: 2}', 'advantage=batch_normalized'],
  ])('is refused before anything is rolled out: %j', async (...overrides) => {
    const { status } = await run(`refused_${overrides.join('')}`.replaceAll(/\W+/g, '_').slice(0, 60), overrides);
    expect(status.state).toBe('failed');
    expect(status.error?.message).toMatchSnapshot();
  });
});

it('a setting that the loss does not have is told before there is a run', async () => {
  await expect(run('unknown_setting', ['loss_fn=grpo', 'loss_fn_config.epsilonn=0.1'])).rejects.toThrow(
    'loss_fn_config: loss grpo has no setting "epsilonn"; it has epsilon, epsilon_high, delta',
  );
  await expect(readdir(join(directory, 'unknown_setting'))).rejects.toThrow('ENOENT');
});

it('a loss that the service does not compute as it is set up is told before there is a run', async () => {
  const overrides = ['loss_fn=stable_reinforce', 'service={builder: tinker}'];
  const reason = 'Set service.record_stability_info: true.';
  await expect(run('unnoted', overrides)).rejects.toThrow(reason);
  await expect(readdir(join(directory, 'unnoted'))).rejects.toThrow('ENOENT');
  const argv = [join(directory, 'spec.yaml'), 'log_path=never', ...overrides];
  const { diagnostics } = await validateCommand(argv, createRegistry, { cwd: directory, env: {} });
  expect(diagnostics).toMatchObject([{ path: 'loss_fn', message: expect.stringContaining(reason) }]);
});

it('stable_reinforce trains with the engine of this package', async () => {
  const { status, rows } = await run('stable_reinforce', ['loss_fn=stable_reinforce', 'loss_fn_config.kl_coeff=0.1']);
  expect(status.state).toBe('done');
  expect(rows[0].grad_norm).toBeGreaterThan(0);
});
