// What training is, by the same tests for an engine here and for one to which a run attaches.

import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLocalService } from '../../src/engine/engine.ts';
import type { FullTrainingService, TrainingClient } from '../../src/tinker/clients.ts';
import { type Datum, modelInputFromTokens, tokensOf } from '../../src/tinker/types.ts';
import { adam } from '../support/adam.ts';
import { openAttachedService } from '../support/attached_service.ts';
import { RANDOM_MODEL_VOCABULARY, writeRandomModel } from '../support/random_model.ts';

let directory: string;
let model: string;
const services: FullTrainingService[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-engine-'));
  model = await writeRandomModel(join(directory, 'model'));
});

afterAll(async () => {
  for (const service of services) await service.close();
});

const ADAM = adam(0.02);

/** Token sequences of differing lengths with real-valued weights. */
function batch(lengths: number[], salt = 0): Datum[] {
  return lengths.map((length, d) => {
    const tokens = Array.from(
      { length: length + 1 },
      (_, t) => (t * t * 7 + d * 11 + salt * 5 + 3) % RANDOM_MODEL_VOCABULARY,
    );
    const weights = Float32Array.from({ length }, (_, t) => ((t + d) % 3) * 0.5);
    return {
      model_input: modelInputFromTokens(tokens.slice(0, -1)),
      loss_fn_inputs: {
        target_tokens: { data: tokens.slice(1), dtype: 'int64', shape: [length] },
        weights: { data: weights, dtype: 'float32', shape: [length] },
      },
    };
  });
}

async function train(client: TrainingClient, steps: number, from = 0): Promise<number[]> {
  const losses: number[] = [];
  for (let step = from; step < from + steps; step++) {
    const output = await client.forwardBackward(batch([9, 5, 14], step % 3), 'cross_entropy');
    await client.optimStep(ADAM);
    losses.push((await output.result()).metrics['loss:sum']);
  }
  return losses;
}

const lora = (service: FullTrainingService, rank = 4) =>
  service.createLoraTrainingClient({ base_model: model, rank, seed: 1 });

describe.each([
  ['in this process', async (...options: Parameters<typeof openLocalService>) => openLocalService(...options)],
  ['in another process', openAttachedService],
])('an engine %s', (_, open) => {
  async function openService(
    name: string,
    { threads = 1, microbatchTokens = 64, activationCheckpointing = false } = {},
  ): Promise<FullTrainingService> {
    const service = await open({
      checkpoints: join(directory, name),
      threads,
      microbatchTokens,
      activationCheckpointing,
      seed: 3,
    });
    services.push(service);
    return service;
  }

  describe('training', () => {
    it('lowers the loss, starting from that of the base model', async () => {
      const service = await openService('learn');
      const losses = await train(await lora(service), 24);
      expect(losses[23]).toBeLessThan(0.6 * losses[2]);
      const base = await service.createSamplingClient({ base_model: model });
      const [first] = batch([9]);
      const scored = await base.computeLogprobs(
        modelInputFromTokens([...tokensOf(first.model_input), Number(first.loss_fn_inputs.target_tokens.data[8])]),
      );
      const output = await (await (await lora(service)).forward([first], 'cross_entropy')).result();
      const expected = Array.from(output.loss_fn_outputs[0].logprobs.data);
      expect(scored.slice(1).map(Number)).toEqual(expected);
    });

    it('gives the same gradient for a batch in one call, in several, and in any microbatches', async () => {
      const data = batch([9, 5, 14, 5]);
      const loss = async (service: FullTrainingService, parts: Datum[][]) => {
        const client = await lora(service);
        for (const part of parts) await client.forwardBackward(part, 'cross_entropy');
        await (await client.optimStep(ADAM)).result();
        return (await (await client.forward(data, 'cross_entropy')).result()).metrics['loss:sum'];
      };
      const whole = await loss(await openService('whole', { microbatchTokens: 1000 }), [data]);
      expect(
        await loss(
          await openService('calls'),
          data.map((datum) => [datum]),
        ),
      ).toBeCloseTo(whole, 4);
      expect(await loss(await openService('micro', { microbatchTokens: 10 }), [data])).toBeCloseTo(whole, 4);
    });

    it('computes the same bytes with any number of threads', async () => {
      const run = async (threads: number) => {
        const service = await openService(`threads${threads}`, { threads });
        const client = await lora(service);
        await train(client, 4);
        await (await client.saveState('end')).result();
        return await readFile(join(directory, `threads${threads}`, 'weights/end/adapter_model.safetensors'), 'base64');
      };
      const one = await run(1);
      expect(await run(2)).toBe(one);
      expect(await run(3)).toBe(one);
    });

    it('computes the same bytes whether activations are kept or computed again', async () => {
      const kept = await train(await lora(await openService('kept')), 4);
      expect(await train(await lora(await openService('again', { activationCheckpointing: true })), 4)).toEqual(kept);
    });

    it('continues from a state as if it had never stopped, and from weights alone with a fresh optimizer', async () => {
      const service = await openService('resume');
      const undisturbed = await train(await lora(service), 8);
      const client = await lora(service);
      await train(client, 4);
      const { path } = await (await client.saveState('000004')).result();
      expect(path).toBe('tinker://local/weights/000004');
      const resumed = await (await openService('resume')).createTrainingClientFromStateWithOptimizer(path);
      expect(await train(resumed, 4, 4)).toEqual(undisturbed.slice(4));
      const fresh = await train(await (await openService('resume')).createTrainingClientFromState(path), 4, 4);
      expect(fresh[0]).toBe(undisturbed[4]);
      expect(fresh[1]).not.toBe(undisturbed[5]);
    });

    it('takes the gradient of a custom loss through log-probs', async () => {
      const data = batch([6, 4]);
      const service = await openService('custom');
      const after = async (step: (client: TrainingClient) => Promise<unknown>) => {
        const client = await lora(service);
        await step(client);
        await (await client.optimStep(ADAM)).result();
        return (await (await client.forward(data, 'cross_entropy')).result()).metrics['loss:sum'];
      };
      const custom = await after((client) =>
        client.forwardBackwardCustom(data, (datums, logprobs_D_T) => ({
          loss: 0,
          grads_D_T: logprobs_D_T.map((_, d) => Float32Array.from(datums[d].loss_fn_inputs.weights.data, (w) => -w)),
        })),
      );
      expect(custom).toBe(await after((client) => client.forwardBackward(data, 'cross_entropy')));
    });

    it('trains on soft targets of K candidates as on the weighted sum of K hard ones', async () => {
      const [{ model_input }] = batch([5]);
      const targets = [3, 7, 8, 7, 9, 4, 1, 2, 30, 31];
      const weights = [0.5, 0.25, 1, 0, -0.5, 0.75, 0.1, 0.9, 0, 0];
      const datum = (pick: number[], shape: number[]): Datum => ({
        model_input,
        loss_fn_inputs: {
          target_tokens: { data: pick.map((i) => targets[i]), dtype: 'int64', shape },
          weights: { data: pick.map((i) => weights[i]), dtype: 'float32', shape },
        },
      });
      const soft = datum([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [5, 2]);
      const hard = [datum([0, 2, 4, 6, 8], [5]), datum([1, 3, 5, 7, 9], [5])];
      const service = await openService('soft');
      const step = async (data: Datum[]) => {
        const client = await lora(service);
        const { metrics } = await (await client.forwardBackward(data, 'cross_entropy')).result();
        const optim = await (await client.optimStep(ADAM)).result();
        return [metrics['loss:sum'], optim.metrics?.grad_norm ?? 0];
      };
      const [softLoss, softNorm] = await step([soft]);
      const [hardLoss, hardNorm] = await step(hard);
      expect(softLoss).toBeCloseTo(hardLoss, 4);
      expect(softNorm).toBeCloseTo(hardNorm, 3);
    });

    it('reads what datums begin with once, and computes what each of them alone would give', async () => {
      const prompts = [Array.from({ length: 14 }, (_, t) => (t * 5) % 61), [3, 9, 27, 20], [7]];
      // More than share one reading, and replies that are and are not all wanted.
      const data = Array.from({ length: 40 }, (_, d): Datum => {
        const prompt = prompts[d % prompts.length];
        const reply = Array.from({ length: 1 + (d % 5) }, (_, t) => (d * 7 + t * 13) % RANDOM_MODEL_VOCABULARY);
        const tokens = [...prompt, ...reply];
        const shape = [tokens.length - 1];
        const weights = tokens.slice(1).map((_, t) => (t < prompt.length - 1 ? 0 : ((d % 4) - 1.5) * 0.3));
        return {
          model_input: modelInputFromTokens(tokens.slice(0, -1)),
          loss_fn_inputs: {
            target_tokens: { data: tokens.slice(1), dtype: 'int64', shape },
            weights: { data: weights, dtype: 'float32', shape },
          },
        };
      });
      const steps = async (name: string, logprobs: 'all' | 'trained', microbatchTokens: number) => {
        const client = await lora(await openService(name, { microbatchTokens }));
        const seen: number[] = [];
        for (let step = 0; step < 3; step++) {
          const output = await (await client.forwardBackward(data, 'cross_entropy', {}, { logprobs })).result();
          const { metrics } = await (await client.optimStep(ADAM)).result();
          const lp_D = output.loss_fn_outputs.map(({ logprobs }, d) =>
            Array.from(logprobs.data).filter((_, t) => data[d].loss_fn_inputs.weights.data[t] !== 0),
          );
          seen.push(output.metrics['loss:sum'], metrics?.grad_norm ?? 0, ...lp_D.flat());
        }
        return seen;
      };
      const alone = await steps('alone', 'all', 1);
      for (const microbatchTokens of [64, 4096]) {
        const together = await steps(`together${microbatchTokens}`, 'trained', microbatchTokens);
        for (const [i, value] of together.entries()) expect(value).toBeCloseTo(alone[i], 3);
      }
    });

    it('reports the positions that a mask asks for, besides those that the loss depends on', async () => {
      const client = await lora(await openService('asked'));
      const data = batch([9, 5]);
      const logprobs = data.map(({ loss_fn_inputs: { weights } }) =>
        Array.from(weights.data, (_, t) => (t === 0 ? 1 : 0)),
      );
      const asked = await (await client.forwardBackward(data, 'cross_entropy', {}, { logprobs })).result();
      for (const [d, { logprobs }] of asked.loss_fn_outputs.entries()) {
        const isReported = Array.from(logprobs.data, (value) => !Number.isNaN(value));
        expect(isReported).toEqual(
          Array.from(data[d].loss_fn_inputs.weights.data, (weight, t) => t === 0 || weight !== 0),
        );
      }
      await expect(client.forwardBackward(data, 'cross_entropy', {}, { logprobs: [[1]] })).rejects.toThrow(
        'the mask of log-probs of datum 0 has 1 values for 9 positions',
      );
    });

    it('reports NaN for positions that it was not asked to project, and the same numbers for the others', async () => {
      const client = await lora(await openService('trained'));
      const data = batch([9, 5]);
      const all = await (await client.forwardBackward(data, 'cross_entropy')).result();
      const trained = await (await client.forwardBackward(data, 'cross_entropy', {}, { logprobs: 'trained' })).result();
      for (const [d, { logprobs }] of trained.loss_fn_outputs.entries()) {
        for (const [t, weight] of data[d].loss_fn_inputs.weights.data.entries()) {
          if (weight === 0) expect(logprobs.data[t]).toBeNaN();
          else expect(logprobs.data[t]).toBeCloseTo(Number(all.loss_fn_outputs[d].logprobs.data[t]), 5);
        }
      }
    });
  });

  describe('requests that cannot be computed are refused before they are queued', () => {
    const [good] = batch([4]);
    const inputs = good.loss_fn_inputs;
    const cases: [string, Datum][] = [
      ['an unknown input', { ...good, loss_fn_inputs: { ...inputs, mask: inputs.weights } }],
      ['no targets', { ...good, loss_fn_inputs: { weights: inputs.weights } }],
      ['a token outside the vocabulary', { ...good, model_input: modelInputFromTokens([1, 2, 3, 61]) }],
      ['a negative token', { ...good, model_input: modelInputFromTokens([1, -2, 3, 4]) }],
      ['half a token', { ...good, model_input: modelInputFromTokens([1, 2, 3, 4.5]) }],
      [
        'a target outside the vocabulary',
        {
          ...good,
          loss_fn_inputs: { ...inputs, target_tokens: { ...inputs.target_tokens, data: [1, 2, 61, 3] } },
        },
      ],
      ['targets of another length', { ...good, model_input: modelInputFromTokens([1, 2, 3]) }],
      [
        'weights that are no numbers',
        { ...good, loss_fn_inputs: { ...inputs, weights: { ...inputs.weights, data: [1, Number.NaN, 0, 0] } } },
      ],
      ['more tokens than the context', batch([65])[0]],
      ['no tokens', { ...good, model_input: modelInputFromTokens([]) }],
    ];

    it('with a message that names the datum and the field', async () => {
      const client = await lora(await openService('refuse'));
      const messages: string[] = [];
      for (const [what, datum] of cases) {
        const error = await client
          .forwardBackward([good, datum], 'cross_entropy')
          .catch((caught: Error) => caught.message);
        messages.push(`${what}: ${typeof error === 'string' ? error : 'accepted'}`);
      }
      expect(messages).toMatchInlineSnapshot(`
      [
        "an unknown input: datum 1: loss cross_entropy takes no "mask"; it takes target_tokens, weights",
        "no targets: datum 1: loss_fn_inputs has no "target_tokens"",
        "a token outside the vocabulary: datum 1: token 61 at position 3 is not in the vocabulary of 61",
        "a negative token: datum 1: token -2 at position 1 is not in the vocabulary of 61",
        "half a token: datum 1: token 4.5 at position 3 is not in the vocabulary of 61",
        "a target outside the vocabulary: datum 1: target_tokens[2] is 61, which is not in the vocabulary of 61",
        "targets of another length: datum 1: target_tokens has shape [4], the input has 3 positions",
        "weights that are no numbers: datum 1: weights[1] is NaN",
        "more tokens than the context: datum 1: 65 tokens are more than the 64 of the model's context",
        "no tokens: datum 1: model_input is empty",
      ]
    `);
    });
  });
});
