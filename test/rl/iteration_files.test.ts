// What a whole run of RL leaves of its steps, and what becomes of it when the run goes on.

import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeChatModel } from '../support/chat_model.ts';
import { type CliResult, cookbook } from '../support/cli.ts';
import { contentOf, parseMarkup } from '../support/markup.ts';

const SPEC = `trainer: rl
log_path: run
model_name: ./model
dataset: {builder: arithmetic, batch_size: 2, group_size: 3, n_batches: 4, test_size: 3, max_operand: 9, example: false}
max_tokens: 4
learning_rate: 0.001
lora_rank: 4
max_steps: 2
eval_every: 2
num_groups_to_log: 1
span_chart_every: 2
`;

let cwd: string;
let first: CliResult;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'cookbook-rl-'));
  await writeChatModel(join(cwd, 'model'));
  await writeFile(join(cwd, 'spec.yaml'), SPEC);
  first = await cookbook(['run', 'spec.yaml'], { cwd });
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

const file = (...path: string[]) => readFile(join(cwd, 'run', ...path), 'utf8');
const iterations = async () => (await readdir(join(cwd, 'run'))).filter((name) => name.startsWith('iteration')).sort();

it('every step has its transcripts, and every evaluation; the last screen names the newest', async () => {
  expect(first.code).toBe(0);
  expect(first.stdout).toContain('  transcript  run/iteration_000001/train.html\n');
  expect(await iterations()).toEqual(['iteration_000000', 'iteration_000001', 'iteration_000002']);
  const [zero, one, two] = await Promise.all((await iterations()).map((name) => readdir(join(cwd, 'run', name))));
  const train = ['train.html', 'train_logtree.json', 'train_rollout_summaries.jsonl'];
  const test = ['eval_test.html', 'eval_test_logtree.json', 'eval_test_rollout_summaries.jsonl'];
  expect(zero.sort()).toEqual([...test, 'timing_gantt.html', ...train]);
  expect(one.sort()).toEqual(train);
  expect(two.sort()).toEqual(test);
  const lines = (await file('iteration_000001', 'train_rollout_summaries.jsonl')).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line)).map(({ group_idx, traj_idx }) => [group_idx, traj_idx])).toEqual([
    ...[
      [0, 0],
      [0, 1],
      [0, 2],
    ],
    ...[
      [1, 0],
      [1, 1],
      [1, 2],
    ],
  ]);
  expect(contentOf(parseMarkup(await file('iteration_000000', 'train.html')))).toContain('<|im_start|>user');
  expect(contentOf(parseMarkup(await file('iteration_000000', 'timing_gantt.html')))).toContain('transcripts');
});

it('the first batch and each evaluation are shown in a few lines', () => {
  const titles = first.stderr.split('\n').filter((line) => line.startsWith('rollouts of'));
  expect(titles).toEqual(['rollouts of test at step 0', 'rollouts of train at step 0', 'rollouts of test at step 2']);
});

it('a run that goes on drops what there is of later steps, and writes the same as one that never stopped', async () => {
  await cp(join(cwd, 'run', 'iteration_000001'), join(cwd, 'run', 'iteration_000009'), { recursive: true });
  expect((await cookbook(['run', 'spec.yaml', 'max_steps=3', 'if_exists=resume'], { cwd })).code).toBe(0);
  expect((await cookbook(['run', 'spec.yaml', 'max_steps=3', 'log_path=whole'], { cwd })).code).toBe(0);
  expect(await iterations()).toEqual(
    await readdir(join(cwd, 'whole')).then((names) => names.filter((name) => name.startsWith('iteration')).sort()),
  );
  const summaries = 'train_rollout_summaries.jsonl';
  const whole = await readFile(join(cwd, 'whole', 'iteration_000002', summaries), 'utf8');
  expect(await file('iteration_000002', summaries)).toBe(whole);
});
