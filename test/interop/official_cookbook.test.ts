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

const PROGRAM_MS = 120_000;
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
  const recipe = (name: string, log: string, ...options: string[]) => [
    ...['-m', `tinker_cookbook.recipes.${name}`, `log_path=${log}`],
    ...options,
  ];
  const loop = (name: string, log: string, ...options: string[]) => [DRIVER, name, EXAMPLE_DATA, log, ...options];

  /** As a run leaves them that is killed before it saves its last checkpoint. */
  async function forgetLastCheckpoint(log: string): Promise<void> {
    const kept = (await rowsOf(`${log}/checkpoints.jsonl`)).slice(0, -1);
    await writeFile(join(directory, log, 'checkpoints.jsonl'), kept.map((row) => `${JSON.stringify(row)}\n`).join(''));
  }

  it('sl_loop', async () => {
    const options = ['batch_size=16', 'max_steps=6', 'learning_rate=0.02', 'lora_rank=8'];
    const { metrics, checkpoints } = await run(recipe('sl_loop', 'sl_loop', ...options), 'sl_loop', await open());
    console.log(metrics, checkpoints);
  });

  it('sl_basic', async () => {
    const options = ['learning_rate=0.02', 'eval_every=1', 'lora_rank=8', 'num_epochs=2'];
    const { metrics, checkpoints } = await run(recipe('sl_basic', 'sl_basic', ...options), 'sl_basic', await open());
    console.log(metrics, checkpoints);
  });

  const RL = ['batch_size=4', 'group_size=16', 'max_tokens=24', 'learning_rate=0.02', 'lora_rank=8', 'save_every=2'];

  it('rl_loop, which learns by stable_reinforce, and goes on where it was', async () => {
    const server = await open();
    const argv = (steps: number) => recipe('rl_loop', 'rl_loop', ...RL, `max_steps=${steps}`);
    const first = await run(argv(4), 'rl_loop', server);
    console.log(first.metrics, first.checkpoints);
    await forgetLastCheckpoint('rl_loop');
    const second = await run(argv(8), 'rl_loop', server);
    console.log(second.metrics, second.checkpoints);
  });

  it.each(['gspo', 'importance_sampling'])('rl_loop by %s', async (loss) => {
    const log = `rl_loop_${loss}`;
    const { metrics, checkpoints } = await run(
      recipe('rl_loop', log, ...RL, 'max_steps=4', `loss_fn=${loss}`),
      log,
      await open(),
    );
    console.log(metrics, checkpoints);
  });

  it('supervised.train', async () => {
    const server = await open();
    const first = await run(loop('supervised.train', 'supervised', '4'), 'supervised', server);
    console.log(first.metrics, first.checkpoints);
    await forgetLastCheckpoint('supervised');
    const second = await run(loop('supervised.train', 'supervised', '6'), 'supervised', server);
    console.log(second.metrics, second.checkpoints);
  });

  it.each(['rl.train', 'rl.train async', 'train_dpo'])('%s', async (name) => {
    const { metrics, checkpoints } = await run(loop(name, name, '6'), name, await open());
    console.log(metrics, checkpoints);
  });
});
