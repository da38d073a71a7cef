// The official Python cookbook, unmodified, with the SDK that it asks for, trains to the end against our server: its recipes as they
// are started, and its loops as programs call them.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { openServer } from '../support/tinker_server.ts';
import { cookbookWorld } from './cookbook_world.ts';
import { pypiPackages } from './packages.ts';

/** Each takes some ten seconds where nothing else runs, most of them until PyTorch is loaded. */
const PROGRAM_MS = 300_000;
const python = inject('python');
const REQUIREMENTS = join(import.meta.dirname, 'cookbook_requirements.txt');
const EXAMPLE_DATA = join(import.meta.dirname, '../../example_data');
const DRIVER = join(import.meta.dirname, 'official_cookbook.py');

const packages =
  python === null
    ? { missing: 'there is no Python' }
    : await pypiPackages(python, 'tinker-cookbook-official', REQUIREMENTS);
if ('missing' in packages) process.stderr.write(`interop: THE OFFICIAL COOKBOOK IS SKIPPED: ${packages.missing}\n`);

type Row = Record<string, unknown>;

/** Of the last checkpoint. */
const SAVED = expect.objectContaining({
  name: 'final',
  state_path: expect.stringMatching(/^tinker:.*\/weights\/final$/),
  sampler_path: expect.stringMatching(/^tinker:.*\/sampler_weights\/final$/),
});

describe.skipIf('missing' in packages)('the official cookbook', { timeout: 2 * PROGRAM_MS }, () => {
  let directory: string;
  let models: Record<string, string>;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cookbook-official-'));
    models = await cookbookWorld(directory);
  });

  afterAll(() => rm(directory, { recursive: true, force: true }));

  async function rowsOf(path: string): Promise<Row[]> {
    const text = await readFile(join(directory, path), 'utf8');
    return text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  }

  /** Runs a program to its end against a server of its own, and reads what it leaves. */
  async function run(argv: string[], log: string, server: Awaited<ReturnType<typeof open>>) {
    await execa(python ?? '', ['-W', 'ignore', ...argv], {
      cwd: directory,
      timeout: PROGRAM_MS,
      env: {
        PYTHONPATH: 'missing' in packages ? '' : packages.directory,
        TINKER_BASE_URL: server.url,
        TINKER_API_KEY: 'tml-local',
        HF_HUB_OFFLINE: '1',
        HF_DATASETS_OFFLINE: '1',
        HF_HOME: join(directory, 'hub'),
        // Prices are asked of a website, which is not to be waited for.
        https_proxy: 'http://127.0.0.1:9',
      },
    });
    expect(server.failures).toEqual([]);
    return { metrics: await rowsOf(`${log}/metrics.jsonl`), checkpoints: await rowsOf(`${log}/checkpoints.jsonl`) };
  }

  const open = () => openServer({ models });

  /** The arguments that start a recipe, as its users do. */
  const recipe = (name: string, log: string, ...options: string[]) => [
    '-m',
    `tinker_cookbook.recipes.${name}`,
    `log_path=${log}`,
    ...options,
  ];

  /** Those of a program that calls a loop of the cookbook. */
  const loop = (name: string, steps: number) => [DRIVER, name, EXAMPLE_DATA, name, `${steps}`];

  /** As a run leaves its record that is killed before it saves its last checkpoint. */
  async function forgetLastCheckpoint(log: string): Promise<void> {
    const kept = (await rowsOf(`${log}/checkpoints.jsonl`)).slice(0, -1);
    const text = kept.map((row) => `${JSON.stringify(row)}\n`).join('');
    await writeFile(join(directory, log, 'checkpoints.jsonl'), text);
  }

  it('sl_loop', async () => {
    const options = ['batch_size=16', 'max_steps=6', 'learning_rate=0.02', 'lora_rank=8'];
    const { metrics, checkpoints } = await run(recipe('sl_loop', 'sl_loop', ...options), 'sl_loop', await open());
    expect(column(metrics, 'step')).toEqual([0, 1, 2, 3, 4, 5]);
    expectFall(column(metrics, 'train_mean_nll'));
    expect(checkpoints).toEqual([SAVED]);
  });

  it('sl_basic', async () => {
    const options = ['learning_rate=0.02', 'eval_every=2', 'lora_rank=8', 'num_epochs=2'];
    const { metrics, checkpoints } = await run(recipe('sl_basic', 'sl_basic', ...options), 'sl_basic', await open());
    expect(column(metrics, 'step')).toEqual([0, 1, 2, 3]);
    expectFall(column(metrics, 'train_mean_nll'));
    expectFall(column(metrics, 'test/nll'));
    expect(checkpoints).toEqual([SAVED]);
  });

  const RL = ['batch_size=4', 'group_size=16', 'max_tokens=24', 'learning_rate=0.02', 'lora_rank=8', 'save_every=2'];

  it('rl_loop, which trains by stable_reinforce, and goes on from where it was', async () => {
    const server = await open();
    const steps = (count: number) => recipe('rl_loop', 'rl_loop', ...RL, `max_steps=${count}`);
    const first = await run(steps(4), 'rl_loop', server);
    expect(await readFile(join(directory, 'rl_loop/config.json'), 'utf8')).toContain('"stable_reinforce"');
    expect(column(first.metrics, 'step')).toEqual([0, 1, 2, 3]);
    expect(first.checkpoints).toMatchObject([{ name: '000002', batch: 2 }, SAVED]);
    await forgetLastCheckpoint('rl_loop');

    const { metrics, checkpoints } = await run(steps(8), 'rl_loop', server);
    const since = metrics.slice(first.metrics.length);
    expect(column(since, 'step')).toEqual([2, 3, 4, 5, 6, 7]);
    expectRise(column(since, 'reward/total'));
    expect(checkpoints.map(({ name }) => name)).toEqual(['000002', '000002', '000004', '000006', 'final']);
  });

  it.each(['gspo', 'importance_sampling'])('rl_loop by %s', async (loss) => {
    const log = `rl_loop_${loss}`;
    const argv = recipe('rl_loop', log, ...RL, 'max_steps=5', `loss_fn=${loss}`);
    const { metrics, checkpoints } = await run(argv, log, await open());
    expectRise(column(metrics, 'reward/total'));
    expect(checkpoints.at(-1)).toEqual(SAVED);
  });

  it('supervised.train, which goes on from where it was', async () => {
    const log = 'supervised.train';
    const server = await open();
    const first = await run(loop(log, 4), log, server);
    expectFall(column(first.metrics, 'train_mean_nll'));
    expect(first.checkpoints).toMatchObject([{ name: '000002', batch: 2 }, SAVED]);
    await forgetLastCheckpoint(log);

    const { metrics } = await run(loop(log, 6), log, server);
    expect(column(metrics, 'step')).toEqual([0, 1, 2, 3, 4, 5]);
    // The cookbook saves when it has submitted the step, and the one ahead of it: what it goes on from has seen both.
    const [[before], [after]] = [first.metrics, metrics].map((rows) => column(rows.slice(2), 'train_mean_nll'));
    expect(after).toBeLessThan(before);
    expectFall(column(metrics, 'test/nll'));
  });

  it('rl.train, whose samplers agree with its trainer', async () => {
    const { metrics, checkpoints } = await run(loop('rl.train', 4), 'rl.train', await open());
    expect(column(metrics, 'env/all/reward/total')).toHaveLength(4);
    for (const kl of column(metrics, 'optim/kl_sample_train_v1')) expect(kl).toBeCloseTo(0, 4);
    // The reference is the base model, from which a fresh adapter does not differ.
    expect(metrics[0].kl_policy_base).toBeCloseTo(0, 4);
    expect(metrics[1].kl_policy_base).not.toBeCloseTo(0, 4);
    expect(checkpoints.at(-1)).toEqual(SAVED);
  });

  it('rl.train with samples of earlier weights, by stable_reinforce', async () => {
    const log = 'rl.train async';
    const { metrics, checkpoints } = await run(loop(log, 4), log, await open());
    expect(column(metrics, 'async/staleness_max')).toEqual([0, 1, 1, 1]);
    expect(Math.max(...column(metrics, 'grad_norm'))).toBeGreaterThan(0);
    expect(checkpoints.at(-1)).toEqual(SAVED);
  });

  it('train_dpo', async () => {
    const { metrics, checkpoints } = await run(loop('train_dpo', 4), 'train_dpo', await open());
    expect(metrics[0].dpo_loss).toBeCloseTo(Math.log(2), 5);
    expectFall(column(metrics, 'dpo_loss'));
    expect(metrics.at(-1)?.accuracy).toBe(1);
    expect(checkpoints.at(-1)).toEqual(SAVED);
  });
});

function column(rows: readonly Row[], name: string): number[] {
  return rows.flatMap(({ [name]: value }) => (typeof value === 'number' ? [value] : []));
}

function expectFall(values: readonly number[]): void {
  expect(values.length).toBeGreaterThan(1);
  expect(values[values.length - 1]).toBeLessThan(values[0]);
}

const expectRise = (values: readonly number[]) => expectFall(values.map((value) => -value));
