// Runs that share an engine in another process: each computes what it computes alone, and knows when the engine has gone.

import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { openLocalService } from '../../../src/engine/engine.ts';
import { attach } from '../../../src/engine/process/client.ts';
import { serveEngine } from '../../../src/engine/process/server.ts';
import type { SessionOptions } from '../../../src/engine/service.ts';
import type { FullTrainingService, SamplingClient } from '../../../src/tinker/clients.ts';
import { EngineLostError } from '../../../src/tinker/shared_engine.ts';
import { type Datum, modelInputFromTokens } from '../../../src/tinker/types.ts';
import { CheckpointError, RequestError } from '../../../src/util/errors.ts';
import { adam } from '../../support/adam.ts';
import { startEngine } from '../../support/attached_service.ts';
import { CHAT_MODEL_VOCABULARY, writeChatModel } from '../../support/chat_model.ts';
import { randomModelConfig, RANDOM_MODEL_VOCABULARY as V, writeRandomModel } from '../../support/random_model.ts';

let directory: string;
let model: string;
let chat: string;
const inside = (path: string) => join(directory, path);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-attached-'));
  // Sampled one by one, sequences of a model this wide get other bits than in a batch.
  model = await writeRandomModel(inside('model'), { hidden_size: 192, max_position_embeddings: 128 });
  chat = await writeChatModel(inside('chat'));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

const options = (name: string, more: Partial<SessionOptions> = {}): SessionOptions => ({
  checkpoints: inside(name),
  microbatchTokens: 32,
  seed: 3,
  ...more,
});

function alone(name: string, more?: Partial<SessionOptions>): FullTrainingService {
  const service = openLocalService({ ...options(name, more), threads: 1 });
  onTestFinished(() => service.close());
  return service;
}

function datum(length: number, salt: number): Datum {
  const tokens = Array.from({ length: length + 1 }, (_, t) => (t * t * 7 + salt * 5 + 3) % V);
  const weights = Float32Array.from({ length }, (_, t) => ((t + salt) % 3) * 0.5);
  return {
    model_input: modelInputFromTokens(tokens.slice(0, -1)),
    loss_fn_inputs: {
      target_tokens: { data: tokens.slice(1), dtype: 'int64', shape: [length] },
      weights: { data: weights, dtype: 'float32', shape: [length] },
    },
  };
}

/** An episode whose next turn begins when the last one has ended: who is in the batch depends on when it asks. */
async function episode(sampler: SamplingClient, salt: number): Promise<number[]> {
  const tokens = [5, (salt * 7) % V];
  for (let turn = 0; turn < 4; turn++) {
    const max_tokens = 1 + ((salt + turn) % 5);
    const { sequences } = await sampler.sample(modelInputFromTokens(tokens), 1, { max_tokens, stop: [], seed: salt });
    tokens.push(...sequences[0].tokens);
    tokens.push(...sequences[0].logprobs.map((logprob) => Math.floor(-logprob * 1e6) % V));
  }
  return tokens;
}

/** All that a run does: adapters, custom losses, episodes of several turns, scores, saves. */
async function runOf(service: FullTrainingService, seed: number): Promise<unknown[]> {
  const client = await service.createLoraTrainingClient({ base_model: model, rank: 4, seed });
  const seen: unknown[] = [await client.getInfo()];
  for (let step = 0; step < 2; step++) {
    const trained = await client.forwardBackward([datum(9, seed), datum(14, step)], 'cross_entropy');
    const custom = await client.forwardBackwardCustom([datum(7, step)], (_, logprobs_D_T) => ({
      loss: logprobs_D_T[0][0],
      grads_D_T: logprobs_D_T.map((logprobs) => logprobs.map((logprob) => logprob / 3)),
    }));
    const stepped = await client.optimStep(adam(0.02));
    seen.push(await trained.result(), await custom.result(), await stepped.result());
    const sampler = await client.saveWeightsAndGetSamplingClient();
    seen.push(await Promise.all([1, 2, 3].map((salt) => episode(sampler, salt + seed))));
    seen.push(await sampler.computeLogprobs(datum(8, seed).model_input));
    seen.push(await sampler.computeLogprobs(datum(8, seed).model_input, { last_n: 2 }));
    seen.push(await sampler.sample(modelInputFromTokens([1, 2]), 2, { max_tokens: 2 }, { topk_prompt_logprobs: 2 }));
    await sampler.close();
  }
  const { path } = await (await client.saveState('end')).result();
  await client.close();
  const again = await service.createTrainingClientFromStateWithOptimizer(path);
  seen.push(path, await (await again.forward([datum(5, 1)], 'cross_entropy')).result());
  return seen;
}

const weights = (name: string) => readFile(inside(`${name}/weights/end/adapter_model.safetensors`), 'base64');

it('four runs on one engine see what each sees in a process of its own, episodes of several turns included', async () => {
  const attachTo = await startEngine({ threads: 1 });
  const seeds = [1, 2, 3, 4];
  // Another number of neighbours meets each of them at other moments.
  const together = await Promise.all(
    seeds.map(async (seed) => runOf(await attachTo(options(`together${seed}`, { neftuneAlpha: 5 })), seed)),
  );
  for (const [i, seed] of seeds.entries()) {
    expect(together[i]).toEqual(await runOf(alone(`alone${seed}`, { neftuneAlpha: 5 }), seed));
    expect(await weights(`together${seed}`)).toBe(await weights(`alone${seed}`));
  }
});

it('a model of which all parameters are trained has the same bits', async () => {
  const config = randomModelConfig({ vocab_size: CHAT_MODEL_VOCABULARY });
  const trained = async (service: FullTrainingService) => {
    const client = await service.createFullTrainingClient({ config, tokenizer_path: chat, seed: 1 });
    const pass = await client.forwardBackward([datum(9, 1)], 'cross_entropy');
    await client.optimStep(adam(0.01));
    return [await pass.result(), await (await client.forward([datum(9, 1)], 'cross_entropy')).result()];
  };
  const attachTo = await startEngine({ threads: 1 });
  expect(await trained(await attachTo(options('full')))).toEqual(await trained(alone('full_alone')));
});

describe('a request', () => {
  it('fails with the error that it fails with in this process: its class, its message, its hint', async () => {
    const attachTo = await startEngine({ threads: 1 });
    const errors = async (service: FullTrainingService) => {
      const client = await service.createLoraTrainingClient({ base_model: model, rank: 4 });
      const [sampler, { model_input }] = [await service.createSamplingClient({ base_model: model }), datum(3, 1)];
      return await Promise.all(
        [
          client.forwardBackward([datum(200, 1)], 'cross_entropy'),
          client.optimStep({ ...adam(0.1), beta1: -1 }),
          client.saveState('a/b').then((saving) => saving.result()),
          client.forward([], 'cross_entropy'),
          sampler.sample(model_input, 0, {}),
          service.createTrainingClientFromState('tinker://elsewhere/weights/1'),
          service.createLoraTrainingClient({ base_model: model, rank: 500 }),
          service.createFullTrainingClient({ config: randomModelConfig(), tokenizer_path: chat, seed: 1 }),
        ].map((request) =>
          request.then(
            () => null,
            (error) => [error.constructor, error.code, error.message, error.hint],
          ),
        ),
      );
    };
    const seen = await errors(await attachTo(options('errors')));
    expect(seen).toEqual(await errors(alone('errors')));
    expect(seen.map((error) => error?.[0])).toContain(CheckpointError);
    expect(seen.map((error) => error?.[0])).toContain(RequestError);
    expect(seen.map((error) => error?.[3])).toContainEqual(expect.stringContaining('Set vocab_size to'));
  });

  it('that is given up rejects at once and leaves the batch, and one whose listener throws fails with that', async () => {
    const service = await (await startEngine({ threads: 1 }))(options('aborts'));
    const sampler = await service.createSamplingClient({ base_model: model });
    const prompt = modelInputFromTokens([1, 2, 3]);
    const sample = (more: object) => sampler.sample(prompt, 1, { max_tokens: 100, stop: [], seed: 1 }, more);
    const told: number[] = [];
    const abort = new AbortController();
    const cut = sample({
      signal: abort.signal,
      onToken: (token: number) => {
        told.push(token);
        if (told.length === 3) abort.abort(new Error('enough'));
      },
    });
    await expect(cut).rejects.toThrow('enough');
    const deaf = sample({
      onToken: () => {
        throw new Error('not listening');
      },
    });
    await expect(deaf).rejects.toThrow('not listening');
    const { sequences } = await sample({});
    expect(sequences[0].tokens.slice(0, 3)).toEqual(told);
  });

  it('to what is closed is refused, and the others of the engine go on', async () => {
    const attachTo = await startEngine({ threads: 1 });
    const [ending, going] = [await attachTo(options('ending')), await attachTo(options('going'))];
    const client = await ending.createLoraTrainingClient({ base_model: model, rank: 4 });
    const other = await going.createLoraTrainingClient({ base_model: model, rank: 4 });
    const pass = await other.forward([datum(9, 1)], 'cross_entropy');
    await ending.close();
    await expect(client.forward([datum(9, 1)], 'cross_entropy')).rejects.toThrow('this client is closed');
    await expect(ending.createSamplingClient({ base_model: model })).rejects.toThrow('this service client is closed');
    expect((await pass.result()).loss_fn_outputs).toHaveLength(1);
  });
});

describe('an engine that has gone', () => {
  it('fails what waits for it and all that comes, and says first that it is lost', async () => {
    // An engine that lets a run in, and dies at its first request.
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.once('data', () => socket.destroy());
    });
    const socket = inside('dying');
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    onTestFinished(() => void server.close());
    await expect(attach({ ...options('lost'), socket, device: 'cpu' })).rejects.toThrow(EngineLostError);
    await expect(attach({ ...options('lost'), socket: inside('nobody'), device: 'cpu' })).rejects.toThrow(
      EngineLostError,
    );
  });
});

it('an engine that ends does not wait for those who have opened nothing', async () => {
  const socket = inside('stranger');
  const engine = await serveEngine({ socket, device: 'cpu', threads: 1 });
  const stranger = connect(socket);
  onTestFinished(() => void stranger.destroy());
  await once(stranger, 'connect');
  await engine.close();
});
