// Log-probs and greedy text of every family against transformers.

import { join } from 'node:path';
import { describe, expect, vi } from 'vitest';
import { modelInputFromTokens } from '../../src/tinker/types.ts';
import { writeRandomModel } from '../support/random_model.ts';
import { randomTokens } from './data.ts';
import { distributions } from './engine.ts';
import { test } from './fixtures.ts';
import { MODELS } from './models.ts';

/** Computed together by the engine, one by one by the reference. */
const SEQUENCES = [7, 1, 100, 33].map((length, seed) => randomTokens(length, seed));

describe('log-probs of every next token', () => {
  test.for(MODELS)('$name', async ({ fields }, { directory, service, reference, expectAgreement }) => {
    const model = await writeRandomModel(join(directory, 'model'), fields);
    const client = await service.createLoraTrainingClient({ base_model: model, rank: 1 });
    const expected = await reference.logProbs({ model, sequences: SEQUENCES });
    for (const [s, actual] of (await distributions(client, SEQUENCES)).entries()) {
      expectAgreement('log-probs', 1e-4, actual, expected[s].flat());
    }
  });

  test.for(['F16', 'BF16'] as const)(
    'weights stored in %s',
    async (dtype, { directory, service, reference, expectAgreement, onTestFinished }) => {
      // The converted weights of a test do not belong into the user's cache.
      vi.stubEnv('XDG_CACHE_HOME', join(directory, 'cache'));
      onTestFinished(() => {
        vi.unstubAllEnvs();
      });
      const model = await writeRandomModel(join(directory, 'model'), {}, dtype);
      const client = await service.createLoraTrainingClient({ base_model: model, rank: 1 });
      const tokens = randomTokens(40, 1);
      const [actual] = await distributions(client, [tokens]);
      const [expected] = await reference.logProbs({ model, sequences: [tokens] });
      expectAgreement('log-probs, 16-bit weights', 1e-4, actual, expected.flat());
    },
  );

  test('far from the beginning', async ({ directory, service, reference, expectAgreement }) => {
    const model = await writeRandomModel(join(directory, 'model'), { max_position_embeddings: 2048 });
    const client = await service.createLoraTrainingClient({ base_model: model, rank: 1 });
    const tokens = randomTokens(2048, 1);
    const [actual] = await distributions(client, [tokens]);
    const [expected] = await reference.logProbs({ model, sequences: [tokens] });
    expectAgreement('log-probs, 2048 tokens', 1e-4, actual, expected.flat());
  });
});

describe('sampling', () => {
  test.for(MODELS)(
    'prompt log-probs of $name',
    async ({ fields }, { directory, service, reference, expectAgreement }) => {
      const model = await writeRandomModel(join(directory, 'model'), fields);
      const client = await service.createSamplingClient({ base_model: model });
      const expected = await reference.logProbs({ model, sequences: SEQUENCES });
      for (const [s, tokens] of SEQUENCES.entries()) {
        const [first, ...rest] = await client.computeLogprobs(modelInputFromTokens(tokens));
        expect(first).toBeNull();
        if (rest.length === 0) continue;
        const picked = tokens.slice(1).map((token, t) => expected[s][t][token]);
        expectAgreement('prompt log-probs', 1e-4, rest.map(Number), picked);
      }
    },
  );

  test.for(MODELS)(
    '64 greedy tokens of $name',
    async ({ fields }, { directory, service, reference, expectAgreement }) => {
      const model = await writeRandomModel(join(directory, 'model'), fields);
      const client = await service.createSamplingClient({ base_model: model });
      const prompts = [3, 1, 21, 9].map((length, seed) => randomTokens(length, seed));
      const params = { max_tokens: 64, temperature: 0 };
      const responses = await Promise.all(
        prompts.map((prompt) => client.sample(modelInputFromTokens(prompt), 1, params)),
      );
      const sampled = responses.map(({ sequences }) => sequences[0]);
      const expected = await reference.generate({ model, prompts, max_new_tokens: 64 });
      expect(sampled.map(({ tokens }) => tokens)).toEqual(expected);

      const whole = prompts.map((prompt, p) => [...prompt, ...expected[p]]);
      const scores = await reference.logProbs({ model, sequences: whole });
      for (const [p, { tokens, logprobs }] of sampled.entries()) {
        const picked = tokens.map((token, t) => scores[p][prompts[p].length - 1 + t][token]);
        expectAgreement('log-probs of sampled tokens', 1e-4, logprobs, picked);
      }
    },
  );
});
