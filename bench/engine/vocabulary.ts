// What the loss over the vocabulary costs, and what it grows with: positions that carry weight, or the batch:
//   npx jiti bench/engine/vocabulary.ts MODEL_DIRECTORY [--rounds 5] [--threads 2] [--rank 16]
// The same rows with fewer and fewer weighted positions, then twice as many rows with as many of them as before.

import { parseArgs } from 'node:util';
import { readModelConfig } from '../../src/formats/hf_config.ts';
import { randomBatch } from './batches.ts';
import { median, spread, table } from './figures.ts';
import { datumOf, openTrainer, step } from './trainer.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    threads: { type: 'string', default: '2' },
    rank: { type: 'string', default: '16' },
  },
});
const [model] = positionals;
if (model === undefined) throw new Error('name a model directory');

const T = 128;
const SMALL = 8;
const LARGE = 2 * SMALL;
const ALL = SMALL * T;
const WEIGHTED = [ALL, ALL / 2, ALL / 8, 1];

const { vocab_size } = await readModelConfig(model);
const { client, close } = await openTrainer({ model, threads: Number(values.threads), rank: Number(values.rank) });

/** Rows whose weighted positions are spread evenly over all of them. */
function datums(B: number, weighted: number) {
  const every = (B * T) / weighted;
  return randomBatch(B, T, vocab_size).map((row, b) => datumOf(row, (t) => ((b * T + t) % every === 0 ? 1 : 0)));
}

const cases = [SMALL, LARGE].flatMap((B) =>
  WEIGHTED.map((weighted) => ({ B, weighted, data: datums(B, weighted), milliseconds: [] as number[] })),
);
// The first round warms up and does not count; every other goes through the cases the other way round.
for (let round = 0; round <= Number(values.rounds); round++) {
  for (const { data, milliseconds } of round % 2 === 0 ? cases : cases.toReversed()) {
    const { seconds } = await step(client, data, 'trained');
    if (round > 0) milliseconds.push(seconds * 1000);
  }
}
await close();

const baseOf = (B: number) => median(cases.find((c) => c.B === B && c.weighted === 1)?.milliseconds ?? []);
console.log(`vocabulary of ${vocab_size}`);
console.log(
  table([
    ['batch', 'positions', 'weighted', 'ms a step', 'more than with one', 'µs a weighted position'],
    ...cases.map(({ B, weighted, milliseconds }) => {
      const more = median(milliseconds) - baseOf(B);
      const row = [`${B}×${T}`, `${B * T}`, `${weighted}`, spread(milliseconds, 0)];
      return weighted === 1 ? [...row, '', ''] : [...row, more.toFixed(0), ((1000 * more) / (weighted - 1)).toFixed(0)];
    }),
  ]),
);
