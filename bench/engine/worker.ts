// The engine's side of the benchmark: the same jobs as worker.py, answered in the same way.

import { createInterface } from 'node:readline';
import type { Precision } from '../../src/engine/precision.ts';
import { modelInputFromTokens } from '../../src/tinker/types.ts';
import { datumOf, openTrainer, step, type Trainer } from './trainer.ts';

interface Job {
  load?: string;
  rank?: number;
  threads?: number;
  checkpointing?: boolean;
  precision?: Precision;
  batch?: number[][];
  generate?: number[][];
  max_new_tokens?: number;
  /** Samples from the base model, without the adapter. */
  base?: boolean;
}

const state: { trainer: Trainer | null } = { trainer: null };

async function work({
  load,
  batch,
  generate = [],
  max_new_tokens = 1,
  base = false,
  ...options
}: Job): Promise<unknown> {
  if (load !== undefined) {
    state.trainer = await openTrainer({ model: load, ...options });
    return null;
  }
  if (state.trainer === null) throw new Error('load a model first');
  const { client, baseSampler } = state.trainer;
  if (batch !== undefined) {
    const { metrics } = await step(
      client,
      batch.map((row) => datumOf(row)),
    );
    return metrics;
  }
  const sampler = base ? await baseSampler() : await client.saveWeightsAndGetSamplingClient();
  const replies = await Promise.all(
    generate.map((tokens) =>
      sampler.sample(modelInputFromTokens(tokens), 1, { max_tokens: max_new_tokens, temperature: 0, stop: [] }),
    ),
  );
  return replies.reduce((count, { sequences }) => count + sequences[0].tokens.length, 0);
}

for await (const line of createInterface({ input: process.stdin })) {
  const job: Job = JSON.parse(line);
  const start = performance.now();
  const result = await work(job);
  const seconds = (performance.now() - start) / 1000;
  const peak_rss = process.resourceUsage().maxRSS * 1024;
  console.log(JSON.stringify({ seconds, peak_rss, result }));
}
await state.trainer?.close();
