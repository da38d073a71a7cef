// The engine's side of the benchmark: the same jobs as worker.py, answered in the same way.

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { LocalServiceClient } from '../../src/engine/service.ts';
import type { TrainingClient } from '../../src/tinker/clients.ts';
import { type Datum, modelInputFromTokens } from '../../src/tinker/types.ts';

interface Job {
  load?: string;
  rank?: number;
  threads?: number;
  checkpointing?: boolean;
  batch?: number[][];
  generate?: number[][];
  max_new_tokens?: number;
}

const ADAM = { learning_rate: 1e-4, beta1: 0.9, beta2: 0.95, eps: 1e-8, weight_decay: 0, grad_clip_norm: 0 };

let client: TrainingClient | null = null;

function datumOf(row: number[]): Datum {
  const targets = row.slice(1);
  const weights = targets.map(() => 1);
  return {
    model_input: modelInputFromTokens(row.slice(0, -1)),
    loss_fn_inputs: {
      target_tokens: { data: targets, dtype: 'int64', shape: [targets.length] },
      weights: { data: weights, dtype: 'float32', shape: [targets.length] },
    },
  };
}

async function work(job: Job): Promise<unknown> {
  if (job.load !== undefined) {
    const service = new LocalServiceClient({
      checkpointsPath: mkdtempSync(join(tmpdir(), 'cookbook-bench-')),
      threads: job.threads ?? 2,
      microbatchTokens: 2048,
      activationCheckpointing: job.checkpointing ?? false,
      seed: 0,
    });
    client = await service.createLoraTrainingClient({ base_model: job.load, rank: job.rank ?? 16 });
    return null;
  }
  if (client === null) throw new Error('load a model first');
  if (job.batch !== undefined) {
    const forwardBackward = await client.forwardBackward(job.batch.map(datumOf), 'cross_entropy');
    const optimStep = await client.optimStep(ADAM);
    const { metrics } = await forwardBackward.result();
    await optimStep.result();
    return metrics;
  }
  const sampler = await client.saveWeightsAndGetSamplingClient();
  const count = job.max_new_tokens ?? 1;
  const replies = await Promise.all(
    (job.generate ?? []).map((tokens) =>
      sampler.sample(modelInputFromTokens(tokens), 1, { max_tokens: count, temperature: 0, stop: [] }),
    ),
  );
  return replies.reduce((sum, { sequences }) => sum + sequences[0].tokens.length, 0);
}

for await (const line of createInterface({ input: process.stdin })) {
  const job: Job = JSON.parse(line);
  const start = performance.now();
  const result = await work(job);
  const seconds = (performance.now() - start) / 1000;
  const peak_rss = process.resourceUsage().maxRSS * 1024;
  console.log(JSON.stringify({ seconds, peak_rss, result }));
}
