// What a sampling request asks for beside samples: over HTTP the same answers as from the engine, and no silence taken for one.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openLocalService } from '../../../src/engine/engine.ts';
import type { SampleOptions } from '../../../src/tinker/clients.ts';
import { modelInputFromTokens } from '../../../src/tinker/types.ts';
import { MICROBATCH_TOKENS, openServer, TINY } from '../../support/tinker_server.ts';
import { connect, FakeService } from './support/fake_service.ts';

const PROMPT = modelInputFromTokens([5, 6, 7, 8]);
const DENSE = { data: [1, -1, 2, 3, 4, 5], dtype: 'int64' as const, shape: [3, 2] };
const SPARSE = {
  data: [7],
  dtype: 'int64' as const,
  shape: [3, 2],
  sparse_crow_indices: [0, 0, 0, 1],
  sparse_col_indices: [1],
};
const EVERYTHING: SampleOptions = {
  include_prompt_logprobs: true,
  topk_prompt_logprobs: 2,
  prompt_logprobs_last_n: 2,
  target_prompt_logprobs: DENSE,
  prompt_alt_tokens_k: 3,
  topk_sample_logprobs: 2,
};

async function localClient() {
  const checkpoints = await mkdtemp(join(tmpdir(), 'cookbook-options-'));
  const service = openLocalService({ threads: 1, checkpoints, microbatchTokens: MICROBATCH_TOKENS, seed: 0 });
  onTestFinished(async () => {
    await service.close();
    await rm(checkpoints, { recursive: true });
  });
  return await service.createSamplingClient({ base_model: TINY });
}

it('everything that can be asked for is answered as the engine answers it', async () => {
  const { url, failures } = await openServer();
  const { service } = await connect(url);
  const client = await service.createSamplingClient({ base_model: 'tiny' });
  const local = await localClient();
  const params = { max_tokens: 3, seed: 5, temperature: 0.7 };
  for (const options of [EVERYTHING, { target_prompt_logprobs: SPARSE }, { prompt_alt_tokens_k: 1 }]) {
    const { sequences, ...answers } = await client.sample(PROMPT, 2, params, options);
    const expected = await local.sample(PROMPT, 2, params, options);
    // Names of sequences are the server's, and log-probs are float32 on the wire.
    const wired = JSON.parse(JSON.stringify(expected, float32));
    expect(JSON.parse(JSON.stringify(answers, float32))).toEqual({ ...wired, sequences: undefined });
    expect(sequences.map(({ sequence_id: _, ...sequence }) => sequence)).toEqual(expected.sequences);
  }
  expect(failures).toEqual([]);
});

/** Typed arrays as lists. */
const float32 = (_key: string, value: unknown) => (value instanceof Float32Array ? [...value] : value);

it('log-probs of the last tokens alone are asked for as such, and are the same bits', async () => {
  const { url, failures } = await openServer();
  const { service } = await connect(url);
  const client = await service.createSamplingClient({ base_model: 'tiny' });
  const local = await localClient();
  const [, , , last] = await local.computeLogprobs(PROMPT);
  for (const each of [client, local]) {
    expect(await each.computeLogprobs(PROMPT, { last_n: 1 })).toEqual([null, null, null, last]);
    for (const last_n of [3, 4, 100])
      expect(await each.computeLogprobs(PROMPT, { last_n })).toEqual(await local.computeLogprobs(PROMPT));
    expect(await each.computeLogprobs(modelInputFromTokens([5]), { last_n: 1 })).toEqual([null]);
  }
  expect(failures).toEqual([]);
});

it('a service that tells log-probs of all where the last were asked for is taken at its word', async () => {
  const { service } = await connect(await new FakeService().start());
  const client = await service.createSamplingClient({ base_model: 'org/toy' });
  expect(await client.computeLogprobs(PROMPT, { last_n: 1 })).toEqual([null, -6, -7, -8]);
});

it('what the server refuses comes with its reason', async () => {
  const { url } = await openServer();
  const { service } = await connect(url);
  const client = await service.createSamplingClient({ base_model: 'tiny' });
  const refused = (options: SampleOptions) =>
    client.sample(PROMPT, 1, { max_tokens: 1 }, options).then(String, ({ message }) => message);
  expect(await refused({ include_prompt_logprobs: true, prompt_logprobs_last_n: 4 })).toContain(
    'must be a whole number from 1 to 3',
  );
  expect(await refused({ prompt_logprobs_last_n: 1 })).toContain('needs prompt_logprobs');
  expect(await refused({ prompt_alt_tokens_k: 1000 })).toContain('from 0 to 128');
  expect(await refused({ target_prompt_logprobs: { ...DENSE, data: [1, 2, 3, 4, 5, 1e6] } })).toContain(
    'not in the vocabulary',
  );
});

it.each([
  ['prompt_logprobs_last_n', { include_prompt_logprobs: true, prompt_logprobs_last_n: 1 }],
  ['topk_prompt_logprobs', { topk_prompt_logprobs: 1 }],
  ['target_prompt_logprobs', { target_prompt_logprobs: DENSE }],
  ['prompt_alt_tokens_k', { prompt_alt_tokens_k: 2 }],
  ['topk_sample_logprobs', { topk_sample_logprobs: 2 }],
])('a service that passes over %s is not taken to have answered it', async (name, options) => {
  const { service } = await connect(await new FakeService().start());
  const client = await service.createSamplingClient({ base_model: 'org/toy' });
  await expect(client.sample(PROMPT, 1, { max_tokens: 1 }, options)).rejects.toThrow(
    `the service was asked for ${name}, and did not give it`,
  );
});
