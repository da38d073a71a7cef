// Completions that were judged, or rated, one by one: their rows, the loss of them, and a run on a real engine.

import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { builtinRegistry } from '../../../src/builtin.ts';
import { ratedReader, unpairedReader } from '../../../src/preference/data/unpaired_rows.ts';
import { chosenLoss } from '../../../src/preference/losses/preference_loss.ts';
import { preferenceMetrics } from '../../../src/preference/pair_metrics.ts';
import { preferenceDatasetSlot } from '../../../src/preference/types.ts';
import { runFile } from '../../../src/run/run_spec.ts';
import { tokensOf } from '../../../src/tinker/types.ts';
import type { JsonObject } from '../../../src/util/json.ts';
import { testRenderer } from '../../rl/support/scripted_policy.ts';
import { writeChatModel } from '../../support/chat_model.ts';

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-unpaired-'));
  await writeChatModel(join(directory, 'model'));
});

const user = (content: string) => ({ role: 'user', content });
const assistant = (content: string) => ({ role: 'assistant', content });

async function fileOf(name: string, rows: readonly unknown[]): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return path;
}

/** As templates do that leave out white space at the ends of a message. */
const trimming = (renderer: ReturnType<typeof testRenderer>): ReturnType<typeof testRenderer> => ({
  ...renderer,
  buildSupervisedExample: (messages, trainOnWhat) =>
    renderer.buildSupervisedExample(
      messages.map((message) => ({ ...message, content: String(message.content).trim() })),
      trainOnWhat,
    ),
});

/** The dataset as a run builds it, as texts, and what it warns of. */
async function read(builder: string, params: JsonObject, renderer = testRenderer()) {
  const warnings: string[] = [];
  const { train } = await builtinRegistry().build(
    preferenceDatasetSlot,
    { builder, batch_size: 100, shuffle_seed: null, ...params },
    {
      tokenizer: renderer.tokenizer,
      renderer,
      maxContextLength: 256,
      seed: 0,
      warn: (text) => warnings.push(text.replaceAll(`${directory}/`, '')),
    },
  );
  const textOf = (datum: { model_input: Parameters<typeof tokensOf>[0] } | null) =>
    datum === null ? null : renderer.tokenizer.decode(tokensOf(datum.model_input));
  const pairs = (await train.getBatch(0)).map(({ chosen, rejected, tie }) => ({
    chosen: textOf(chosen),
    rejected: textOf(rejected),
    tie,
  }));
  return { pairs, warnings };
}

describe('rows', () => {
  it.each<[string, JsonObject]>([
    ['texts', { prompt: 'Hi', completion: 'Hello.', label: true }],
    ['messages', { prompt: [user('Hi')], completion: [assistant('Hello.')], label: true }],
  ])('of TRL, %s', (_, row) => {
    const expected = { prompt: [user('Hi')], completion: [assistant('Hello.')], wanted: true };
    expect(unpairedReader({ columns: null })(row)).toEqual(expected);
  });

  it.each<[JsonObject, string]>([
    [{ prompt: 'Hi', completion: 'Hello.', label: 2 }, 'label: must be true or false, not 2'],
    [{ prompt: 'Hi', completion: 'Hello.' }, 'the row has no "label"'],
    [{ prompt: 'Hi', completion: [user('Hello.')], label: true }, 'completion: begins with user'],
    [{ completion: 'Hello.', label: true }, 'the row has no "prompt"'],
  ])('%j is refused', (row, message) => {
    expect(() => unpairedReader({ columns: null })(row)).toThrow(message);
  });

  it('of HelpSteer2, with a prompt of several turns in one text', () => {
    const prompt = 'Hi\n<extra_id_1>Assistant\nYes?\n<extra_id_1>User\nCapital of France?';
    expect(ratedReader({ columns: null })({ prompt, response: 'Paris.', helpfulness: 4 })).toEqual({
      prompt: [user('Hi'), assistant('Yes?'), user('Capital of France?')],
      completion: [assistant('Paris.')],
      rating: 4,
    });
    const bad = { prompt, response: 'Paris.', helpfulness: 'much' };
    expect(() => ratedReader({ columns: null })(bad)).toThrow('helpfulness: must be a number, not "much"');
  });
});

describe('rated_file', () => {
  it('holds the best response to a prompt against the worst, wherever they stand; equal ones tie', async () => {
    const rated = (prompt: string, response: string, helpfulness: number) => ({ prompt, response, helpfulness });
    const rows = [
      rated('A', 'middling', 2),
      rated('B', 'one', 3),
      rated('A', 'best', 4),
      rated('A', 'worst', 0),
      rated('B', 'two', 3),
      rated('C', 'alone', 1),
    ];
    const { pairs, warnings } = await read('rated_file', { file_path: await fileOf('rated.jsonl', rows) });
    expect(pairs).toHaveLength(2);
    expect(pairs[0]).toMatchObject({ tie: false });
    expect(pairs[0]?.chosen).toContain('best');
    expect(pairs[0]?.rejected).toContain('worst');
    expect(pairs[1]).toMatchObject({ tie: true });
    expect(warnings).toEqual(['rated.jsonl: 1 of 3 prompts left out, which have no two responses (line 6)']);
  });
});

describe('rows of rated_file that cannot be used', () => {
  const rated = (prompt: string, response: string, helpfulness: number) => ({ prompt, response, helpfulness });
  const rows = [rated('A', 'good', 2), rated('A', 'half \ud83d', 1), rated('A', 'bad', 0), rated('B', 'one', 1)];

  it('are an error that names the row, and are left out and counted where rows are skipped', async () => {
    const file_path = await fileOf('half.jsonl', rows);
    await expect(read('rated_file', { file_path })).rejects.toThrow('half.jsonl:2: ');
    const { pairs, warnings } = await read('rated_file', { file_path, on_bad_row: 'skip' });
    expect(pairs).toHaveLength(1);
    expect(pairs[0]?.rejected).toContain('bad');
    expect(warnings[0]).toMatch(/half\.jsonl: skipped 1 of 4 rows: line 2: /);
  });

  it('are those of which the best and the worst are the same tokens, too', async () => {
    const file_path = await fileOf('alike.jsonl', [
      rated('A', 'same', 2),
      rated('A', 'same ', 1),
      rated('B', 'good', 2),
      rated('B', 'bad', 0),
    ]);
    const renderer = trimming(testRenderer());
    await expect(read('rated_file', { file_path }, renderer)).rejects.toThrow(
      'alike.jsonl:1: both completions are the same tokens',
    );
    const { pairs, warnings } = await read('rated_file', { file_path, on_bad_row: 'skip' }, renderer);
    expect(pairs).toHaveLength(1);
    expect(warnings).toEqual([
      'alike.jsonl: 1 of 2 prompts left out, whose best and worst response are the same tokens (line 1)',
    ]);
  });
});

describe('kto', () => {
  const loss = chosenLoss({ loss_weights: { kto: 1 }, settings: {}, length_normalized: false });
  /** Two that are wanted and one that is not. */
  const scores = {
    policy: { chosen_P: [-3, 0, -6], rejected_P: [0, -4, 0] },
    reference: { chosen_P: [-4, 0, -6.5], rejected_P: [0, -5, 0] },
    tokens: { chosen_P: [2, 0, 3], rejected_P: [0, 2, 0] },
  };

  it('is the mean over the completions that are there, each against how far the policy has gone', () => {
    const { loss: value, grads } = loss.compute({ ...scores, weights_P: [1, 1, 1] });
    const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
    const z = (1 + 0.5 + 1) / 3;
    const wanted = [1, 0.5].map((gained) => 1 - sigmoid(0.1 * (gained - z)));
    expect(value).toBeCloseTo(((wanted[0] ?? 0) + (wanted[1] ?? 0) + 1 - sigmoid(0.1 * (z - 1))) / 3, 12);
    expect(grads.chosen_P[1]).toBeCloseTo(0, 15);
    expect(grads.rejected_P[0]).toBe(0);
    expect(grads.chosen_P[0]).toBeLessThan(0);
    expect(grads.rejected_P[1]).toBeGreaterThan(0);
  });

  it('tells how often a wanted completion has gained more than an unwanted one', () => {
    const ties_P = [false, false, false];
    const { reference } = scores;
    const policy = { chosen_P: [-3, 0, -6], rejected_P: [0, -4.2, 0] };
    expect(preferenceMetrics({ ...scores, policy, reference }, ties_P, loss)).toMatchObject({
      accuracy: 0.5,
      margin: expect.closeTo(0.1 * (0.75 - 0.8), 12),
    });
  });
});

describe('a run', () => {
  const rows = Array.from({ length: 30 }, (_, i) => ({
    prompt: `hello ${i}?`,
    completion: i % 3 === 0 ? `or ${i % 7}` : `he world ${i % 5}`,
    label: i % 3 === 0,
  }));
  const run = async (name: string, ...overrides: string[]) => {
    await fileOf('completions.jsonl', rows);
    await writeFile(
      join(directory, 'spec.yaml'),
      `
trainer: dpo
model_name: ./model
service: {builder: local, threads: 1}
dataset: {builder: unpaired_file, file_path: completions.jsonl, batch_size: 8, test_size: 10}
loss_fn: kto
num_epochs: 3
learning_rate: 0.01
lora_rank: 8
eval_every: 4
save_every: 0
`,
    );
    const { status } = await runFile(join(directory, 'spec.yaml'), {
      registry: builtinRegistry(),
      overrides: [`log_path=${join(directory, name)}`, ...overrides],
      cwd: directory,
      env: {},
      argv: [],
      ask: null,
      onEvent: () => undefined,
      signal: new AbortController().signal,
    });
    expect(status.error).toBeNull();
    return (await readFile(join(directory, name, 'metrics.jsonl'), 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  };

  it('learns to prefer what is wanted, mixed with imitation of it or not', async () => {
    for (const [name, overrides] of Object.entries({ kto: [], mixed: ['loss_weights={kto: 1, sft: 0.5}'] })) {
      const last = (await run(name, ...overrides)).at(-1);
      expect(last['test/accuracy']).toBeGreaterThan(0.85);
      expect(last['test/margin']).toBeGreaterThan(0);
    }
  });

  it('of a loss that compares two completions is refused', async () => {
    await expect(run('refused', 'loss_fn=dpo')).rejects.toThrow('loss dpo compares two completions');
  });
});
