// A reward model from its training to a policy that learns from it, on a real engine.

import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import type { RunEvent } from '../../src/run/events.ts';
import { runFile } from '../../src/run/run_spec.ts';
import { writeChatModel } from '../support/chat_model.ts';
import { cookbook } from '../support/cli.ts';
import { comparisonLines } from '../support/comparisons.ts';

let directory: string;

const RM = `
trainer: supervised
model_name: ./model
service: {builder: local, threads: 1}
dataset: {builder: comparison_labels, file_path: pairs.jsonl, batch_size: 8, test_size: 4, swap: true, true_rule: {builder: matches, pattern: or}}
num_epochs: 6
learning_rate: 0.02
lora_rank: 8
eval_every: 6
`;

const RL = `
trainer: rl
model_name: ./model
service: {builder: local, threads: 1}
dataset:
  builder: pairwise_preference
  file_path: pairs.jsonl
  format: comparisons
  preference_model: {builder: trained, weights: {run: rm, checkpoint: final}, use_probability: true}
  batch_size: 2
  group_size: 4
  n_batches: 3
evaluators:
  - builder: comparison
    file_path: pairs.jsonl
    test_size: 4
    max_tokens: 6
    judges:
      - {name: rm, preference_model: {builder: trained, weights: {run: rm, checkpoint: final}}}
      - {name: rule, preference_model: {builder: matches, pattern: or}}
max_tokens: 6
lora_rank: 4
learning_rate: 0.01
eval_every: 2
save_every: 1
`;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-reward-model-'));
  await writeChatModel(join(directory, 'model'), 256);
  await writeFile(join(directory, 'pairs.jsonl'), comparisonLines(24));
  await writeFile(join(directory, 'rm.yaml'), RM);
  await writeFile(join(directory, 'rl.yaml'), RL);
  const { status } = await run('rm', 'rm');
  expect(status.state).toBe('done');
});

interface Options {
  onEvent?(event: RunEvent): void;
  signal?: AbortSignal;
}

async function run(spec: string, name: string, overrides: string[] = [], { onEvent, signal }: Options = {}) {
  return await runFile(join(directory, `${spec}.yaml`), {
    registry: builtinRegistry(),
    overrides: [`log_path=${join(directory, name)}`, ...overrides],
    cwd: directory,
    env: {},
    argv: [],
    ask: null,
    onEvent: onEvent ?? (() => undefined),
    signal: signal ?? new AbortController().signal,
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

it('learns to answer with labels, and is measured in both orders', async () => {
  const measured = (await rows('rm')).filter((row) => row['test/accuracy'] !== undefined);
  const [first, last] = [measured[0] ?? {}, measured.at(-1) ?? {}];
  expect(first['test/nll']).toBeGreaterThan(4);
  expect(last['test/nll']).toBeLessThan(1);
  // Labels that alternate with the order: by the rule of the rows, every one of them.
  expect(last['test/rule_accuracy']).toBe(last['test/accuracy']);
  expect(last['test/accuracy_both_orders']).toBeLessThanOrEqual(last['test/accuracy'] ?? 0);
  expect(last['test/label_probability']).toBeCloseTo(0.5, 0);
});

it('a policy is rewarded by it, and measured by it and by the rule', async () => {
  const { status, record } = await run('rl', 'rl');
  expect(status.state).toBe('done');
  expect(record.headline?.map(({ metric }) => metric)).toContain('comparison/rm/win_rate');
  const [first] = await rows('rl');
  expect(first).toMatchObject({ 'comparison/rm/n': 4, 'comparison/rule/n': 4, 'comparison/rule/unjudged': 0 });
  const gap = (first?.['comparison/rm/win_rate'] ?? 0) - (first?.['comparison/rule/win_rate'] ?? 0);
  expect(first?.['comparison/rm_minus_rule']).toBeCloseTo(gap, 9);
  const replies = await readFile(join(directory, 'rl/iteration_000000/eval_comparison_replies.jsonl'), 'utf8');
  expect(replies.trimEnd().split('\n')).toHaveLength(4);
});

it('goes on after a stop as if there had been none', async () => {
  const stop = new AbortController();
  const onEvent = (event: RunEvent) => {
    if (event.type === 'step' && event.step === 0) stop.abort();
  };
  const { status } = await run('rl', 'stopped', [], { onEvent, signal: stop.signal });
  expect(status.state).toBe('interrupted');
  await run('rl', 'stopped');
  expect(await rows('stopped')).toEqual(await rows('rl'));
  expect(await weights('stopped')).toBe(await weights('rl'));
});

it('weights that never learned labels judge nothing, and the run says so rather than learn from 0', async () => {
  const { status } = await run('rl', 'hostile', [
    `dataset.preference_model={builder: trained, weights: ${join(directory, 'model')}}`,
    'evaluators=[]',
  ]);
  expect(status.state).toBe('failed');
  expect(await readFile(join(directory, 'hostile/logs.log'), 'utf8')).toContain('what it says is no label');
  expect((await rows('hostile'))[0]).toMatchObject({
    'rollout_errors/unjudged': 2,
    'rollout_errors/groups_skipped': 2,
  });
});

it('a benchmark of the same name measures a run on its own', async () => {
  const judges =
    '[{name: rm, preference_model: {builder: trained, weights: {run: rm}}}, {name: rule, preference_model: {builder: matches, pattern: or}}]';
  const fields = ['file_path=pairs.jsonl', 'test_size=4', `judges=${judges}`].flatMap((field) => ['--set', field]);
  const argv = [
    'eval',
    'rl',
    '--benchmark',
    'comparison',
    ...fields,
    '--max-tokens',
    '6',
    '--save-dir',
    'evals',
    '--json',
  ];
  const { code, stdout } = await cookbook(argv, { cwd: directory });
  expect(code).toBe(0);
  const { score, num_examples, metrics } = JSON.parse(stdout);
  expect(num_examples).toBe(4);
  expect(Object.keys(metrics)).toEqual(expect.arrayContaining(['win_rate/rm', 'win_rate/rule']));
  // Neither judge has more than wins and defeats here but for ties, which are half a win each.
  expect(metrics['win_rate/rm']).toBeGreaterThanOrEqual(score);
});

it('a reward model that is not there is told before anything runs', async () => {
  const overrides = [`dataset.preference_model={builder: trained, weights: {run: ${join(directory, 'gone')}}}`];
  await expect(run('rl', 'refused', overrides)).rejects.toThrow('there is no such file or directory');
});
