// Exported weights: another directory, the same model.

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openLocalService } from '../../src/engine/engine.ts';
import type { LocalServiceClient } from '../../src/engine/service.ts';
import { exportCommand } from '../../src/export/command.ts';
import { type ExportOptions, exportWeights } from '../../src/export/export.ts';
import { openSafetensors, type TensorToWrite, writeSafetensors } from '../../src/formats/safetensors.ts';
import { modelInputFromTokens } from '../../src/tinker/types.ts';
import { type ProcessIdentity, thisProcess } from '../../src/util/liveness.ts';
import { adam } from '../support/adam.ts';
import { CHAT_MODEL_VOCABULARY, writeChatModel } from '../support/chat_model.ts';
import { randomModelConfig, writeRandomModel } from '../support/random_model.ts';

const TEXT = modelInputFromTokens([5, 17, 40, 3, 22, 9, 51, 8]);

let directory: string;
let service: LocalServiceClient;
const inside = (name: string) => join(directory, name);
const write = (to: string, changes: Partial<ExportOptions> = {}) =>
  exportWeights(inside('run'), {
    to: inside(to),
    format: 'peft',
    checkpoint: null,
    dtype: 'float32',
    ...changes,
  });

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-export-'));
  const model = await writeRandomModel(inside('model'));
  await writeFile(join(model, 'tokenizer.json'), '{}');
  await mkdir(inside('run'));
  await writeFile(inside('run/run.json'), '{}');
  const checkpointsPath = inside('run/checkpoints');
  service = openLocalService({ checkpoints: checkpointsPath, threads: 1, microbatchTokens: 64, seed: 3 });
  const client = await service.createLoraTrainingClient({ base_model: model, rank: 3 });
  const targets = { data: [1, 2, 3, 4, 5, 6, 7, 8], dtype: 'int64' as const, shape: [8] };
  for (const name of ['000001', 'final']) {
    await client.forwardBackward([{ model_input: TEXT, loss_fn_inputs: { target_tokens: targets } }], 'cross_entropy');
    await client.optimStep(adam(0.03));
    await (await client.saveWeightsForSampler(name)).result();
  }
});

afterAll(async () => {
  await service.close();
  await rm(directory, { recursive: true, force: true });
});

const logprobsOf = async (source: { base_model: string } | { model_path: string }) =>
  (await (await service.createSamplingClient(source)).computeLogprobs(TEXT)).slice(1).map(Number);
const trained = (name: string) => logprobsOf({ model_path: inside(`run/checkpoints/sampler_weights/${name}`) });

function expectClose(a: readonly number[], b: readonly number[], tolerance: number): void {
  expect(a).toHaveLength(b.length);
  for (const [i, value] of a.entries()) expect(Math.abs(value - b[i])).toBeLessThan(tolerance);
}

test('a merged model says what the adapter said', async () => {
  expect(await write('merged', { format: 'merged' })).toMatchObject({ base_model: null });
  expect((await readdir(inside('merged'))).sort()).toEqual(['config.json', 'model.safetensors', 'tokenizer.json']);
  const merged = await logprobsOf({ base_model: inside('merged') });
  expectClose(merged, await trained('final'), 1e-5);
  // The embedding is as it was, the unembedding is not: they cannot be tied any longer.
  expect(JSON.parse(await readFile(inside('merged/config.json'), 'utf8')).tie_word_embeddings).toBe(false);
  const [before, after] = [
    await openSafetensors(inside('model/model.safetensors')),
    await openSafetensors(inside('merged/model.safetensors')),
  ];
  expect(await after.read('model.embed_tokens.weight')).toEqual(await before.read('model.embed_tokens.weight'));
  expect(await after.read('lm_head.weight')).not.toEqual(await before.read('model.embed_tokens.weight'));
  const base = await logprobsOf({ base_model: inside('model') });
  expect(Math.max(...merged.map((value, i) => Math.abs(value - base[i])))).toBeGreaterThan(0.1);
});

test('an adapter is that of the last checkpoint, or of the one that is named', async () => {
  expect(await write('adapter')).toMatchObject({ base_model: inside('model') });
  expectClose(await logprobsOf({ model_path: inside('adapter') }), await trained('final'), 1e-6);
  await write('earlier', { checkpoint: '000001' });
  expectClose(await logprobsOf({ model_path: inside('earlier') }), await trained('000001'), 1e-6);
});

test('a merged model is stored in the type that is asked for, and says so', async () => {
  await write('half', { format: 'merged', dtype: 'bfloat16' });
  const { tensors } = await openSafetensors(inside('half/model.safetensors'));
  expect(new Set([...tensors.values()].map(({ dtype }) => dtype))).toEqual(new Set(['BF16']));
  expect(JSON.parse(await readFile(inside('half/config.json'), 'utf8')).torch_dtype).toBe('bfloat16');
});

test('an adapter that leaves the unembedding alone leaves the model tied', async () => {
  const client = await service.createLoraTrainingClient({ base_model: inside('model'), rank: 2, train_unembed: false });
  const { path } = await (await client.saveWeightsForSampler('tied')).result();
  const checkpoint = inside('run/checkpoints/sampler_weights/tied');
  await exportWeights(checkpoint, { to: inside('tied'), format: 'merged', checkpoint: null, dtype: 'float32' });
  expect(JSON.parse(await readFile(inside('tied/config.json'), 'utf8')).tie_word_embeddings).toBe(true);
  expect((await openSafetensors(inside('tied/model.safetensors'))).tensors.has('lm_head.weight')).toBe(false);
  expectClose(await logprobsOf({ base_model: inside('tied') }), await logprobsOf({ model_path: path }), 1e-6);
});

test('a merged model stops where its base did', async () => {
  await writeFile(inside('model/generation_config.json'), '{"eos_token_id": [2, 7]}');
  await write('stopping', { format: 'merged' });
  expect(await readFile(inside('stopping/generation_config.json'), 'utf8')).toBe('{"eos_token_id": [2, 7]}');
});

test('a model that its weights have untied is exported untied, and it is said', async () => {
  const weights = await openSafetensors(inside('model/model.safetensors'));
  const tensors: TensorToWrite[] = [];
  for (const { name, shape } of weights.tensors.values())
    tensors.push({ name, dtype: 'F32', shape, data: await weights.read(name) });
  const shape = weights.tensors.get('model.embed_tokens.weight')?.shape ?? [];
  const head = (await weights.read('model.embed_tokens.weight')).map((value, i) => value + Math.sin(i));
  await mkdir(inside('untied'));
  await writeFile(inside('untied/config.json'), await readFile(inside('model/config.json')));
  await writeSafetensors(inside('untied/model.safetensors'), [
    ...tensors,
    { name: 'lm_head.weight', dtype: 'F32', shape, data: head },
  ]);
  const client = await service.createLoraTrainingClient({
    base_model: inside('untied'),
    rank: 2,
    train_unembed: false,
  });
  const { path } = await (await client.saveWeightsForSampler('untied')).result();
  const remarks: string[] = [];
  await exportWeights(inside('run/checkpoints/sampler_weights/untied'), {
    to: inside('still_untied'),
    format: 'merged',
    checkpoint: null,
    dtype: 'float32',
    notify: (message) => remarks.push(message.replace(directory, '…')),
  });
  expect(remarks).toMatchInlineSnapshot(`
    [
      "…/untied: config.json says tie_word_embeddings, but the weights hold another lm_head.weight than model.embed_tokens.weight: both are used, untied",
    ]
  `);
  const scored = await logprobsOf({ base_model: inside('still_untied') });
  expectClose(scored, await logprobsOf({ model_path: path }), 1e-6);
  expect(scored).not.toEqual(await logprobsOf({ base_model: inside('model') }));
});

test('a model whose parameters were all trained is exported whole, and has no adapter', async () => {
  const client = await service.createFullTrainingClient({
    config: randomModelConfig({ vocab_size: CHAT_MODEL_VOCABULARY }),
    tokenizer_path: await writeChatModel(inside('tokenizer')),
    seed: 1,
  });
  const { path } = await (await client.saveWeightsForSampler('full')).result();
  const checkpoint = inside('run/checkpoints/sampler_weights/full');
  const options = { to: inside('whole'), checkpoint: null, dtype: 'float32' } as const;
  await expect(exportWeights(checkpoint, { ...options, format: 'peft' })).rejects.toThrow('there is no adapter');
  await exportWeights(checkpoint, { ...options, format: 'merged' });
  expectClose(await logprobsOf({ base_model: inside('whole') }), await logprobsOf({ model_path: path }), 1e-6);
});

test('nothing is written over, and what is not there says what is', async () => {
  await expect(write('model')).rejects.toThrow('model is there already');
  await expect(write('nothing', { checkpoint: 'gone' })).rejects.toThrow(/run has no checkpoint "gone"$/);
  await expect(
    exportWeights(inside('model'), { to: inside('x'), format: 'peft', checkpoint: null, dtype: 'float32' }),
  ).rejects.toThrow('there is no checkpoint here');
  expect((await readdir(directory)).filter((name) => name.endsWith('.partial'))).toEqual([]);
});

test('of two exports to one place one is told that it came second, and neither leaves anything but the export', async () => {
  const ends = await Promise.allSettled([write('race'), write('race')]);
  expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  const [second] = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason.message] : []));
  expect(second).toBe(`${inside('race')} is there already`);
  expect((await readdir(directory)).filter((name) => name.includes('race'))).toEqual(['race']);
});

test('the command to talk to an export can be pasted into a shell, whatever its path', async () => {
  const options = { format: 'merged', checkpoint: null, dtype: 'float32' } as const;
  const { lines } = await exportCommand(inside('run'), { ...options, to: inside('with a space') });
  expect(lines.join('\n')).toContain(` chat '${inside('with a space')}'  talk to it`);
});

test('how to load an export fits the terminal', async () => {
  const options = { format: 'peft', checkpoint: null, dtype: 'float32' } as const;
  const to = inside(`adapter_${'x'.repeat(30)}`);
  const { lines } = await exportCommand(inside('run'), { ...options, to }, 60);
  expect(lines.slice(-2)).toEqual([`  AutoPeftModelForCausalLM.from_pretrained("${to}")`, '      in Python']);
});

test('an export that is stopped leaves nothing', async () => {
  const stop = new AbortController();
  stop.abort(new Error('enough'));
  await expect(write('stopped', { format: 'merged', signal: stop.signal })).rejects.toThrow('enough');
  expect((await readdir(directory)).filter((name) => name.includes('stopped'))).toEqual([]);
});

test('what a killed export to the same place has left is deleted, and what a living one writes is not', async () => {
  const leave = async (partial: string, maker: ProcessIdentity) => {
    await mkdir(inside(partial));
    await writeFile(inside(`${partial}/maker.json`), JSON.stringify(maker));
  };
  await leave('.tidied.0123456789ab.partial', { ...thisProcess(), pid: 2 ** 22 + 1 });
  await leave('.tidied.ba9876543210.partial', thisProcess());
  await write('tidied');
  expect((await readdir(directory)).filter((name) => name.includes('tidied')).sort()).toEqual([
    '.tidied.ba9876543210.partial',
    'tidied',
  ]);
});
