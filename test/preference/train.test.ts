// The trainer `dpo` on a real engine.

import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import { PREFERENCE_LOSS_NAMES } from '../../src/preference/losses/table.ts';
import type { RunEvent } from '../../src/run/events.ts';
import { runFile } from '../../src/run/run_spec.ts';
import { writeChatModel } from '../support/chat_model.ts';

let directory: string;

const SPEC = `
trainer: dpo
model_name: ./model
service: {builder: local, threads: 1}
dataset: {builder: comparison_file, file_path: pairs.jsonl, batch_size: 8, test_size: 8}
num_epochs: 2
learning_rate: 0.01
lora_rank: 8
eval_every: 4
save_every: 2
`;

/** Of two replies the one that says "or" is better; one row in five is a tie. */
function comparisonLines(count: number): string {
  return Array.from({ length: count }, (_, i) => {
    const completion = (content: string) => [{ role: 'assistant', content }];
    const comparison = {
      prompt_conversation: [{ role: 'user', content: `hello ${i}?` }],
      completion_A: completion(`or ${i % 7}`),
      completion_B: completion(`he world ${i % 5}`),
    };
    const swapped = { ...comparison, completion_A: comparison.completion_B, completion_B: comparison.completion_A };
    if (i % 5 === 0) return JSON.stringify({ comparison, label: 'Tie' });
    return JSON.stringify(i % 2 === 0 ? { comparison, label: 'A' } : { comparison: swapped, label: 'B' });
  })
    .map((line) => `${line}\n`)
    .join('');
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-dpo-'));
  await writeChatModel(join(directory, 'model'));
  await writeFile(join(directory, 'pairs.jsonl'), comparisonLines(40));
  await writeFile(join(directory, 'spec.yaml'), SPEC);
});

interface Options {
  onEvent?(event: RunEvent): void;
  signal?: AbortSignal;
}

async function run(name: string, overrides: string[] = [], { onEvent = () => undefined, signal }: Options = {}) {
  return await runFile(join(directory, 'spec.yaml'), {
    registry: builtinRegistry(),
    overrides: [`log_path=${join(directory, name)}`, ...overrides],
    cwd: directory,
    env: {},
    argv: [],
    ask: null,
    onEvent,
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

const scored = async (name: string) =>
  (await readFile(join(directory, name, 'reference_logprobs.jsonl'), 'utf8')).trimEnd().split('\n').length;

describe('dpo', () => {
  it('says what the file was taken for and how many rows are ties, and shows the first pair', async () => {
    const events: RunEvent[] = [];
    await run('told', ['max_steps=1', 'dataset.shuffle_seed=null', 'dataset.test_size=1'], {
      onEvent: (event) => events.push(event),
    });
    const notices = events.flatMap((event) => (event.type === 'notice' ? [event.message] : []));
    expect(notices).toContainEqual(expect.stringMatching(/pairs\.jsonl: read as comparison$/));
    expect(notices).toContainEqual(expect.stringMatching(/pairs\.jsonl: 8 of 40 comparisons are ties$/));
    const [shown] = events.flatMap((event) => (event.type === 'text' ? [event] : []));
    expect(shown?.title).toBe('first example');
    const [chosen = '', rejected = ''] = stripVTControlCharacters(shown?.text ?? '').split('rejected:\n');
    expect(chosen).toMatch(/^chosen:\n[\s\S]*hello 1\?[\s\S]*or 1/);
    expect(rejected).toMatch(/hello 1\?[\s\S]*he world 1/);
  });

  it('learns to prefer what was chosen, on pairs that were held out too', async () => {
    const { status } = await run('plain');
    expect(status.state).toBe('done');
    const [first, ...others] = await rows('plain');
    const last = others.at(-1);
    // The policy is the reference at first, to the last bit.
    expect(first).toMatchObject({ 'test/margin': 0, 'test/accuracy': 0, chosen_reward: 0, rejected_reward: 0 });
    expect(first?.dpo_loss).toBeCloseTo(Math.log(2), 12);
    expect(last?.['test/accuracy']).toBe(1);
    expect(last?.['test/margin']).toBeGreaterThan(0.5);
  });

  it('asks the reference once for each completion, whatever the epochs', async () => {
    expect(await scored('plain')).toBe(2 * 40);
  });

  it('rows have the names of the Python cookbook', async () => {
    const [row] = await rows('plain');
    expect(Object.keys(row ?? {}).sort()).toMatchInlineSnapshot(`
      [
        "accuracy",
        "chosen_nll",
        "chosen_reward",
        "dpo_loss",
        "epoch",
        "grad_norm",
        "learning_rate",
        "margin",
        "num_pairs",
        "num_tokens",
        "progress",
        "rejected_nll",
        "rejected_reward",
        "step",
        "test/accuracy",
        "test/chosen_nll",
        "test/chosen_reward",
        "test/dpo_loss",
        "test/margin",
        "test/rejected_nll",
        "test/rejected_reward",
      ]
    `);
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
    expect(await scored('stopped')).toBe(2 * 40);
  });

  it('compares with the model that reference_model names', async () => {
    await run('other', ['max_steps=1', `reference_model={run: ${join(directory, 'plain')}, checkpoint: final}`]);
    const [first] = await rows('other');
    expect(first?.['test/margin']).toBeLessThan(-0.5);
  });
});

it.each(PREFERENCE_LOSS_NAMES.filter((name) => name !== 'sft'))('%s learns the preference', async (name) => {
  const { status } = await run(`loss_${name}`, [`loss_fn=${name}`]);
  expect(status.state).toBe('done');
  const logged = await rows(`loss_${name}`);
  expect(logged.at(-1)?.['test/margin']).toBeGreaterThan(0);
});

it('a mixture learns by all of its losses', async () => {
  const { status } = await run('mixture', ['loss_weights={dpo: 1, sft: 0.5}', 'max_steps=2']);
  expect(status.state).toBe('done');
  const [first] = await rows('mixture');
  expect(first?.dpo_loss).toBeGreaterThan(1);
});

it.each([
  [['loss_fn=dop'], 'loss_fn'],
  [['loss_weights={dop: 1}'], 'unknown loss "dop"'],
  [['loss_fn_config={gamma: 1}'], 'loss dpo has no setting "gamma"'],
  [['loss_weights={dpo: .nan}'], 'loss_weights'],
  [['loss_weights={dpo: -1}'], 'loss_weights'],
  [['loss_weights={dpo: 0, sft: 0}'], 'with weights of 0 alone nothing is learned'],
  [['loss_weights={dpo: 1}', 'loss_fn=ipo'], 'loss_weights stands in the place of loss_fn'],
  [['dpo_beta=0.1', 'loss_fn_config={beta: 0.2}'], 'leave one out'],
  [['dpo_beta=.inf'], 'dpo_beta'],
])('%j is refused before there is a run', async (overrides, message) => {
  await expect(run('refused', overrides)).rejects.toThrow(message);
});
