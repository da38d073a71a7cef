// What either side writes, the other reads: adapters both ways, models that were trained from scratch.

import { readdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, expect } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import { runFile } from '../../src/run/run_spec.ts';
import { modelInputFromTokens } from '../../src/tinker/types.ts';
import { loadTokenizer } from '../../src/tokenizers/hf_tokenizer.ts';
import { writeRandomModel } from '../support/random_model.ts';
import { randomBatch, randomTokens } from './data.ts';
import { checkpointDirectory, distributions, disturb, train } from './engine.ts';
import { test } from './fixtures.ts';
import { MODELS } from './models.ts';

const SEQUENCES = [randomTokens(30, 1), randomTokens(11, 2)];

describe('adapters that the engine saves, in peft', () => {
  test.for(MODELS)('$name', async ({ fields }, { directory, service, reference, expectAgreement }) => {
    const model = await writeRandomModel(join(directory, 'model'), fields);
    const client = await service.createLoraTrainingClient({ base_model: model, rank: 4 });
    await disturb(client);
    const { path } = await (await client.saveWeightsForSampler('adapter')).result();
    const adapter = checkpointDirectory(directory, path);
    const expected = await reference.logProbs({ model, adapter, sequences: SEQUENCES });
    for (const [s, actual] of (await distributions(client, SEQUENCES)).entries()) {
      expectAgreement('log-probs with our adapter', 1e-4, actual, expected[s].flat());
    }
  });
});

describe('adapters that peft saves, in the engine', () => {
  const KINDS = [
    { name: 'every linear layer', lora: { r: 4, lora_alpha: 32, target_modules: 'all-linear' } },
    { name: 'some layers', lora: { r: 4, lora_alpha: 32, target_modules: ['q_proj', 'v_proj', 'up_proj'] } },
    { name: 'another scale', lora: { r: 3, lora_alpha: 7, target_modules: 'all-linear' } },
    { name: 'the unembedding', lora: { r: 4, lora_alpha: 32, target_modules: ['lm_head', 'q_proj'] } },
  ];

  test.for(KINDS)('$name', async ({ lora }, { directory, service, reference, expectAgreement }) => {
    const model = await writeRandomModel(join(directory, 'model'));
    const adapter = join(directory, 'adapter');
    await reference.newAdapter({ model, lora, output: adapter });
    const expected = await reference.logProbs({ model, adapter, sequences: SEQUENCES });
    const client = await service.createTrainingClientFromState(adapter);
    for (const [s, actual] of (await distributions(client, SEQUENCES)).entries()) {
      expectAgreement("log-probs with peft's adapter", 1e-4, actual, expected[s].flat());
    }
  });

  test('train on as in peft, the layers that they leave alone left alone', async ({
    directory,
    service,
    reference,
    expectAgreement,
  }) => {
    const model = await writeRandomModel(join(directory, 'model'));
    const adapter = join(directory, 'adapter');
    await reference.newAdapter({ model, lora: KINDS[1].lora, output: adapter });
    const batches = [1, 2, 3, 4, 5].map((seed) => randomBatch([9, 17], seed));
    const adam = { learning_rate: 0.02, beta1: 0.9, beta2: 0.95, eps: 1e-12, weight_decay: 0.1, grad_clip_norm: 0 };
    const actual = await train(await service.createTrainingClientFromState(adapter), batches, adam);
    const expected = await reference.train({ model, adapter, batches, adam });
    expectAgreement("losses of 5 steps on peft's adapter", 1e-3, actual.losses, expected.losses);
  });
});

const PRETRAIN = `
trainer: pretrain
log_path: run
save_model_path: model
plugins: [${resolve('example_data/tiny_corpus/plugin.ts')}]
tokenizer: {builder: tiny_corpus_bpe, vocab_size: 400, documents: 300}
hidden_size: 32
intermediate_size: 48
num_hidden_layers: 2
num_attention_heads: 4
num_key_value_heads: 2
max_position_embeddings: 64
service: {builder: local, threads: 1}
dataset: {builder: tiny_corpus, documents: 200, test_documents: 0, batch_size: 4, max_length: 64}
learning_rate: 0.01
max_steps: 4
`;

test('a model that pretraining writes loads in transformers, tokenizer and all', async ({
  directory,
  service,
  reference,
  expectAgreement,
}) => {
  await writeFile(join(directory, 'spec.yaml'), PRETRAIN);
  const { status } = await runFile(join(directory, 'spec.yaml'), {
    registry: builtinRegistry(),
    overrides: [`log_path=${join(directory, 'run')}`],
    cwd: directory,
    env: {},
    argv: [],
    ask: null,
    onEvent: () => undefined,
    signal: new AbortController().signal,
  });
  expect(status.state).toBe('done');
  const model = join(directory, 'model');
  expect((await readdir(model)).sort()).toEqual([
    'config.json',
    'model.safetensors',
    'tokenizer.json',
    'tokenizer_config.json',
  ]);
  const texts = ['Once upon a time, there was a small boat.', '<|im_start|>user\n12 + 30?<|im_end|>\n'];
  const tokenizer = await loadTokenizer(model);
  const sequences = texts.map((text) => tokenizer.encode(text));
  expect((await reference.tokenize({ model, texts })).map(({ special }) => special)).toEqual(sequences);
  const expected = await reference.logProbs({ model, sequences });
  const client = await service.createSamplingClient({ base_model: model });
  for (const [s, tokens] of sequences.entries()) {
    const [, ...actual] = await client.computeLogprobs(modelInputFromTokens(tokens));
    const picked = tokens.slice(1).map((token, t) => expected[s][t][token]);
    expectAgreement('log-probs of a pretrained model', 1e-4, actual.map(Number), picked);
  }
});
