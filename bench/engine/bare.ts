// How much of the speed of bare matrix products a whole training step keeps, and where the rest goes, operator by operator:
//   npx jiti bench/engine/bare.ts MODEL_DIRECTORY 8x128 [--rounds 7] [--threads 2] [--rank 16] [--checkpointing]
// Every product of the step is timed alone, through the same library, between steps of the engine.

import { parseArgs } from 'node:util';
import { readModelConfig } from '../../src/formats/hf_config.ts';
import { randomBatch } from './batches.ts';
import { median, spread, sum, table } from './figures.ts';
import { nodesOf } from './onnx_nodes.ts';
import { bareSeconds, describe, flopsOf, type Manner, type Product, productOf } from './products.ts';
import { type Kernel, profileOf } from './profiler.ts';
import { datumOf, openTrainer, step } from './trainer.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '7' },
    threads: { type: 'string', default: '2' },
    rank: { type: 'string', default: '16' },
    checkpointing: { type: 'boolean', default: false },
  },
});
const [model, size] = positionals;
const [, B, T] = /^(\d+)[x×](\d+)$/.exec(size ?? '')?.map(Number) ?? [];
if (model === undefined || T === undefined) throw new Error('name a model directory and a batch, like 8x128');
const rounds = Number(values.rounds);
const threads = Number(values.threads);
const trainer = { model, threads, rank: Number(values.rank), checkpointing: values.checkpointing };
const { vocab_size } = await readModelConfig(model);
const data = randomBatch(B, T, vocab_size).map((row) => datumOf(row));

const PROFILED_STEPS = 3;
const MANNERS: Manner[] = ['as written', 'plain'];

/** The operators of a few steps, the first left out. */
async function profileOfSteps() {
  let wall = 0;
  const { graph, runs } = await profileOf(async () => {
    const { client, close } = await openTrainer(trainer);
    await step(client, data);
    for (let i = 0; i < PROFILED_STEPS; i++) wall += (await step(client, data)).seconds;
    await close();
  });
  const kernels = runs.slice(runs.length / (PROFILED_STEPS + 1)).flat();
  return { kernels, nodes: nodesOf(graph), wall: wall / PROFILED_STEPS };
}

const { kernels, nodes, wall } = await profileOfSteps();

interface Kind {
  product: Product;
  /** Of all profiled steps. */
  kernels: Kernel[];
  bare: Record<Manner, number>;
}
const kinds = new Map<string, Kind>();
for (const kernel of kernels) {
  const product = productOf(kernel, nodes);
  if (product === null) continue;
  const key = JSON.stringify(product);
  const kind = kinds.get(key) ?? { product, kernels: [], bare: { 'as written': 0, plain: 0 } };
  kind.kernels.push(kernel);
  kinds.set(key, kind);
}
const list = [...kinds.values()];
const countOf = (kind: Kind) => kind.kernels.length / PROFILED_STEPS;
const secondsOf = (kind: Kind) => sum(kind.kernels.map(({ seconds }) => seconds)) / PROFILED_STEPS;
const flops = sum(list.map((kind) => countOf(kind) * flopsOf(kind.product)));

const { client, close } = await openTrainer(trainer);
const steps: number[] = [];
await step(client, data);
for (const [i, kind] of list.entries()) {
  // A machine is not as fast at all times: steps are taken all along.
  if (i >= (steps.length * list.length) / rounds) steps.push((await step(client, data)).seconds);
  for (const manner of MANNERS) kind.bare[manner] = await bareSeconds(kind.product, manner, threads, rounds);
}
while (steps.length < rounds) steps.push((await step(client, data)).seconds);
await close();

const ms = (seconds: number) => (seconds * 1000).toFixed(1);
const giga = (seconds: number) => (flops / seconds / 1e9).toFixed(1);
const percent = (part: number, whole: number) => `${((100 * part) / whole).toFixed(1)} %`;

console.log(`${B}×${T} tokens, rank ${trainer.rank}, ${threads} threads: ${(flops / 1e9).toFixed(1)} GFLOP a step`);
console.log(
  `in ${sum(list.map(countOf))} products of ${list.length} kinds; the step takes ${spread(
    steps.map((s) => s * 1000),
    0,
  )} ms\n`,
);

const operators = new Map<string, Kernel[]>();
for (const kernel of kernels) operators.set(kernel.opType, [...(operators.get(kernel.opType) ?? []), kernel]);
const inOperators = sum(kernels.map(({ seconds }) => seconds)) / PROFILED_STEPS;
console.log(
  table([
    ['operator', 'ms', 'share', 'count'],
    ...[...operators]
      .map(([name, of]) => ({
        name,
        seconds: sum(of.map((k) => k.seconds)) / PROFILED_STEPS,
        count: of.length / PROFILED_STEPS,
      }))
      .sort((a, b) => b.seconds - a.seconds)
      .map(({ name, seconds, count }) => [name, ms(seconds), percent(seconds, wall), `${count}`]),
    ['outside operators', ms(wall - inOperators), percent(wall - inOperators, wall), ''],
    ['step, profiled', ms(wall), '', ''],
  ]),
);

const LARGEST = 16;
console.log(
  `\n${table([
    ['product (° constant)', 'count', 'ms in the step', ...MANNERS.map((manner) => `bare, ${manner}`)],
    ...list
      .toSorted((a, b) => secondsOf(b) - secondsOf(a))
      .slice(0, LARGEST)
      .map((kind) => [
        describe(kind.product),
        `${countOf(kind)}`,
        ms(secondsOf(kind)),
        ...MANNERS.map((manner) => ms(countOf(kind) * kind.bare[manner])),
      ]),
  ])}\n`,
);

const stepSeconds = median(steps);
const bareOf = (manner: Manner) => sum(list.map((kind) => countOf(kind) * kind.bare[manner]));
console.log(
  table([
    ['', 'ms', 'GFLOP/s', 'the step reaches'],
    ['step, all of it', ms(stepSeconds), giga(stepSeconds), ''],
    ['its products, in the step', ms(sum(list.map(secondsOf))), giga(sum(list.map(secondsOf))), ''],
    ...MANNERS.map((manner) => [
      `bare products, ${manner}`,
      ms(bareOf(manner)),
      giga(bareOf(manner)),
      percent(bareOf(manner), stepSeconds),
    ]),
  ]),
);
