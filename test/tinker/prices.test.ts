// What is counted of the tokens that a service is asked to compute, and what they cost.

import { expect, it } from 'vitest';
import { meterOf } from '../../src/tinker/capabilities.ts';
import type { TrainingClient } from '../../src/tinker/clients.ts';
import { meteredBy } from '../../src/tinker/metered.ts';
import { type PriceTable, priceEntry } from '../../src/tinker/prices.ts';
import { TokenMeter } from '../../src/tinker/token_meter.ts';
import { modelInputFromTokens } from '../../src/tinker/types.ts';
import { connect, datum, FakeService, LORA } from './http/support/fake_service.ts';

const PRICES: PriceTable = { 'org/toy': { prefill: 1, cached_prefill: 0.5, sample: 10, train: 100 } };

async function priced(prices = PRICES) {
  const fake = new FakeService();
  const told: string[] = [];
  const { service } = await connect(await fake.start());
  const metered = meteredBy(prices, service, (message) => told.push(message));
  return { service: metered, spent: () => meterOf(metered)?.metrics() ?? {}, told };
}

const tokens = (spent: Record<string, number>) =>
  ['prefill', 'cached_prefill', 'sample', 'train'].map((kind) => spent[`tokens/billed/${kind}`]);

it.each<[string, (client: TrainingClient) => Promise<unknown>, number[]]>([
  ['a forward pass is read', (client) => client.forward([datum([1, 2, 3]), datum([4])], 'cross_entropy'), [4, 0, 0, 0]],
  [
    'a training pass is trained on, positions of weight 0 too',
    (client) => client.forwardBackward([datum([1, 2, 3], [0, 0, 1])], 'cross_entropy'),
    [0, 0, 0, 3],
  ],
  [
    'a custom loss takes a pass of each kind',
    (client) => client.forwardBackwardCustom([datum([1, 2, 3])], () => ({ loss: 0, grads_D_T: [new Float32Array(3)] })),
    [3, 0, 0, 3],
  ],
])('%s', async (_, ask, expected) => {
  const { service, spent } = await priced();
  await ask(await service.createLoraTrainingClient(LORA));
  expect(tokens(spent())).toEqual(expected);
});

it('a prompt is read once for all its samples, and scored texts are read', async () => {
  const { service, spent } = await priced();
  const training = await service.createLoraTrainingClient(LORA);
  const sampling = await training.saveWeightsAndGetSamplingClient();
  await sampling.sample(modelInputFromTokens([1, 2, 3]), 5, { max_tokens: 2 });
  await (await service.createSamplingClient({ base_model: 'org/toy' })).computeLogprobs(modelInputFromTokens([7, 8]));
  expect(spent()).toEqual({
    'tokens/billed/prefill': 5,
    'tokens/billed/cached_prefill': 0,
    'tokens/billed/sample': 10,
    'tokens/billed/train': 0,
    'cost/prefill': 5e-6,
    'cost/sample': 100e-6,
    'cost/train': 0,
    'cost/total': 105e-6,
  });
});

it('of a model without a price tokens are counted, and nothing passes for the whole cost', async () => {
  const { service, spent, told } = await priced({ 'org/other': { prefill: 1, sample: 1, train: 1 } });
  const client = await service.createLoraTrainingClient(LORA);
  for (let i = 0; i < 2; i++) await client.forward([datum([1, 2, 3])], 'cross_entropy');
  expect(told).toEqual(['service.prices has no price of org/toy: tokens are counted, and no cost/* is reported']);
  expect(spent()).toEqual({
    'tokens/billed/prefill': 6,
    'tokens/billed/cached_prefill': 0,
    'tokens/billed/sample': 0,
    'tokens/billed/train': 0,
  });
});

it('a service that nobody asks to count is left as it is', async () => {
  const { service } = await connect(await new FakeService().start());
  expect(meteredBy(null, service, () => undefined)).toBe(service);
  expect(meterOf(service)).toBeNull();
});

it('what a checkpoint says is counted on, whatever was counted before', () => {
  const first = new TokenMeter(PRICES, () => undefined);
  first.count('org/toy', { prefill: 10, cached_prefill: 4, train: 7 });
  const second = new TokenMeter(PRICES, () => undefined);
  second.count('org/toy', { sample: 99 });
  second.restore(JSON.parse(JSON.stringify(first.state())));
  expect(second.metrics()).toEqual(first.metrics());
  second.count('/models/TOY', { train: 1 });
  expect(second.metrics()['cost/train']).toBeCloseTo(8e-4, 12);
  expect(second.metrics()['cost/prefill']).toBeCloseTo(12e-6, 12);
});

it.each([
  ['Qwen/Qwen3-8B', 'Qwen/Qwen3-8B'],
  ['/models/Qwen3-8B/', 'Qwen/Qwen3-8B'],
  ['Qwen/Qwen3-8B@main', 'Qwen/Qwen3-8B'],
  ['Qwen/Qwen3-8B:peft:262144', 'Qwen/Qwen3-8B:peft:262144'],
  ['org/twice', null],
  ['org/none', null],
])('%s goes by the price of %s', (model, entry) => {
  const price = { prefill: 0, sample: 0, train: 0 };
  const names = ['Qwen/Qwen3-8B', 'Qwen/Qwen3-8B:peft:262144', 'a/twice', 'b/twice'];
  const table = Object.fromEntries(names.map((name) => [name, price]));
  if (model.includes('/models/') || model.includes('@')) delete table['Qwen/Qwen3-8B:peft:262144'];
  expect(priceEntry(table, model)).toBe(entry);
});
