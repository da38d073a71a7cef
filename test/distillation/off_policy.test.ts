// The trainer `off_policy_distillation` on a real engine.

import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { completionDatum } from '../../src/distillation/completions.ts';
import { TargetStore } from '../../src/distillation/target_store.ts';
import { openLocalService } from '../../src/engine/engine.ts';
import { modelInputFromTokens } from '../../src/tinker/types.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';
import { Bench } from './support.ts';

let bench: Bench;

beforeAll(async () => {
  bench = await Bench.open(`
trainer: off_policy_distillation
model_name: ./model
service: {builder: local, threads: 1}
dataset_configs:
  - dataset: {builder: conversation_file, file_path: data.jsonl, batch_size: 8, test_size: 8}
    teacher: {load_checkpoint_path: {run: teacher, checkpoint: final}}
num_epochs: 2
learning_rate: 0.01
lora_rank: 8
eval_every: 4
save_every: 2
`);
  await bench.run('plain');
});

describe('off_policy_distillation', () => {
  it('comes nearer to the teacher, on held-out rows too', async () => {
    const rows = await bench.rows('plain');
    const [first, last] = [rows[0], rows.at(-1)];
    expect(first?.['test/kl']).toBeGreaterThan(1);
    expect(last?.['test/kl']).toBeLessThan((first?.['test/kl'] ?? 0) / 2);
    expect(last?.['test/nll']).toBeLessThan(first?.['test/nll'] ?? 0);
    for (const row of rows.slice(0, -1)) expect(row['train/kl']).toBeGreaterThanOrEqual(-1e-6);
  });

  it('rows have the names of the Python cookbook, and those of supervised training', async () => {
    const [row] = await bench.rows('plain');
    expect(Object.keys(row ?? {}).sort()).toMatchInlineSnapshot(`
      [
        "batch_size",
        "epoch",
        "grad_norm",
        "learning_rate",
        "num_loss_tokens",
        "num_tokens",
        "progress",
        "step",
        "test/bpb",
        "test/cross_entropy",
        "test/kl",
        "test/nll",
        "test/teacher_entropy",
        "train/cross_entropy",
        "train/kl",
        "train/loss:sum",
        "train/teacher_entropy",
      ]
    `);
  });

  it('asks the teacher once for each row, whatever the epochs', async () => {
    expect((await bench.text('plain/teacher_targets.jsonl')).trimEnd().split('\n')).toHaveLength(40);
  });

  it('keeps nothing of rows that come once', async () => {
    await bench.run('once', ['num_epochs=1']);
    expect((await bench.text('once/teacher_targets.jsonl')).trimEnd().split('\n')).toHaveLength(8);
  });

  it('goes on after a stop as if there had been none, with what the teacher has said', async () => {
    await bench.runInTwo('stopped', 4);
    expect(await bench.rows('stopped')).toEqual(await bench.rows('plain'));
    expect(await bench.weights('stopped')).toBe(await bench.weights('plain'));
    expect(await bench.text('stopped/teacher_targets.jsonl')).toBe(await bench.text('plain/teacher_targets.jsonl'));
  });

  it('asks again for a row that a kill has cut short', async () => {
    const stop = new AbortController();
    await bench.run('torn', [], {
      signal: stop.signal,
      onEvent: (event) => event.type === 'step' && event.step === 2 && stop.abort(),
    });
    const path = bench.path('torn/teacher_targets.jsonl');
    await truncate(path, (await readFile(path)).length - 40);
    await bench.run('torn');
    expect(await bench.weights('torn')).toBe(await bench.weights('plain'));
    expect((await bench.text('torn/teacher_targets.jsonl')).trimEnd().split('\n')).toHaveLength(40);
  });

  it('says nothing that was edited in its file, and nothing of another teacher', async () => {
    const directory = await temporaryDirectory();
    const { store, ask, askAs, close } = await openStore(directory);
    await ask(7);
    await askAs('another', 7);
    await store.close();
    const path = join(directory, 'teacher_targets.jsonl');
    const text = await readFile(path, 'utf8');
    const [first, second] = text.split('\n').map((line) => (line === '' ? null : JSON.parse(line).sequence));
    expect(first).not.toBe(second);
    const reopen = () => TargetStore.open(directory, new AbortController().signal);
    await (await reopen()).close();
    for (const edited of [
      text.replace(/"logprobs":\[-/, '"logprobs":[-9'),
      text.replace(/"tokens":\[/, '"tokens":[1'),
      text.replace('"targets":[null,', '"targets":['),
      text.replace(first, second),
    ]) {
      await writeFile(path, edited);
      await expect(reopen()).rejects.toMatchObject({
        message: expect.stringMatching(/^\S*teacher_targets\.jsonl:1: is not as it was written$/),
        hint: expect.stringContaining('delete it, and the teacher is asked again'),
      });
    }
    await close();
  });

  it('names the line of what it cannot read any more', async () => {
    const stop = new AbortController();
    await bench.run('damaged', [], {
      signal: stop.signal,
      onEvent: (event) => event.type === 'step' && event.step === 2 && stop.abort(),
    });
    const path = bench.path('damaged/teacher_targets.jsonl');
    const lines = (await bench.text('damaged/teacher_targets.jsonl')).split('\n');
    lines[2] = '{"sequence": "x", "targets": [7]}';
    await writeFile(path, lines.join('\n'));
    const { status } = await bench.run('damaged');
    expect(status.error?.message).toMatch(/teacher_targets\.jsonl:3: "targets" cannot be/);
  });

  it('keeps nothing that is said after it was closed', async () => {
    const directory = await temporaryDirectory();
    const { store, ask, close } = await openStore(directory);
    const asked = ask(7);
    await store.close();
    expect((await asked).some((top) => top !== null)).toBe(true);
    expect(await readdir(directory)).toEqual([]);
    await close();
  });

  it('keeps nothing once another process has taken the directory over', async () => {
    const directory = await temporaryDirectory();
    const lost = new AbortController();
    const { store, ask, close } = await openStore(directory, lost.signal);
    await ask(7);
    const kept = await readFile(join(directory, 'teacher_targets.jsonl'), 'utf8');
    lost.abort(new Error('the lease is lost'));
    await expect(ask(8)).rejects.toThrow('the lease is lost');
    expect(await readFile(join(directory, 'teacher_targets.jsonl'), 'utf8')).toBe(kept);
    await store.close();
    await close();
  });

  it('keeps what is said in the order in which it was asked, whatever the engine computes first', async () => {
    const directory = await temporaryDirectory();
    const { store, askLong, close } = await openStore(directory, new AbortController().signal, 16);
    const lengths = [9, 2, 7, 3, 12, 4];
    await Promise.all(lengths.map(askLong));
    await store.close();
    const lines = (await readFile(join(directory, 'teacher_targets.jsonl'), 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).targets.length)).toEqual(lengths);
    await close();
  });

  it('divides a batch between datasets by weight, each with its own teacher', async () => {
    const dataset = '{builder: conversation_file, file_path: data.jsonl, batch_size: 8, test_size: 8}';
    const configs = `[{dataset: ${dataset}, teacher: {load_checkpoint_path: {run: teacher, checkpoint: final}}, weight: 3}, {dataset: ${dataset}, teacher: {}}]`;
    await bench.run('two', [`dataset_configs=${configs}`, 'batch_size=8', 'num_epochs=1']);
    const [first, ...others] = await bench.rows('two');
    expect(first).toMatchObject({ batch_size: 8 });
    // 32 rows by 6 a step is the shorter, 32 by 2 the longer one.
    expect(others).toHaveLength(16);
    // The second teacher is what the student is at first.
    expect(first?.['train/kl/dataset_0']).toBeGreaterThan(first?.['train/kl/dataset_1'] ?? 9);
    expect(first?.['test/kl/dataset_0']).toBeGreaterThan(first?.['test/kl/dataset_1'] ?? 9);
  });

  it.each([
    [['n_teacher_targets=0'], 'n_teacher_targets'],
    [['n_teacher_targets=129'], 'n_teacher_targets'],
    [['dataset_configs=[]'], 'dataset_configs'],
    [['batch_size=0'], 'batch_size'],
  ])('%j is refused before there is a run', async (overrides, message) => {
    await expect(bench.run('refused', overrides)).rejects.toThrow(message);
  });

  it('weights without a batch to divide are refused before there is a run', async () => {
    const dataset = '{builder: conversation_file, file_path: data.jsonl, batch_size: 8}';
    const configs = `[{dataset: ${dataset}, teacher: {}, weight: 3}, {dataset: ${dataset}, teacher: {}}]`;
    await expect(bench.run('refused', [`dataset_configs=${configs}`])).rejects.toThrow(
      'weights divide the batch_size of the trainer, which is not set',
    );
  });
});

/** A store, and what asks a teacher about a sequence that ends with a token, or with so many of 7. */
async function openStore(directory: string, lost = new AbortController().signal, microbatchTokens = 256) {
  const checkpoints = join(directory, 'checkpoints');
  const service = openLocalService({ checkpoints, threads: 1, microbatchTokens, seed: 0, notify: () => undefined });
  const client = await service.createSamplingClient({ base_model: bench.path('model') });
  const store = await TargetStore.open(directory, lost);
  const { signal } = new AbortController();
  const askOf = (prompt: number[], completion: number[], teacher = 'one') =>
    store.of(completionDatum(modelInputFromTokens(prompt), completion), { client, teacher, K: 2, signal });
  const askAs = (teacher: string, token: number) => askOf([5, 6], [token, 8], teacher);
  const ask = (token: number) => askOf([5, 6], [token, 8]);
  const askLong = (length: number) => askOf([5], new Array<number>(length).fill(7));
  return { store, ask, askAs, askLong, close: () => service.close() };
}
