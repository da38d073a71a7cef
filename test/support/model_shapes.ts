// Models of random shapes, and all that the engine computes with one: to be held against what it computes elsewhere.

import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openLocalService } from '../../src/engine/engine.ts';
import { nextUniform, randomFor } from '../../src/engine/random.ts';
import type { SamplingClient, TrainingClient } from '../../src/tinker/clients.ts';
import { type Datum, modelInputFromTokens } from '../../src/tinker/types.ts';
import type { JsonObject } from '../../src/util/json.ts';
import { adam } from './adam.ts';
import { CHAT_MODEL_VOCABULARY, writeChatModel } from './chat_model.ts';
import { randomModelConfig, writeRandomModel } from './random_model.ts';

export interface ModelShape {
  config: JsonObject;
  vocabulary: number;
  /** 0: all parameters are trained. */
  rank: number;
  /** Lengths of the sequences of a batch, which is computed in so many tokens at once. */
  lengths: number[];
  microbatchTokens: number;
  checkpointing: boolean;
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
  const rank = pick([0, 1, 2, 4, 8, 16, 32, 48, 64, 130]);
  // A model from scratch has room for the tokens of its tokenizer.
  const vocabulary = pick(rank === 0 ? [CHAT_MODEL_VOCABULARY, 641, 1000] : [61, 100, 259, 500, 640, 641, 1000, 3001]);
  return {
    vocabulary,
    rank,
    lengths: Array.from({ length: 1 + below(7) }, () =>
      pick([1 + below(12), 1 + below(60), 1 + below(60), 1 + below(300)]),
    ),
    microbatchTokens: pick([64, 256, 1024]),
    checkpointing: below(4) === 0,
    config: {
      model_type,
      architectures: [architecture],
      hidden_size: 8 * (2 + below(90)),
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
  { config, vocabulary, rank, lengths, microbatchTokens, checkpointing }: ModelShape,
  directory: string,
  threads: number,
): Promise<Record<string, string>> {
  const path = join(directory, 'model');
  const scratch = { config: randomModelConfig(config), tokenizer_path: path, seed: 1 };
  if (rank === 0) await writeChatModel(path);
  else await writeRandomModel(path, config);
  const checkpoints = join(directory, 'checkpoints');
  const service = openLocalService({
    checkpoints,
    threads,
    microbatchTokens,
    activationCheckpointing: checkpointing,
    seed: 1,
  });
  try {
    const client =
      rank === 0
        ? await service.createFullTrainingClient(scratch)
        : await service.createLoraTrainingClient({ base_model: path, rank, seed: 1 });
    const texts = lengths.map((length, i) => textOf(length + 1, i, vocabulary));
    const training = await train(client, texts);
    const sampler = await client.saveWeightsAndGetSamplingClient();
    return { training: digest(training), ...(await sampled(sampler, texts)) };
  } finally {
    await service.close();
    await rm(checkpoints, { recursive: true, force: true });
  }
}

const textOf = (length: number, salt: number, vocabulary: number) =>
  Array.from({ length }, (_, t) => (t * t * 7 + 31 * salt + 3) % vocabulary);

function datumOf(text: readonly number[]): Datum {
  const target_tokens = { data: text.slice(1), dtype: 'int64' as const, shape: [text.length - 1] };
  return { model_input: modelInputFromTokens(text.slice(0, -1)), loss_fn_inputs: { target_tokens } };
}

async function train(client: TrainingClient, texts: readonly number[][]): Promise<unknown[]> {
  const seen: unknown[] = [];
  for (let step = 0; step < 2; step++) {
    const trained = await client.forwardBackward(texts.map(datumOf), 'cross_entropy');
    const stepped = await client.optimStep(adam(0.01));
    seen.push((await trained.result()).loss_fn_outputs, (await stepped.result()).metrics);
  }
  return seen;
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
