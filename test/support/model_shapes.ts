// Models of random shapes, and all that the engine computes with one: to be held against what it computes elsewhere.

import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openLocalService } from '../../src/engine/engine.ts';
import type { Precision } from '../../src/engine/precision.ts';
import type { SamplingClient, TrainingClient } from '../../src/tinker/clients.ts';
import { type Datum, modelInputFromTokens } from '../../src/tinker/types.ts';
import type { JsonObject } from '../../src/util/json.ts';
import { nextUniform, randomFor } from '../../src/util/random.ts';
import { adam } from './adam.ts';
import { CHAT_MODEL_VOCABULARY, writeChatModel } from './chat_model.ts';
import { randomModelConfig, writeRandomModel } from './random_model.ts';

export interface ModelShape {
  config: JsonObject;
  vocabulary: number;
  /** 0: all parameters are trained. */
  rank: number;
  /** Parts of the model without an adapter: by default none. */
  leftAlone: { train_attn?: false; train_mlp?: false; train_unembed?: false };
  /** So many tokens at the end of every sequence are trained, and only these are projected onto the vocabulary; null: all are. */
  trainedTokens: number | null;
  /** Lengths of the sequences of a batch, which is computed in so many tokens at once. */
  lengths: number[];
  microbatchTokens: number;
  checkpointing: boolean;
  /** float32 if absent. */
  precision?: Precision;
}

const FAMILIES: [[string, string], ...[string, string][]] = [
  ['llama', 'LlamaForCausalLM'],
  ['qwen2', 'Qwen2ForCausalLM'],
  ['qwen3', 'Qwen3ForCausalLM'],
];

/** Sizes around those at which the runtime computes in another way: multiples of 16, and sums of more than 128 terms. */
export function randomShape(seed: number): ModelShape {
  const random = randomFor(seed, 'model shape');
  const below = (n: number) => Math.floor(nextUniform(random) * n);
  const pick = <T>(values: readonly [T, ...T[]]): T => values[below(values.length)] ?? values[0];
  const [model_type, architecture] = pick(FAMILIES);
  const head_dim = pick([8, 16, 24, 32, 64, 80, 128, 160]);
  const num_key_value_heads = pick([1, 1, 2, 3, 5]);
  const hidden_size = 8 * (2 + below(90));
  const rank = Math.min(pick([0, 1, 2, 4, 8, 16, 32, 48, 64, 130]), Math.max(32, hidden_size));
  // A model from scratch has room for the tokens of its tokenizer.
  const vocabulary = pick(
    rank === 0 ? [CHAT_MODEL_VOCABULARY, 641, 1000] : [61, 100, 259, 500, 640, 641, 1000, 3001, 9001],
  );
  return {
    vocabulary,
    rank,
    leftAlone: pick([{}, {}, { train_attn: false, train_mlp: false }]),
    trainedTokens: pick([null, null, 1, 2, 1 + below(20)]),
    lengths: Array.from({ length: 1 + below(7) }, () =>
      pick([1 + below(12), 1 + below(60), 1 + below(60), 1 + below(300)]),
    ),
    microbatchTokens: pick([64, 256, 1024]),
    checkpointing: below(4) === 0,
    config: {
      model_type,
      architectures: [architecture],
      hidden_size,
      intermediate_size: pick([24 + below(200), 24 + below(900)]),
      num_hidden_layers: 1,
      num_key_value_heads,
      num_attention_heads: num_key_value_heads * pick([1, 1, 2, 3, 4]),
      head_dim,
      max_position_embeddings: 512,
      vocab_size: vocabulary,
      tie_word_embeddings: below(2) === 0,
    },
  };
}

/** What training two steps, scoring and sampling give for a number of threads, each as a digest of all bits. */
export async function everythingOf(
  shape: ModelShape,
  directory: string,
  threads: number,
): Promise<Record<string, string>> {
  const { config, vocabulary, rank, leftAlone, lengths, microbatchTokens, checkpointing, precision } = shape;
  const path = join(directory, 'model');
  // The tokenizer of another model would be left.
  await rm(path, { recursive: true, force: true });
  const scratch = { config: randomModelConfig(config), tokenizer_path: path, seed: 1 };
  if (rank === 0) await writeChatModel(path);
  else await writeRandomModel(path, config);
  const checkpoints = join(directory, 'checkpoints');
  const service = openLocalService({
    checkpoints,
    threads,
    microbatchTokens,
    activationCheckpointing: checkpointing,
    ...(precision && { precision }),
    seed: 1,
  });
  try {
    const client =
      rank === 0
        ? await service.createFullTrainingClient(scratch)
        : await service.createLoraTrainingClient({ base_model: path, rank, seed: 1, ...leftAlone });
    const texts = lengths.map((length, i) => textOf(length + 1, i, vocabulary));
    const training = await train(client, texts, shape.trainedTokens);
    const weights = await savedWeights(client, checkpoints);
    const sampler = await client.saveWeightsAndGetSamplingClient();
    return { training: digest(training), weights, ...(await sampled(sampler, texts)) };
  } finally {
    await service.close();
    await rm(checkpoints, { recursive: true, force: true });
  }
}

const textOf = (length: number, salt: number, vocabulary: number) =>
  Array.from({ length }, (_, t) => (t * t * 7 + 31 * salt + 3) % vocabulary);

function datumOf(text: readonly number[], trainedTokens: number | null): Datum {
  const shape = [text.length - 1];
  const target_tokens = { data: text.slice(1), dtype: 'int64' as const, shape };
  const first = shape[0] - (trainedTokens ?? shape[0]);
  const data = Array.from(target_tokens.data, (_, t) => (t < first ? 0 : 1));
  const weights = { data, dtype: 'float32' as const, shape };
  return { model_input: modelInputFromTokens(text.slice(0, -1)), loss_fn_inputs: { target_tokens, weights } };
}

const withOtherEnd = (text: readonly number[], count: number) =>
  text.map((token, t) => (t < text.length - count ? token : text[0]));

async function train(
  client: TrainingClient,
  texts: readonly number[][],
  trainedTokens: number | null,
): Promise<unknown[]> {
  const data = texts.map((text) => datumOf(text, trainedTokens));
  // Of two that differ only in what is trained, what is in front of that is read once.
  if (trainedTokens !== null)
    data.push(...texts.map((text) => datumOf(withOtherEnd(text, trainedTokens), trainedTokens)));
  const seen: unknown[] = [];
  for (let step = 0; step < 2; step++) {
    const trained = await client.forwardBackward(data, 'cross_entropy', undefined, { logprobs: 'trained' });
    const stepped = await client.optimStep(adam(0.01));
    seen.push((await trained.result()).loss_fn_outputs, (await stepped.result()).metrics);
  }
  return seen;
}

/** Of the weights and the optimizer's state. */
async function savedWeights(client: TrainingClient, checkpoints: string): Promise<string> {
  await (await client.saveState('trained')).result();
  const names = (await readdir(checkpoints, { recursive: true }))
    .filter((name) => name.endsWith('.safetensors'))
    .sort();
  if (names.length === 0) throw new Error('a checkpoint without weights');
  const files = await Promise.all(names.map((name) => readFile(join(checkpoints, name))));
  return digest(files.map((file) => createHash('sha256').update(file).digest('hex')));
}

async function sampled(sampler: SamplingClient, texts: readonly number[][]): Promise<Record<string, string>> {
  const prompts = texts.map((text) => modelInputFromTokens(text));
  const scores = await Promise.all(prompts.map((prompt) => sampler.computeLogprobs(prompt)));
  const params = { max_tokens: 4, stop: [], seed: 1 };
  const samples = await Promise.all(prompts.map((prompt, i) => sampler.sample(prompt, 1 + 3 * (i % 2), params)));
  return { scoring: digest(scores), sampling: digest(samples) };
}

/** Of numbers, which JSON writes with all their digits. */
const digest = (value: unknown) => createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
