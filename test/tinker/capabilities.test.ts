// Services that adapt only, and models that a service does not have, are told of before anything is opened.

import { expect, it } from 'vitest';
import { maxContextLengthOf, requireFullTraining } from '../../src/tinker/capabilities.ts';
import type { ServiceClient } from '../../src/tinker/clients.ts';

const never = () => Promise.reject(new Error('opened'));

/** A service as a hosted one is: it lists what it has, whatever is asked. */
const hosted: ServiceClient = {
  getServerCapabilities: async () => ({ supported_models: [{ model_name: 'ORG/SMALL', max_context_length: 512 }] }),
  createLoraTrainingClient: never,
  createTrainingClientFromState: never,
  createTrainingClientFromStateWithOptimizer: never,
  createSamplingClient: never,
  deleteCheckpoint: never,
  close: async () => undefined,
};

it('the length of a context is that of the model that is named', async () => {
  expect(await maxContextLengthOf(hosted, 'ORG/SMALL')).toBe(512);
  await expect(maxContextLengthOf(hosted, 'ORG/LARGE')).rejects.toMatchObject({
    message: 'the service has no model "ORG/LARGE"',
    hint: 'It has ORG/SMALL.',
  });
});

it('a model from scratch needs a service that trains all parameters', () => {
  const full = { ...hosted, createFullTrainingClient: never };
  expect(requireFullTraining(full)).toBe(full);
  expect(() => requireFullTraining(hosted)).toThrow('this service trains adapters only, and no model from scratch');
});
