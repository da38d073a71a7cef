// The trainer `on_policy_distillation` on a real engine.

import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import type { RunEvent } from '../../src/run/events.ts';
import { runFile } from '../../src/run/run_spec.ts';
import { writeChatModel } from '../support/chat_model.ts';

let directory: string;

const arithmetic = (rest: string) =>
  `{builder: arithmetic, batch_size: 4, group_size: 2, n_batches: 12, example: false, max_operand: 9, ${rest}}`;

/** Whatever it has learned, the teacher is another model than the student, which is what the student can learn. */
const TEACHER_SPEC = `
trainer: rl
model_name: ./model
service: {builder: local, threads: 1}
dataset: ${arithmetic('test_size: 0')}
max_tokens: 4
learning_rate: 0.02
lora_rank: 4
max_steps: 3
`;

const SPEC = `
trainer: on_policy_distillation
model_name: ./model
service: {builder: local, threads: 1}
dataset_configs:
  - dataset: ${arithmetic('test_size: 4')}
    teacher: {load_checkpoint_path: {run: teacher}}
max_tokens: 4
learning_rate: 0.02
lora_rank: 8
eval_every: 6
save_every: 2
`;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-on-policy-'));
  await writeChatModel(join(directory, 'model'));
  await writeChatModel(join(directory, 'short'), 24);
  await writeFile(join(directory, 'teacher.yaml'), TEACHER_SPEC);
  await writeFile(join(directory, 'spec.yaml'), SPEC);
  await writeFile(
    join(directory, 'prompts.jsonl'),
    Array.from({ length: 8 }, (_, i) => `{"prompt": "hello ${i}"}\n`).join(''),
  );
  await run('teacher', [], { file: 'teacher.yaml' });
});

interface Options {
  file?: string;
  onEvent?(event: RunEvent): void;
  signal?: AbortSignal;
}

async function run(name: string, overrides: string[] = [], options: Options = {}) {
  const { file = 'spec.yaml', onEvent = () => undefined, signal = new AbortController().signal } = options;
  return await runFile(join(directory, file), {
    registry: builtinRegistry(),
    overrides: [`log_path=${join(directory, name)}`, ...overrides],
    cwd: directory,
    env: {},
    argv: [],
    ask: null,
    onEvent,
    signal,
  });
}

/** The rows of metrics.jsonl without what a clock decides. */
async function rows(name: string): Promise<Record<string, number>[]> {
  const text = await readFile(join(directory, name, 'metrics.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line, (key, value) => (key.startsWith('time/') ? undefined : value)));
}

const weights = (name: string) =>
  readFile(join(directory, name, 'checkpoints/weights/final/adapter_model.safetensors'), 'base64');

describe('the student', () => {
  it('comes close to its teacher', async () => {
    const dataset =
      '{builder: arithmetic, batch_size: 8, group_size: 4, n_batches: 12, example: false, max_operand: 9, test_size: 0}';
    const overrides = [`dataset_configs=[{dataset: ${dataset}, teacher: {load_checkpoint_path: {run: teacher}}}]`];
    const { status } = await run('close', [...overrides, 'learning_rate=0.005']);
    expect(status.state).toBe('done');
    const logged = (await rows('close')).filter((row) => 'teacher_kl' in row);
    expect(logged).toHaveLength(12);
    expect(logged[0].teacher_kl).toBeGreaterThan(0.5);
    expect(logged.at(-1)?.teacher_kl).toBeLessThan(0.5 * logged[0].teacher_kl);
    expect(status.learned.map(({ metric }) => metric)).toContain('teacher_kl');
  });

  it('is told in rows by the names of the Python cookbook, tested environments too', async () => {
    await run('plain');
    const [first] = await rows('plain');
    expect(first).toMatchObject({ 'teacher_kl/dataset_0': first.teacher_kl });
    expect(Object.keys(first)).toEqual(
      expect.arrayContaining([
        'env/all/correct',
        'optim/entropy',
        'optim/lr',
        'test/env/all/correct',
        'tokens/trained',
      ]),
    );
    expect(Object.keys(first).filter((name) => name.startsWith('test/test'))).toEqual([]);
  });

  it('goes on after a stop as if there had been none', async () => {
    const stop = new AbortController();
    const onEvent = (event: RunEvent) => {
      if (event.type === 'step' && event.step === 4) stop.abort();
    };
    const { status } = await run('stopped', [], { onEvent, signal: stop.signal });
    expect(status.state).toBe('interrupted');
    await run('stopped');
    expect(await rows('stopped')).toEqual(await rows('plain'));
    expect(await weights('stopped')).toBe(await weights('plain'));
  });

  it('learns from rewards only as far as it is told to', async () => {
    await run('rewarded', ['reward_coef=5', 'max_steps=2']);
    const [first, second] = await rows('rewarded');
    const [plainFirst, plainSecond] = await rows('plain');
    expect(first.teacher_kl).toBe(plainFirst.teacher_kl);
    expect(second.teacher_kl).not.toBe(plainSecond.teacher_kl);
  });
});

describe('modes', () => {
  it('trained on in parts, as rolled out while training, a batch has the KL of the whole', async () => {
    await run('stream', ['stream_minibatch_config={groups_per_batch: 4, num_minibatches: 2}', 'max_steps=2']);
    await run('async', ['async_config={max_steps_off_policy: 0, groups_per_batch: 4}', 'max_steps=2']);
    const kl = async (name: string) => (await rows(name)).slice(0, 2).map((row) => row.teacher_kl);
    const whole = await kl('plain');
    expect((await kl('stream'))[0]).toBeCloseTo(whole[0], 6);
    expect(await kl('async')).toEqual(whole);
  });
});

describe('several teachers', () => {
  const both = `dataset_configs=${[
    `[{name: sums, dataset: ${arithmetic('test_size: 4')}, teacher: {load_checkpoint_path: {run: teacher}}}`,
    '{name: said, dataset: {builder: prompts, file_path: prompts.jsonl, groups_per_batch: 2, group_size: 2}, teacher: {service: {builder: local, threads: 1}}}]',
  ].join(', ')}`;

  it('teach a dataset each, one of them on another service', async () => {
    const { status } = await run('both', [both, 'max_steps=2']);
    expect(status.state).toBe('done');
    const [first] = await rows('both');
    expect(first['teacher_kl/sums']).toBe(first['teacher_kl/dataset_0']);
    // The student still is what teaches it here.
    expect(first['teacher_kl/said']).toBeCloseTo(0, 5);
    expect(first['env/sums/correct']).toBeDefined();
    expect(first['env/said/reward/total']).toBe(0);
  });
});

it('a multi-turn game counts what the student says, over all of its turns', async () => {
  const game = '{builder: guess_number, batch_size: 2, group_size: 2, n_batches: 1, max: 3, test_group_size: 1}';
  const overrides = [`dataset_configs=[{dataset: ${game}, teacher: {load_checkpoint_path: {run: teacher}}}]`];
  await run('game', [...overrides, 'eval_every=0']);
  const [row] = await rows('game');
  expect(row['env/all/turns_per_episode']).toBeGreaterThan(1);
  expect(Number.isFinite(row.teacher_kl)).toBe(true);
});

it('episodes are as long as the teacher can judge', async () => {
  const notices: string[] = [];
  const onEvent = (event: RunEvent) => {
    if (event.type === 'notice') notices.push(event.message);
  };
  const short = join(directory, 'short');
  const overrides = [
    `dataset_configs=[{dataset: {builder: prompts, file_path: prompts.jsonl, groups_per_batch: 2}, teacher: {model_name: ${short}}}]`,
  ];
  const { status } = await run('short_teacher', [...overrides, 'max_tokens=64', 'max_steps=1'], { onEvent });
  expect(status.state).toBe('done');
  expect(notices.find((notice) => notice.startsWith('episodes are cut'))).toMatch(
    /^episodes are cut at 23 tokens, which is what .*short can judge$/,
  );
});

it('an episode may fill the context, and is judged all the same', async () => {
  const overrides = [
    `dataset_configs=[{dataset: {builder: prompts, file_path: prompts.jsonl, groups_per_batch: 2}, teacher: {}}]`,
    `model_name=${join(directory, 'short')}`,
  ];
  const { status } = await run('filled', [...overrides, 'max_tokens=64', 'max_steps=1', 'compute_post_kl=true']);
  expect(status.state).toBe('done');
  expect((await rows('filled'))[0]['env/all/ac_tokens_per_turn']).toBeGreaterThan(1);
});

describe('refused before there is a run', () => {
  it.each([
    [['kl_penalty_coef=0'], 'nothing would be learned'],
    [['loss_fn=pop'], 'loss_fn'],
    [['dataset_configs=[]'], 'dataset_configs'],
    [['dataset_configs=[{dataset: arithmetic, teacher: {model: x}}]'], 'model'],
  ])('%j', async (overrides, message) => {
    await expect(run('refused', overrides)).rejects.toThrow(message);
  });
});
