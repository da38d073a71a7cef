// What would not fit is refused before it is allocated. The sizes here fit no machine, and nothing of them is ever made.

import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { openLocalService } from '../../src/engine/engine.ts';
import { availableMemory, requireMemory, SessionMemory } from '../../src/engine/memory.ts';
import { passBytes } from '../../src/engine/memory_estimates.ts';
import { parseModelConfig, writeModelConfig } from '../../src/formats/hf_config.ts';
import { parameterShapes } from '../../src/formats/modules.ts';
import { elementCount } from '../../src/formats/tensors.ts';
import { modelInputFromTokens } from '../../src/tinker/types.ts';
import { RequestError } from '../../src/util/errors.ts';
import { CHAT_MODEL_VOCABULARY, writeChatModel } from '../support/chat_model.ts';
import { randomModelConfig, writeRandomModel } from '../support/random_model.ts';

const LONG = 2 ** 20;
let directory: string;
let model: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-memory-'));
  model = await writeRandomModel(join(directory, 'model'), { max_position_embeddings: LONG });
});

afterAll(() => rm(directory, { recursive: true }));

function openService() {
  const service = openLocalService({ checkpoints: directory, threads: 1, microbatchTokens: LONG, seed: 1 });
  onTestFinished(() => service.close());
  return service;
}

/** The message without how much is free, and the hint. */
async function refusal(request: Promise<unknown>): Promise<string> {
  const error = await request.then(
    () => null,
    (caught: unknown) => caught,
  );
  if (!(error instanceof RequestError)) throw new Error('not refused', { cause: error });
  return `${error.message.replace(/[\d.]+ GB can be had/, 'N GB can be had')}\n${error.hint}`;
}

const tokens = new Array<number>(LONG - 10).fill(1);

test('an adapter that is wider than its model', async () => {
  const request = openService().createLoraTrainingClient({ base_model: model, rank: 2_000_000_000 });
  expect(await refusal(request)).toMatchInlineSnapshot(`
    "lora_rank 2000000000 is more than the width of the model, which is 16
    An adapter of rank 16 can learn all that one of a higher rank can. Usual ranks are 8 to 128."
  `);
});

test('a model from scratch', async () => {
  const service = openService();
  const config = randomModelConfig({
    vocab_size: CHAT_MODEL_VOCABULARY,
    intermediate_size: 2 ** 24,
    hidden_size: 4096,
  });
  const tokenizer_path = await writeChatModel(join(directory, 'chat'));
  expect(await refusal(service.createFullTrainingClient({ config, tokenizer_path, seed: 1 }))).toMatchInlineSnapshot(`
    "training all parameters takes about 6598.7 GB of memory, and N GB can be had
    Make the model smaller."
  `);
});

test('a step of training, and the next step is computed', async () => {
  const client = await openService().createLoraTrainingClient({ base_model: model, rank: 1 });
  const step = async (length: number) => {
    const target_tokens = { data: tokens.slice(0, length), dtype: 'int64' as const, shape: [length] };
    const datum = { model_input: modelInputFromTokens(tokens.slice(0, length)), loss_fn_inputs: { target_tokens } };
    return await (await client.forwardBackward([datum], 'cross_entropy')).result();
  };
  expect(await refusal(step(tokens.length))).toMatchInlineSnapshot(`
    "a pass over 1048566 tokens takes about 21991.3 GB of memory, and N GB can be had
    Lower microbatch_tokens of the service, or max_length of the data. In training, activation_checkpointing: true takes about half of the memory."
  `);
  expect((await step(4)).metrics['loss:sum']).toBeGreaterThan(0);
});

test('a prompt, and of requests made together only the one that does not fit', async () => {
  const client = await openService().createSamplingClient({ base_model: model });
  const short = client.sample(modelInputFromTokens([1, 2]), 1, { max_tokens: 3, stop: [] });
  const long = client.sample(modelInputFromTokens(tokens), 1, { max_tokens: 1 });
  expect(await refusal(long)).toMatchInlineSnapshot(`
    "reading 1048566 tokens of prompts takes about 10995.3 GB of memory, and N GB can be had
    Shorten the prompts."
  `);
  expect((await short).sequences).toHaveLength(1);
});

// A file that is mostly a hole takes no room; Windows writes it out.
test.skipIf(process.platform === 'win32')('making integers of a model', async () => {
  const changes = { vocab_size: 2 ** 24, hidden_size: 2 ** 16, num_hidden_layers: 1, head_dim: 4 };
  const config = parseModelConfig(randomModelConfig(changes), 'large model');
  const large = join(directory, 'large');
  await mkdir(large);
  await writeModelConfig(large, config, 'bfloat16');
  let end = 0;
  const header = [...parameterShapes(config)].map(([name, shape]) => {
    const start = end;
    end += 2 * elementCount(shape);
    return [name, { dtype: 'BF16', shape, data_offsets: [start, end] }] as const;
  });
  const json = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const file = await open(join(large, 'model.safetensors'), 'w');
  await file.write(Buffer.concat([length, json]));
  await file.truncate(8 + json.length + end);
  await file.close();

  const service = openLocalService({
    checkpoints: directory,
    threads: 1,
    microbatchTokens: 64,
    precision: 'int8',
    seed: 1,
  });
  onTestFinished(() => service.close());
  const request = service.createSamplingClient({ base_model: large });
  // More where a processor takes unsigned bytes alone.
  expect((await refusal(request)).replace(large, 'DIR').replace(/(5497|6597)\.\d/, 'SO MANY')).toMatchInlineSnapshot(`
    "converting DIR to int8 takes about SO MANY GB of memory, and N GB can be had
    Close what else takes memory, or take a smaller model."
  `);
});

test('what a session has taken once is there for the passes to come', () => {
  const memory = new SessionMemory();
  const free = availableMemory();
  const pass = (bytes: number) => () => memory.require(bytes, 'a pass', 'Do less.');
  expect(pass(1.5 * free)).toThrow('a pass takes about');
  expect(pass(0.8 * free)).not.toThrow();
  expect(pass(1.5 * free)).not.toThrow();
  expect(() => requireMemory(1.5 * free, 'a cache', 'Do less.')).toThrow('a cache takes about');
});

// Measured: growth of the anonymous memory of a process in a pass, by 1 × 4096 tokens and 8 × 256, two threads.
test.each([
  ['one long sequence', [4096], false, 1133],
  ['one long sequence, checkpointing', [4096], true, 947],
  ['eight short ones', new Array<number>(8).fill(256), false, 452],
  ['eight short ones, checkpointing', new Array<number>(8).fill(256), true, 272],
])('estimates stay below what was measured for %s, by less than half', (_, lengths, checkpointing, megabytes) => {
  const config = parseModelConfig(
    randomModelConfig({
      hidden_size: 384,
      intermediate_size: 1024,
      num_hidden_layers: 8,
      num_attention_heads: 6,
      vocab_size: 8192,
    }),
    'measured model',
  );
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  const estimate = passBytes(config, { lengths, tokens, rows: tokens, backward: true, checkpointing }) / 1e6;
  expect(estimate).toBeLessThan(megabytes);
  expect(estimate).toBeGreaterThan(0.4 * megabytes);
});
