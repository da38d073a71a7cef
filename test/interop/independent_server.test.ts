// Our client against a server that others wrote, as a run uses it: it trains, saves, goes on, samples, and learns from what it sampled.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServiceClient, TrainingClient } from '../../src/tinker/clients.ts';
import { Credential } from '../../src/tinker/http/credentials.ts';
import { HttpServiceClient } from '../../src/tinker/http/service.ts';
import { Transport } from '../../src/tinker/http/transport.ts';
import { type Datum, type LossFnType, modelInputFromTokens } from '../../src/tinker/types.ts';
import { TINY } from '../support/tinker_server.ts';
import { type IndependentServer, skyrlTx, startSkyrlTx } from './skyrl_tx.ts';

const environment = await skyrlTx();
if ('missing' in environment) process.stderr.write(`interop: skyrl-tx IS SKIPPED: ${environment.missing}\n`);

const ADAM = { learning_rate: 5e-3, beta1: 0.9, beta2: 0.95, eps: 1e-8, weight_decay: 0, grad_clip_norm: 0 };
const LENGTH = 24;
/** Rows that are all different, and always the same. */
const ROWS = Array.from({ length: 4 }, (_, row) =>
  Array.from({ length: LENGTH + 1 }, (_, i) => 300 + ((17 * row + 29 * i * (row + 1)) % 1000)),
);
const PROMPT = ROWS[0].slice(0, 8);

const float32 = (values: number[]) => ({
  data: Float32Array.from(values),
  dtype: 'float32' as const,
  shape: [values.length],
});
const int64 = (data: number[]) => ({ data, dtype: 'int64' as const, shape: [data.length] });

function datumOf(row: readonly number[], inputs: Record<string, number[]>): Datum {
  const extra = Object.entries(inputs).map(([name, values]) => [name, float32(values)]);
  return {
    model_input: modelInputFromTokens(row.slice(0, -1)),
    loss_fn_inputs: { target_tokens: int64(row.slice(1)), ...Object.fromEntries(extra) },
  };
}

/** Log-probs of all targets in each datum, before the step. */
async function step(client: TrainingClient, data: Datum[], loss: LossFnType): Promise<number[][]> {
  const passed = await client.forwardBackward(data, loss);
  const stepped = await client.optimStep(ADAM);
  const { loss_fn_outputs } = await passed.result();
  await stepped.result();
  return loss_fn_outputs.map(({ logprobs }) => [...logprobs.data]);
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe.skipIf('missing' in environment)('skyrl-tx', () => {
  let directory: string;
  let server: IndependentServer;
  let service: ServiceClient;
  const told: string[] = [];

  const serviceOf = async (): Promise<ServiceClient> => {
    const credential = await Credential.of(server.url, {});
    const transport = new Transport({ address: server.url, credential, notify: (message) => told.push(message) });
    return new HttpServiceClient(transport, {
      project_id: null,
      record_stability_info: false,
      seed: 0,
      base_model: server.model,
      max_context_length: 512,
    });
  };

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cookbook-skyrl-'));
    server = await startSkyrlTx('missing' in environment ? '' : environment.path, TINY, directory);
    service = await serviceOf();
  }, 400_000);

  afterAll(async () => {
    await service?.close();
    await server?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  it('SFT: the loss falls from step to step; saved, it goes on where it was', { timeout: 900_000 }, async () => {
    const data = ROWS.map((row) => datumOf(row, { weights: new Array(LENGTH).fill(1) }));
    const nll = async (client: TrainingClient) => -mean((await step(client, data, 'cross_entropy')).flat());
    const client = await service.createLoraTrainingClient({ base_model: TINY, rank: 8, seed: 1 });
    const losses = [];
    for (let i = 0; i < 8; i++) losses.push(await nll(client));
    for (const [i, loss] of losses.entries()) if (i > 0) expect(loss).toBeLessThan(losses[i - 1]);
    expect(losses[7]).toBeLessThan(losses[0] / 2);

    const { path } = await (await client.saveState('state')).result();
    const after = await nll(client);
    const resumed = await service.createTrainingClientFromStateWithOptimizer(path);
    expect(await nll(resumed)).toBeCloseTo(after, 4);
    await resumed.close();
    await client.close();
    expect(told).toEqual([]);
  });

  it('RL: it samples, and what was better than the others becomes likelier', { timeout: 900_000 }, async () => {
    const client = await service.createLoraTrainingClient({ base_model: TINY, rank: 8, seed: 2 });
    const sampler = await client.saveWeightsAndGetSamplingClient();
    const { sequences } = await sampler.sample(modelInputFromTokens(PROMPT), 4, {
      max_tokens: LENGTH + 1 - PROMPT.length,
      temperature: 1,
      seed: 3,
    });
    const rewards = sequences.map(({ tokens }) => mean(tokens.map((token) => token % 2)));
    const advantages = rewards.map((reward) => reward - mean(rewards));
    expect(Math.max(...advantages)).toBeGreaterThan(0);
    const nothing = new Array(PROMPT.length - 1).fill(0);
    const data = sequences.map(({ tokens, logprobs }, i) =>
      datumOf([...PROMPT, ...tokens], {
        weights: [...nothing, ...tokens.map(() => 1)],
        logprobs: [...nothing, ...logprobs],
        advantages: [...nothing, ...tokens.map(() => advantages[i])],
      }),
    );
    const losses = [];
    for (let i = 0; i < 6; i++) {
      const now = await step(client, data, 'importance_sampling');
      const ratios = sequences.map(({ logprobs }, j) =>
        logprobs.map((then, k) => Math.exp(now[j][PROMPT.length - 1 + k] - then)),
      );
      // What the server's sampler said of its tokens, its trainer says too.
      if (i === 0) for (const ratio of ratios.flat()) expect(ratio).toBeCloseTo(1, 3);
      losses.push(-mean(ratios.map((ratio, j) => advantages[j] * mean(ratio))));
    }
    expect(losses[0]).toBeCloseTo(0, 4);
    for (const [i, loss] of losses.entries()) if (i > 0) expect(loss).toBeLessThan(losses[i - 1]);

    const { path } = await (await client.saveWeightsForSampler('policy')).result();
    const saved = await service.createSamplingClient({ model_path: path });
    const learned = await saved.computeLogprobs(modelInputFromTokens([...PROMPT, ...sequences[0].tokens]));
    expect(learned).toHaveLength(PROMPT.length + sequences[0].tokens.length);
    expect(learned[0]).toBeNull();
    await client.close();
    expect(told).toEqual([]);
  });
});
