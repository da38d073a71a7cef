// The engine's training client as every benchmark uses it: opened until the first step can start, and a step of next-token prediction.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLocalService } from '../../src/engine/engine.ts';
import type { Precision } from '../../src/engine/precision.ts';
import type { SamplingClient, TrainingClient } from '../../src/tinker/clients.ts';
import { type Datum, modelInputFromTokens } from '../../src/tinker/types.ts';

const ADAM = { learning_rate: 1e-4, beta1: 0.9, beta2: 0.95, eps: 1e-8, weight_decay: 0, grad_clip_norm: 0 };

export interface TrainerOptions {
  /** Directory of the model. */
  model: string;
  rank?: number;
  threads?: number;
  checkpointing?: boolean;
  /** float32 if absent. */
  precision?: Precision;
  train_unembed?: boolean;
}

export interface Trainer {
  client: TrainingClient;
  /** Of the model without an adapter; always the same one. */
  baseSampler(): Promise<SamplingClient>;
  close(): Promise<void>;
}

export async function openTrainer({
  model,
  rank = 16,
  threads = 2,
  checkpointing = false,
  precision,
  train_unembed = true,
}: TrainerOptions): Promise<Trainer> {
  const checkpointsPath = mkdtempSync(join(tmpdir(), 'cookbook-bench-'));
  const service = openLocalService({
    checkpoints: checkpointsPath,
    threads,
    microbatchTokens: 2048,
    activationCheckpointing: checkpointing,
    ...(precision && { precision }),
    seed: 0,
  });
  const client = await service.createLoraTrainingClient({ base_model: model, rank, train_unembed });
  // The session is made by the first request that needs it. One without a weight has nothing to compute: it makes the session only.
  const nothing = await client.forwardBackward([datumOf([0, 0], () => 0)], 'cross_entropy', undefined, {
    logprobs: 'trained',
  });
  await nothing.result();
  let sampler: Promise<SamplingClient> | null = null;
  return {
    client,
    baseSampler() {
      sampler ??= service.createSamplingClient({ base_model: model });
      return sampler;
    },
    async close() {
      await service.close();
      rmSync(checkpointsPath, { recursive: true });
    },
  };
}

/** A row of tokens, each but the first the target of those before it. */
export function datumOf(row: readonly number[], weight: (position: number) => number = () => 1): Datum {
  const targets = row.slice(1);
  const shape = [targets.length];
  return {
    model_input: modelInputFromTokens(row.slice(0, -1)),
    loss_fn_inputs: {
      target_tokens: { data: targets, dtype: 'int64', shape },
      weights: { data: targets.map((_, position) => weight(position)), dtype: 'float32', shape },
    },
  };
}

/** Forward, backward and AdamW, submitted as the training loops do. Answers with the seconds that it took. */
export async function step(
  client: TrainingClient,
  data: Datum[],
  logprobs: 'all' | 'trained' = 'all',
): Promise<{ seconds: number; metrics: Record<string, number> }> {
  const start = performance.now();
  const forwardBackward = await client.forwardBackward(data, 'cross_entropy', undefined, { logprobs });
  const optimStep = await client.optimStep(ADAM);
  const { metrics } = await forwardBackward.result();
  await optimStep.result();
  return { seconds: (performance.now() - start) / 1000, metrics };
}
