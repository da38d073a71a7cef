// One engine, many sessions: what each computes, what they share, and what is given back.

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Engine, openLocalService } from '../../src/engine/engine.ts';
import type { ServiceClient, TrainingClient } from '../../src/tinker/clients.ts';
import { type Datum, modelInputFromTokens } from '../../src/tinker/types.ts';
import { nextUniform, randomFor } from '../../src/util/random.ts';
import { adam } from '../support/adam.ts';
import { writeChatModel } from '../support/chat_model.ts';
import { randomModelConfig, RANDOM_MODEL_VOCABULARY as V, writeRandomModel } from '../support/random_model.ts';

let directory: string;
let model: string;
const inside = (path: string) => join(directory, path);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-engine-'));
  model = await writeRandomModel(inside('model'));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

function openEngine(): Engine {
  const engine = new Engine({ threads: 1 });
  onTestFinished(() => engine.close());
  return engine;
}

const session = (engine: Engine, name: string, seed = 3) =>
  engine.session({ checkpoints: inside(name), microbatchTokens: 16, seed });

function datum(length: number, salt: number): Datum {
  const tokens = Array.from({ length: length + 1 }, (_, t) => (t * t * 7 + salt * 5 + 3) % V);
  return {
    model_input: modelInputFromTokens(tokens.slice(0, -1)),
    loss_fn_inputs: { target_tokens: { data: tokens.slice(1), dtype: 'int64', shape: [length] } },
  };
}

const step = async (client: TrainingClient, salt: number) => {
  const trained = await client.forwardBackward([datum(9, salt), datum(5, salt + 1), datum(12, salt)], 'cross_entropy');
  const stepped = await client.optimStep(adam(0.02));
  return { ...(await trained.result()).metrics, ...(await stepped.result()).metrics };
};

/** Waits for a number of turns of the event loop, so that two sessions meet at other points every time. */
async function pause(turns: number): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** A run as there are many: trains, samples, scores, saves, and trains on. Returns all that it sees. */
async function runOf(service: ServiceClient, { seed, pauses }: { seed: number; pauses: number | null }) {
  const random = randomFor(pauses ?? 0, 'pauses');
  const elsewhere = () => (pauses === null ? undefined : pause(Math.floor(6 * nextUniform(random))));
  const client = await service.createLoraTrainingClient({ base_model: model, rank: 4, seed });
  const seen: unknown[] = [];
  for (let i = 0; i < 4; i++) {
    await elsewhere();
    seen.push(await step(client, seed + i));
    const sampler = await client.saveWeightsAndGetSamplingClient();
    await elsewhere();
    const prompt = modelInputFromTokens([5, 17 + seed, 40]);
    seen.push(await Promise.all([0, 1].map((n) => sampler.sample(prompt, 2 + n, { max_tokens: 6, seed: n }))));
    await elsewhere();
    seen.push(await Promise.all([8, 3].map((n) => sampler.computeLogprobs(datum(n, seed).model_input))));
    await sampler.close();
  }
  seen.push((await (await client.saveState('end')).result()).path);
  await client.close();
  return seen;
}

describe('two sessions on one engine', () => {
  it('each compute the bytes that they compute alone, wherever they meet', async () => {
    const alone = await Promise.all(
      [1, 2].map(async (seed) => runOf(session(openEngine(), `alone${seed}`), { seed, pauses: null })),
    );
    const weights = (name: string) => readFile(inside(`${name}/weights/end/adapter_model.safetensors`), 'base64');
    for (let meeting = 0; meeting < 6; meeting++) {
      const engine = openEngine();
      const together = await Promise.all(
        [1, 2].map((seed) =>
          runOf(session(engine, `meeting${meeting}_${seed}`), { seed, pauses: 10 * meeting + seed }),
        ),
      );
      expect(together).toEqual(alone);
      for (const seed of [1, 2]) expect(await weights(`meeting${meeting}_${seed}`)).toBe(await weights(`alone${seed}`));
    }
  });

  it('go on when the other is closed', async () => {
    const engine = openEngine();
    const [ending, going] = [session(engine, 'ending'), session(engine, 'going')];
    const [a, b] = await Promise.all(
      [ending, going].map((service) => service.createLoraTrainingClient({ base_model: model, rank: 4, seed: 1 })),
    );
    const refused = Promise.allSettled([step(a, 1), step(a, 2), step(a, 3)]);
    const steps = [step(b, 1), step(b, 2)];
    await ending.close();
    expect((await refused).map(({ status }) => status)).toContain('rejected');
    for (const trained of await Promise.all(steps)) expect(trained['loss:sum']).toBeGreaterThan(0);
    await expect(step(a, 4)).rejects.toThrow('this client is closed');
    await expect(ending.createSamplingClient({ base_model: model })).rejects.toThrow('this service client is closed');
  });
});

describe('closing', () => {
  it('finishes a save that has begun, and leaves nothing behind that writes', async () => {
    const service = session(openEngine(), 'saves');
    const client = await service.createLoraTrainingClient({ base_model: model, rank: 4 });
    const saving = (await client.saveState('begun')).result();
    await pause(1);
    await client.close();
    expect((await saving).path).toBe('tinker://local/weights/begun');
    await expect((await client.saveState('late')).result()).rejects.toThrow('this client is closed');
  });

  it('refuses what a sampling client has not begun, and leaves other clients of the model alone', async () => {
    const service = session(openEngine(), 'clients');
    const [one, other] = await Promise.all([0, 1].map(() => service.createSamplingClient({ base_model: model })));
    const prompt = modelInputFromTokens([1, 2, 3]);
    const cut = Promise.allSettled([one.sample(prompt, 2, { stop: [], seed: 1 }), one.computeLogprobs(prompt)]);
    await one.close();
    for (const outcome of await cut) expect(outcome).toMatchObject({ reason: { message: 'this client is closed' } });
    expect((await other.sample(prompt, 1, { max_tokens: 2 })).sequences).toHaveLength(1);
    await one.close();
  });

  it('lets a model be opened anew: files that were replaced are looked at, those who have the old go on with it', async () => {
    const changing = await writeRandomModel(inside('changing'));
    const service = session(openEngine(), 'changes');
    const score = async () => {
      const client = await service.createSamplingClient({ base_model: changing });
      const scores = await client.computeLogprobs(modelInputFromTokens([1, 2, 3]));
      return { client, scores };
    };
    const before = await score();
    await writeRandomModel(changing, { rms_norm_eps: 0.5 });
    const after = await score();
    expect(after.scores).not.toEqual(before.scores);
    expect(await before.client.computeLogprobs(modelInputFromTokens([1, 2, 3]))).toEqual(before.scores);
    // What it has not made yet would be made of files that it does not know.
    await expect(before.client.sample(modelInputFromTokens([1]), 1, { max_tokens: 1 })).rejects.toThrow(
      'the weights were replaced while the model was in use',
    );
  });
});

describe('capabilities', () => {
  it('are the lengths of contexts, from config.json alone', async () => {
    const service = session(openEngine(), 'capabilities');
    const bare = await writeRandomModel(inside('bare'), { max_position_embeddings: 96 });
    await rm(join(bare, 'model.safetensors'));
    expect(await service.getServerCapabilities({ models: [model, bare] })).toEqual({
      supported_models: [
        { model_name: model, max_context_length: 64 },
        { model_name: bare, max_context_length: 96 },
      ],
    });
    expect(await service.getServerCapabilities()).toEqual({ supported_models: [] });
    await expect(service.getServerCapabilities({ models: [inside('none')] })).rejects.toThrow('no such directory');
  });
});

it('a model from scratch has room for every token of its tokenizer', async () => {
  const service = openLocalService({ checkpoints: inside('small'), threads: 1, microbatchTokens: 64, seed: 1 });
  onTestFinished(() => service.close());
  const tokenizer_path = await writeChatModel(inside('chat'));
  const created = service.createFullTrainingClient({ config: randomModelConfig(), tokenizer_path, seed: 1 });
  await expect(created).rejects.toThrow(
    /^vocab_size of the model configuration is 61, and the tokenizer in .* has 274/,
  );
});

/** Opens a model a hundred times, to train or to sample, and closes it; prints by how many MB memory has grown after the first thirty. */
const script = (path: string, checkpoints: string) => `
  const { Engine } = await import(${JSON.stringify(pathToFileURL('dist/engine/engine.js').href)});
  const engine = new Engine({ threads: 1 });
  const model_input = { chunks: [{ type: 'encoded_text', tokens: [1, 2, 3, 4] }] };
  const loss_fn_inputs = { target_tokens: { data: [2, 3, 4, 5], dtype: 'int64', shape: [4] } };
  const base_model = ${JSON.stringify(path)};
  const resident = [];
  const kept = [];
  for (let i = 0; i < 100; i++) {
    const service = engine.session({ checkpoints: ${JSON.stringify(checkpoints)}, microbatchTokens: 64, seed: i });
    if (i % 2 === 0) {
      const client = await service.createLoraTrainingClient({ base_model, rank: 4 });
      await (await client.forwardBackward([{ model_input, loss_fn_inputs }], 'cross_entropy')).result();
      await client.close();
      kept.push(client);
    } else {
      const client = await service.createSamplingClient({ base_model });
      await client.computeLogprobs(model_input);
      kept.push(client);
    }
    await service.close();
    gc();
    resident.push(process.memoryUsage.rss() / 1e6);
  }
  console.log(Math.round(resident[99] - resident[29]));`;

it('a hundred models opened and closed leave memory as it was', async () => {
  // Some 5 MB of weights, and as much again for their sessions; the clients are kept, as a careless caller keeps them.
  const path = await writeRandomModel(inside('large'), { vocab_size: 8192, hidden_size: 128, num_hidden_layers: 1 });
  const argv = ['--expose-gc', '--input-type=module', '-e', script(path, inside('hundred'))];
  const { stdout } = await promisify(execFile)(process.execPath, argv);
  expect(Number(stdout)).toBeLessThan(40);
});
