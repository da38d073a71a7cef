// Runs of RL whose rewards are comparisons, on a real engine.

import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Type } from '@sinclair/typebox';
import { beforeAll, expect, it } from 'vitest';
import { builtinRegistry } from '../../../src/builtin.ts';
import { type PreferenceModel, preferenceModelSlot } from '../../../src/preference/models/preference_model.ts';
import { defineBuilder } from '../../../src/registry/builder.ts';
import { runFile } from '../../../src/run/run_spec.ts';
import { trainerSlot } from '../../../src/training/types.ts';
import { conversationLines, writeChatModel } from '../../support/chat_model.ts';

let directory: string;

const SPEC = `
trainer: rl
model_name: ./model
service: {builder: local, threads: 1}
dataset: {builder: pairwise_preference, file_path: rows.jsonl, preference_model: shorter, batch_size: 2, group_size: 4, n_batches: 2, test_size: 2}
max_tokens: 6
lora_rank: 4
eval_every: 1
`;

/** What each preference model of the tests answers. */
const ANSWERS: Record<string, () => number> = {
  throws: () => {
    throw new Error('no opinion');
  },
  nan: () => Number.NaN,
  unsure: () => 0.25,
};

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-pairwise-'));
  await writeChatModel(join(directory, 'model'));
  await writeFile(join(directory, 'rows.jsonl'), conversationLines(6) + conversationLines(6));
  await writeFile(join(directory, 'spec.yaml'), SPEC);
});

async function run(name: string, overrides: string[] = []) {
  const registry = builtinRegistry();
  for (const [model, answer] of Object.entries(ANSWERS)) {
    const build = (): PreferenceModel => ({ compare: answer });
    registry.add(
      defineBuilder({
        slot: preferenceModelSlot,
        name: model,
        version: 1,
        doc: 'For tests.',
        params: Type.Object({}),
        build,
      }),
    );
  }
  return await runFile(join(directory, 'spec.yaml'), {
    registry,
    overrides: [`log_path=${join(directory, name)}`, ...overrides],
    cwd: directory,
    env: {},
    argv: [],
    ask: null,
    onEvent: () => undefined,
    signal: new AbortController().signal,
  });
}

async function rows(name: string): Promise<Record<string, number>[]> {
  const text = await readFile(join(directory, name, 'metrics.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

it('replies are compared within their group, and prompts that are held out are tested', async () => {
  const { status, record } = await run('shorter');
  expect(status.state).toBe('done');
  expect(record.headline?.map(({ metric }) => metric)).toEqual([
    'test/env/all/ac_tokens_per_turn',
    'env/all/ac_tokens_per_turn',
  ]);
  const [first] = await rows('shorter');
  // Two prompts of six are held out, each once though the file has them twice.
  expect(first).toMatchObject({ 'env/all/total_episodes': 8, 'test/env/all/total_episodes': 8 });
  expect(first?.['env/all/win_minus_loss']).toBe(0);
  expect(first?.['env/all/reward/total']).toBeCloseTo((first?.['env/all/format'] ?? 0) - 1, 6);
});

it('win rates lead, where replies are held against those of others', () => {
  const preference_model = { builder: 'matches', pattern: 'x', prefer: 'match' };
  const headline = builtinRegistry().headline(trainerSlot, {
    builder: 'rl',
    dataset: { builder: 'pairwise_preference', file_path: 'rows.jsonl', preference_model },
    evaluators: [{ builder: 'comparison', name: 'held_out', judges: [{ name: 'truth', preference_model }] }],
    infrequent_evaluators: [],
  });
  expect(headline.map(({ metric }) => metric)).toEqual([
    'held_out/truth/win_rate',
    'test/env/all/format',
    'env/all/format',
  ]);
});

it('a preference model may be unsure', async () => {
  const { status, record } = await run('unsure', [
    'dataset.preference_model=unsure',
    'dataset.tournament_pattern=all_pairs_one_way',
  ]);
  expect(status.state).toBe('done');
  expect(record.headline?.map(({ metric }) => metric)).toEqual(['test/env/all/format', 'env/all/format']);
});

it.each([
  ['throws', 'no opinion'],
  ['nan', 'the preference model gave NaN, not a number from -1 to 1'],
])('a preference model that %s fails its groups, and a run of nothing else', async (model, message) => {
  const { status } = await run(model, [`dataset.preference_model=${model}`, 'dataset.test_size=0']);
  expect(status.state).toBe('failed');
  expect(await readFile(join(directory, model, 'logs.log'), 'utf8')).toContain(message);
});

it.each([['dataset.test_size=6', 'test_size 6 leaves none of its 6 prompts to train on']])(
  '%s is refused before anything is rolled out',
  async (override, message) => {
    const { status } = await run('refused', [override]);
    expect(status.error?.message).toContain(message);
  },
);
