// What the training client asks of a service, and that faults on the way change nothing of what is done there.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TrainingClient } from '../../../src/tinker/clients.ts';
import { ADAM, connect, datum, FakeService, type Fault, type Heard, LORA, toyOutput } from './support/fake_service.ts';

async function step(client: TrainingClient, tokens: number[][]) {
  const pass = await client.forwardBackward(
    tokens.map((each) => datum(each)),
    'cross_entropy',
  );
  const update = await client.optimStep(ADAM);
  return [await pass.result(), await update.result()] as const;
}

/** Several requests ahead of their results, as loops make them. */
async function train(address: string) {
  const { service } = await connect(address);
  const client = await service.createLoraTrainingClient(LORA);
  const results = await Promise.all([step(client, [[1, 2, 3], [4]]), step(client, [[5, 6]])]);
  const path = await (await client.saveState('000002')).result();
  return { results, path };
}

describe('a training client', () => {
  it('numbers its requests, sends them in order, and gives what the service computed', async () => {
    const fake = new FakeService({ pendingPolls: 2 });
    const { results, path } = await train(await fake.start());
    expect(fake.done).toEqual([
      'create_model',
      'forward_backward 2',
      'forward_backward 1',
      'optim_step',
      'optim_step',
      'save 000002',
    ]);
    expect(results[0][0]).toEqual(toyOutput([datum([1, 2, 3]), datum([4])]));
    expect(results[1][1]).toEqual({ metrics: { 'grad_norm:mean': 1.5 } });
    expect(path).toEqual({ path: 'tinker://session-1:train:0/weights/000002' });
    const numbered = fake.heard.filter(({ json }) => 'seq_id' in json);
    expect(numbered.map(({ json }) => json.seq_id)).toEqual([1, 2, 3, 4, 5]);
    expect(fake.heardOf('create_model')[0].json).toEqual({
      session_id: 'session-1',
      model_seq_id: 0,
      base_model: 'org/toy',
      lora_config: { rank: 8, seed: 7, train_unembed: true, train_mlp: true, train_attn: true },
      optimizer_config: { type: 'adamw' },
      type: 'create_model',
    });
    expect(fake.heardOf('optim_step')[0].json).toMatchObject({ adam_params: ADAM, model_id: 'session-1:train:0' });
    expect(fake.heardOf('save_weights')[0].json).toMatchObject({ path: '000002', overwrite: true });
  });

  it('does nothing twice and nothing out of order when a third of all exchanges fail somewhere', async () => {
    const fault = fc.oneof(
      { weight: 4, arbitrary: fc.constant(null) },
      fc.constantFrom<Fault>({ cut: 'before' }, { cut: 'after' }),
      fc.nat({ max: 400 }).map((cut): Fault => ({ cut })),
      fc.constantFrom(500, 502, 503, 429).map((status): Fault => ({ status })),
    );
    const whole = new FakeService();
    const expected = await train(await whole.start());
    await fc.assert(
      fc.asyncProperty(fc.array(fault, { minLength: 60, maxLength: 60 }), async (faults) => {
        const fake = new FakeService({ pendingPolls: 1 });
        const left = [...faults];
        fake.fault = () => left.pop() ?? null;
        const { results, path } = await train(await fake.start());
        expect(results).toEqual(expected.results);
        expect(path.path).toMatch(/^tinker:\/\/session-\d+:train:0\/weights\/000002$/);
        expect(fake.done).toEqual(whole.done);
        await fake.stop();
      }),
      { numRuns: 25 },
    );
  });

  it('sends the first chunk of a pass last where the service takes them at once, and in order where it does not', async () => {
    const orders = await Promise.all(
      [true, false].map(async (parallel_fwdbwd_chunks) => {
        const fake = new FakeService({ config: { parallel_fwdbwd_chunks, fwdbwd_max_chunk_len: 2 } });
        const { service } = await connect(await fake.start());
        const client = await service.createLoraTrainingClient(LORA);
        const data = [1, 2, 3, 4, 5].map((token) => datum([token, token]));
        const output = await (await client.forwardBackward(data, 'cross_entropy')).result();
        await (await client.optimStep(ADAM)).result();
        expect(output).toEqual(toyOutput(data));
        expect(fake.done).toEqual([
          'create_model',
          'forward_backward 2',
          'forward_backward 2',
          'forward_backward 1',
          'optim_step',
        ]);
        return fake.heardOf('forward_backward').map(({ json }) => json.seq_id);
      }),
    );
    expect(orders[0].at(-1)).toBe(1);
    expect(orders[1]).toEqual([1, 2, 3]);
  });

  it('speaks JSON to a service that refuses protobuf, under the same number', async () => {
    const fake = new FakeService({ jsonOnly: true });
    const { service } = await connect(await fake.start());
    const client = await service.createLoraTrainingClient(LORA);
    const [first] = await step(client, [[1, 2]]);
    const scored = await (await client.forward([datum([3])], 'cross_entropy')).result();
    expect([first, scored]).toEqual([toyOutput([datum([1, 2])]), toyOutput([datum([3])])]);
    expect(fake.heardOf('forward_backward').map(({ json }) => [json.protobuf ?? false, json.seq_id])).toEqual([
      [true, 1],
      [false, 1],
    ]);
    expect(fake.heardOf('forward')).toHaveLength(1);
  });

  it('goes on with the next number after a request that the service refuses', async () => {
    const fake = new FakeService();
    const { service } = await connect(await fake.start());
    const client = await service.createLoraTrainingClient(LORA);
    const refuse = (heard: Heard) => heard.path === 'optim_step' && heard.json.seq_id === 1;
    fake.fault = (heard) => (refuse(heard) ? { status: 400, body: { detail: 'eps is too small' } } : null);
    await expect(client.optimStep(ADAM)).rejects.toThrow('POST /api/v1/optim_step: HTTP 400: eps is too small');
    await client.optimStep(ADAM);
    expect(fake.heardOf('optim_step').map(({ json }) => json.seq_id)).toEqual([1, 2]);
  });

  it('sends nothing more once nobody knows whether a request arrived', async () => {
    const fake = new FakeService();
    const { service } = await connect(await fake.start());
    const client = await service.createLoraTrainingClient(LORA);
    fake.fault = ({ path }) => (path === 'optim_step' ? { cut: 'before' } : null);
    await expect(client.optimStep(ADAM)).rejects.toThrow(/no answer from http.*and nothing else for \d+ s/);
    await expect(client.saveState('a')).rejects.toThrow(
      'an earlier request of this training client did not get through',
    );
    expect(fake.heardOf('save_weights')).toEqual([]);
  });

  it('computes a custom loss in two passes, of which the service sees cross-entropy', async () => {
    const fake = new FakeService();
    const { service } = await connect(await fake.start());
    const client = await service.createLoraTrainingClient(LORA);
    const examples = [datum([1, 2], [1, 0])];
    examples[0].loss_fn_inputs.advantages = { data: [1, 1], dtype: 'float32', shape: [2] };
    const custom = await client.forwardBackwardCustom(examples, (_data, logprobs_D_T) => ({
      loss: 3,
      grads_D_T: logprobs_D_T.map((logprobs_T) => logprobs_T.map((logprob) => 2 * logprob)),
    }));
    expect((await custom.result()).metrics).toEqual({ 'loss:sum': 3 });
    expect(fake.done).toEqual(['create_model', 'forward 1', 'forward_backward 1']);
  });

  it('says which log-probs it needs to a service that can spare the others, and to no other', async () => {
    const heard = await Promise.all(
      [true, false].map(async (knows_logprob_masks) => {
        const fake = new FakeService({ config: { knows_logprob_masks, fwdbwd_max_chunk_len: 1 } });
        const { service } = await connect(await fake.start());
        const client = await service.createLoraTrainingClient(LORA);
        const data = [datum([1, 2]), datum([3])];
        await client.forwardBackward(data, 'cross_entropy', {}, { logprobs: [[0, 2], [1]] });
        await client.forwardBackward(data, 'cross_entropy', {}, { logprobs: 'trained' });
        await client.forwardBackward(data, 'cross_entropy');
        const sorted = fake.heardOf('forward_backward').sort((a, b) => Number(a.json.seq_id) - Number(b.json.seq_id));
        return sorted.map(({ json }) => json.masks);
      }),
    );
    expect(heard).toEqual([
      [[[0, 1]], [[1]], [[0, 0]], [[0]], [], []],
      [[], [], [], [], [], []],
    ]);
  });

  it('samples from a snapshot of its weights', async () => {
    const fake = new FakeService();
    const { service } = await connect(await fake.start());
    const client = await service.createLoraTrainingClient(LORA);
    const sampler = await client.saveWeightsAndGetSamplingClient();
    await sampler.sample({ chunks: [{ type: 'encoded_text', tokens: [9, 8] }] }, 1, { max_tokens: 2 });
    expect(fake.heardOf('save_weights_for_sampler')[0].json).toEqual({
      model_id: 'session-1:train:0',
      seq_id: 1,
      sampling_session_seq_id: 0,
      kind: 'snapshot',
      type: 'save_weights_for_sampler',
    });
    expect(fake.heardOf('asample')[0].json).toMatchObject({ sampling_session_id: 'session-1:sample:0', seq_id: 0 });
  });

  it('refuses what cannot be sent before it uses up a number', async () => {
    const fake = new FakeService();
    const { service } = await connect(await fake.start());
    const client = await service.createLoraTrainingClient(LORA);
    await expect(client.forwardBackward([], 'cross_entropy')).rejects.toThrow('there are no datums to compute');
    await expect(client.forwardBackward([datum([2 ** 40])], 'cross_entropy')).rejects.toThrow(
      'data[0].model_input.chunks[0].tokens',
    );
    await client.optimStep(ADAM);
    expect(fake.heardOf('optim_step')[0].json.seq_id).toBe(1);
  });
});

describe('a result', () => {
  async function failing(fault: (heard: Heard) => Fault | null) {
    const fake = new FakeService();
    const { service, clock, told } = await connect(await fake.start());
    const client = await service.createLoraTrainingClient(LORA);
    fake.fault = (heard) => (heard.path === 'retrieve_future' ? fault(heard) : null);
    const result = (await client.optimStep(ADAM)).result();
    return { fake, clock, told, result };
  }

  it('that failed is an error in the words of the service', async () => {
    const { result } = await failing(() => ({
      status: 200,
      body: { error: 'learning_rate is negative', category: 'user' },
    }));
    await expect(result).rejects.toMatchObject({
      message: 'OptimStep failed at the service: learning_rate is negative',
      category: 'user',
      hint: undefined,
    });
  });

  it('is waited for with pauses when the service answers at once, or fails for a while', async () => {
    let polls = 0;
    const { result, clock } = await failing(() => (++polls <= 20 ? { status: polls % 2 === 0 ? 503 : 408 } : null));
    await result;
    expect(polls).toBe(21);
    expect(clock.sleeps.filter((milliseconds) => milliseconds < 5)).toEqual([]);
  });

  it('says why the service has paused', async () => {
    let polls = 0;
    const body = { type: 'try_again', queue_state: 'paused_capacity', queue_state_reason: 'GPUs are taken' };
    const { result, told } = await failing(() => (++polls <= 3 ? { status: 408, body } : null));
    await result;
    expect(told).toEqual(['the service has paused this run until it has room: GPUs are taken']);
  });

  it.each([401, 403, 404, 410, 413])('that is answered with %i is given up at once', async (status) => {
    const { result, fake } = await failing(() => ({ status }));
    await expect(result).rejects.toMatchObject({ code: 'SERVICE', status });
    expect(fake.heardOf('retrieve_future').length).toBeLessThanOrEqual(2);
  });

  it('that is answered with 400 is asked for three times', async () => {
    let polls = 0;
    const { result } = await failing(() => {
      polls++;
      return { status: 400 };
    });
    await expect(result).rejects.toMatchObject({ status: 400 });
    expect(polls).toBe(3);
  });

  it('waits for the billing of the account, tells so once, and gives up after an hour', async () => {
    const { result, told, clock } = await failing(() => ({ status: 402, body: { detail: 'no money' } }));
    await expect(result).rejects.toThrow('HTTP 402: no money, and nothing else for 3600 s');
    expect(told).toEqual([
      'POST /api/v1/retrieve_future: HTTP 402: no money. Waiting for the billing of the account to be settled',
    ]);
    expect(new Set(clock.sleeps.filter((milliseconds) => milliseconds >= 1000))).toEqual(new Set([5000]));
  });
});
