// What the adapter on the unembedding costs: steps and samples with it and without it, in turns, in processor time, which
// other work on the machine hardly disturbs:
//   npx jiti bench/engine/unembedding.ts MODEL_DIRECTORY [--rounds 5] [--threads 1] [--rank 16] [--batches 4x256,16x48] [--sampled 1,8,32]

import { parseArgs } from 'node:util';
import { readModelConfig } from '../../src/formats/hf_config.ts';
import { modelInputFromTokens } from '../../src/tinker/types.ts';
import { randomBatch } from './batches.ts';
import { median, spread, table } from './figures.ts';
import { datumOf, openTrainer, step } from './trainer.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    threads: { type: 'string', default: '1' },
    rank: { type: 'string', default: '16' },
    batches: { type: 'string', default: '4x256,16x48' },
    sampled: { type: 'string', default: '1,8,32' },
  },
});
const [model] = positionals;
if (model === undefined) throw new Error('name a model directory');

/** Rows of tokens in a step, and sequences that are sampled together. */
const BATCHES = values.batches.split(',').map((batch) => {
  const [B, T] = batch.split('x').map(Number);
  return { B, T };
});
const SAMPLED = values.sampled.split(',').map(Number);
const NEW_TOKENS = 32;

const { vocab_size } = await readModelConfig(model);
const options = { model, threads: Number(values.threads), rank: Number(values.rank) };
const trainers = [
  await openTrainer({ ...options, train_unembed: false }),
  await openTrainer({ ...options, train_unembed: true }),
];
const samplers = await Promise.all(trainers.map(({ client }) => client.saveWeightsAndGetSamplingClient()));
const prompt = modelInputFromTokens(randomBatch(1, 32, vocab_size)[0]);

const cases = [
  ...BATCHES.map(({ B, T }) => {
    const data = randomBatch(B, T, vocab_size).map((row) => datumOf(row));
    return { name: `step of ${B} × ${T}`, work: async (i: number) => void (await step(trainers[i].client, data)) };
  }),
  ...SAMPLED.map((count) => ({
    name: `sampling ${count} × ${NEW_TOKENS}`,
    work: async (i: number) =>
      void (await samplers[i].sample(prompt, count, { max_tokens: NEW_TOKENS, seed: 0, stop: [] })),
  })),
].map((each) => ({ ...each, milliseconds: [[], []] as [number[], number[]] }));

async function processorMilliseconds(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

// The first round warms up and does not count; every other goes the other way round.
for (let round = 0; round <= Number(values.rounds); round++) {
  for (const { work, milliseconds } of cases) {
    for (const i of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      const took = await processorMilliseconds(() => work(i));
      if (round > 0) milliseconds[i].push(took);
    }
  }
}
for (const { close } of trainers) await close();

console.log(
  table([
    ['ms', 'without', 'with', 'median of ratios'],
    ...cases.map(({ name, milliseconds: [without, adapted] }) => {
      const ratio = median(adapted.map((value, round) => value / without[round]));
      return [name, spread(without, 0), spread(adapted, 0), ratio.toFixed(3)];
    }),
  ]),
);
