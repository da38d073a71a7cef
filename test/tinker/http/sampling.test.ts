// Samples over HTTP: named, bounded in number, handed over again under backpressure, and given up when nobody waits for them.

import { expect, it } from 'vitest';
import { modelInputFromTokens } from '../../../src/tinker/types.ts';
import { connect, FakeService } from './support/fake_service.ts';

const PROMPT = modelInputFromTokens([3, 4, 5]);

async function sampling(options: ConstructorParameters<typeof FakeService>[0] = {}) {
  const fake = new FakeService(options);
  const { service, clock, told } = await connect(await fake.start());
  const client = await service.createSamplingClient({ base_model: 'org/toy' });
  return { fake, service, client, clock, told };
}

it('samples carry the names that the service has promised', async () => {
  const { client } = await sampling({ pendingPolls: 1 });
  const { sequences } = await client.sample(PROMPT, 2, { max_tokens: 2 });
  expect(sequences).toEqual([
    { stop_reason: 'length', tokens: [3, 0], logprobs: [-1, -2], sequence_id: 'session-1:sample:0 sample 0/0' },
    { stop_reason: 'length', tokens: [3, 1], logprobs: [-1, -2], sequence_id: 'session-1:sample:0 sample 0/1' },
  ]);
});

it('requests without a seed have one each, the same in every run', async () => {
  const { fake, client } = await sampling();
  await Promise.all([1, 2, 3].map(() => client.sample(PROMPT, 1, { max_tokens: 1, stop: [] })));
  await client.sample(PROMPT, 1, { max_tokens: 1, seed: 99 });
  const asked = fake.heardOf('asample').map(({ json }) => json.sampling_params);
  expect(asked).toEqual([
    { seed: 7, max_tokens: 1, stop: [] },
    { seed: 8, max_tokens: 1, stop: [] },
    { seed: 9, max_tokens: 1, stop: [] },
    { seed: 99, max_tokens: 1 },
  ]);
});

it('log-probs of a text are those of a prompt', async () => {
  const { client } = await sampling();
  expect(await client.computeLogprobs(PROMPT)).toEqual([null, -4, -5]);
});

it('log-probs of which the service leaves out the first stand at their tokens all the same', async () => {
  const { client } = await sampling({ promptLogprobsSkipped: 1 });
  expect(await client.computeLogprobs(PROMPT)).toEqual([null, -4, -5]);
  const sampled = await client.sample(PROMPT, 1, { max_tokens: 1 }, { include_prompt_logprobs: true });
  expect(sampled.prompt_logprobs).toEqual([null, -4, -5]);
  const other = await sampling({ promptLogprobsSkipped: 2 });
  await expect(other.client.computeLogprobs(PROMPT)).rejects.toThrow('gave 1 log-probs of a prompt of 3 tokens');
});

it('when the service has enough, all wait, and hand the same requests over again', async () => {
  const { fake, client, clock } = await sampling();
  let busy = 5;
  fake.fault = ({ path }) => (path === 'asample' && busy-- > 0 ? { status: 429 } : null);
  await Promise.all(Array.from({ length: 20 }, () => client.sample(PROMPT, 1, { max_tokens: 1 })));
  const numbers = fake.heardOf('asample').map(({ json }) => Number(json.seq_id));
  expect(numbers).toHaveLength(25);
  expect(new Set(numbers).size).toBe(20);
  expect(fake.done.filter((what) => what.startsWith('sample'))).toHaveLength(20);
  expect(clock.sleeps.some((milliseconds) => milliseconds > 900)).toBe(true);
});

it('a sample that the service has lost is asked for again, under a number and names of its own', async () => {
  const { fake, client } = await sampling();
  let lost = 2;
  fake.fault = ({ path }) => (path === 'retrieve_future' && lost-- > 0 ? { status: 410 } : null);
  const { sequences } = await client.sample(PROMPT, 1, { max_tokens: 1 });
  expect(fake.heardOf('asample').map(({ json }) => json.seq_id)).toEqual([0, 1, 2]);
  expect(sequences[0].sequence_id).toBe('session-1:sample:0 sample 2/0');
});

it('a thousand samples at once: none is lost, and no more are under way than the service asks for', async () => {
  const { fake, client } = await sampling({ config: { sample_max_concurrent_requests: 50 } });
  const prompts = Array.from({ length: 1000 }, (_, i) => modelInputFromTokens([1, i]));
  await Promise.all(prompts.map((prompt) => client.sample(prompt, 1, { max_tokens: 1 })));
  expect(new Set(fake.done).size).toBe(1000);
  expect(fake.sampling.most).toBeLessThanOrEqual(50);
});

it.each([true, false])(
  'a sample that nobody waits for is given up at the service if that allows it: %s',
  async (allowed) => {
    const { fake, client } = await sampling({ dynamic: { sample_cancel_enabled: allowed }, pendingPolls: 1e9 });
    const controller = new AbortController();
    const sample = client.sample(PROMPT, 1, { max_tokens: 1 }, { signal: controller.signal });
    await expect.poll(() => fake.heardOf('retrieve_future').length).toBeGreaterThan(2);
    controller.abort(new Error('no longer wanted'));
    await expect(sample).rejects.toThrow('no longer wanted');
    await expect
      .poll(() => fake.heardOf('cancel_future').map(({ json }) => json))
      .toEqual(allowed ? [{ request_id: 'session-1:sample:0 sample 0' }] : []);
  },
);

it('a client that is closed refuses, and what waits at it ends', async () => {
  const { client } = await sampling({ pendingPolls: 1e9 });
  const waiting = client.sample(PROMPT, 1, { max_tokens: 1 });
  await client.close();
  await expect(waiting).rejects.toThrow('this sampling client is closed');
  await expect(client.sample(PROMPT, 1, {})).rejects.toThrow('this sampling client is closed');
});

it('a service that promises other than was asked for is told of', async () => {
  const { fake, client } = await sampling();
  await client.sample(PROMPT, 1, { max_tokens: 1 });
  const body = { request_id: 'session-1:sample:0 sample 0', sample_sequence_ids: [] };
  fake.fault = ({ path }) => (path === 'asample' ? { status: 200, body } : null);
  await expect(client.sample(PROMPT, 1, { max_tokens: 1 })).rejects.toThrow(
    'the service was asked for 1 samples, promised 0 and gave 1',
  );
});
