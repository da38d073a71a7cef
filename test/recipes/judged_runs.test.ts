// Decisions, forecasts and rubrics as whole runs on a real engine: what is reported, resumed, and refused.

import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import type { RunEvent } from '../../src/run/events.ts';
import { runFile } from '../../src/run/run_spec.ts';
import { writeChatModel } from '../support/chat_model.ts';

let directory: string;

const DECISIONS = `
trainer: decisions
model_name: ./model
service: {builder: local, threads: 1}
dataset: {builder: weather, num_examples: 32, test_size: 8}
system_prompt: null
batch_size: 8
lora_rank: 4
learning_rate: 0.02
eval_every: 2
save_every: 1
`;

const FORECASTING = `
trainer: rl
model_name: ./model
service: {builder: local, threads: 1}
dataset:
  builder: forecasting
  questions: {builder: weather, num_examples: 8, test_size: 4}
  instruction: ''
  batch_size: 2
  group_size: 3
  n_batches: 2
  test_group_size: 2
max_tokens: 6
lora_rank: 4
eval_every: 1
evaluators:
  - {builder: forecasts, questions: {builder: weather, test_size: 4}, instruction: '', max_tokens: 6}
`;

const RUBRIC = `
trainer: rl
model_name: ./model
service: {builder: local, threads: 1}
dataset:
  builder: rubric
  rows: {builder: rubric_sums, num_examples: 8, test_size: 4}
  judge: {builder: scripted}
  batch_size: 2
  group_size: 3
  n_batches: 2
max_tokens: 6
lora_rank: 4
eval_every: 1
evaluators:
  - builder: judge_agreement
    rows: {builder: rubric_sums, test_size: 4}
    judge: {builder: model, weights: ./model, max_tokens: 8}
    policy_max_tokens: 6
    min_kappa: null
`;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-judged-'));
  await writeChatModel(join(directory, 'model'), 768);
  for (const [name, text] of Object.entries({ decisions: DECISIONS, forecasting: FORECASTING, rubric: RUBRIC })) {
    await writeFile(join(directory, `${name}.yaml`), text);
  }
});

async function run(
  spec: string,
  name: string,
  overrides: string[] = [],
  onEvent: (event: RunEvent) => void = () => undefined,
  signal = new AbortController().signal,
) {
  return await runFile(join(directory, `${spec}.yaml`), {
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
  const timeless = (key: string, value: unknown) => (key.startsWith('time/') ? undefined : value);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line, timeless));
}

describe('decisions', () => {
  it('are learned, measured by tag, and go on after a stop as if there had been none', async () => {
    await run('decisions', 'whole');
    const stop = new AbortController();
    await run(
      'decisions',
      'stopped',
      [],
      (event) => event.type === 'step' && event.step === 1 && stop.abort(),
      stop.signal,
    );
    await run('decisions', 'stopped', ['if_exists=resume']);
    const whole = await rows('whole');
    expect(await rows('stopped')).toEqual(whole);
    const [first, last] = [whole[0], whole[whole.length - 1]];
    expect(Number(last['test/loss'])).toBeLessThan(Number(first['test/loss']));
    expect(Object.keys(first)).toEqual(
      expect.arrayContaining([
        'loss',
        'target_prob:mean',
        'test/brier',
        'test/calibration_error',
        'test/held_out/excess_brier',
      ]),
    );
  });
});

describe('forecasts', () => {
  it('that are none have the reward of those, and are counted', async () => {
    await run('forecasting', 'forecasts');
    const [first] = await rows('forecasts');
    expect(first).toMatchObject({
      'env/all/format_valid': expect.any(Number),
      'test/env/all/reward/total': expect.any(Number),
      'forecasts/format_valid': expect.any(Number),
    });
  });
});

describe('rubrics', () => {
  it('are rewarded by rule under its name, and a judge of noise is reported for what it is before the first step', async () => {
    const { status } = await run('rubric', 'rubric');
    expect(status.state).toBe('done');
    const [first] = await rows('rubric');
    expect(first).toMatchObject({
      'env/all/judged_by_model': 0,
      'env/all/unreadable': 0,
      'judge/unreadable': 1,
      'judge/n': 0,
    });
  });

  it('teach nothing where the judge does not agree with the truth', async () => {
    const overrides = [
      'evaluators=[{builder: judge_agreement, rows: {builder: rubric_sums, test_size: 4}, judge: {builder: model, weights: ./model, max_tokens: 8}, policy_max_tokens: 6, min_kappa: 0.5}]',
    ];
    const { status } = await run('rubric', 'refused', overrides);
    expect(status).toMatchObject({ state: 'failed', step: 0 });
    expect(JSON.stringify(status)).toContain('which is less than min_kappa 0.5');
  });
});
