// Checks of training: losses and gradients that add up, and an optimizer that does the same with the same.

import type { TrainingClient } from '../../tinker/clients.ts';
import type { AdamParams, Datum } from '../../tinker/types.ts';
import { type Check, demand, demandNear } from '../check.ts';
import {
  ADAM,
  BATCH,
  distance,
  example,
  floats,
  integers,
  LOGPROB_TOLERANCE,
  logprobsOf,
  lossOf,
  OTHER_TEXT,
  SUM_TOLERANCE,
  TEXT,
  UPDATE_TOLERANCE,
  weightsFor,
} from '../data.ts';
import { EVERY } from '../versions.ts';
import { type ApiBench, scored, step } from './bench.ts';

/** Fails unless two clients, the same until now, have moved alike from where they were. */
export async function demandSameUpdate(
  one: TrainingClient,
  other: TrainingClient,
  before: readonly number[],
  what: string,
): Promise<void> {
  const [a, b] = [await scored(one), await scored(other)];
  const moved = Math.max(distance(a, before), distance(b, before));
  demand(moved > 0, `${what}: the update changed nothing`);
  const apart = distance(a, b);
  demand(
    apart <= UPDATE_TOLERANCE * moved,
    `${what}: the log-probs differ by ${apart.toPrecision(3)} after updates that move them by ${moved.toPrecision(3)}`,
  );
}

/** Weights that begin with 0, so that log-probs of such positions are seen too. */
const WEIGHTED = [TEXT, OTHER_TEXT].map((tokens) => example(tokens, { weights: floats(weightsFor(tokens)) }));
const WEIGHTS = [TEXT, OTHER_TEXT].flatMap(weightsFor);

const SECOND_TARGET = 36;

async function update(client: TrainingClient, data: Datum[], adam: Partial<AdamParams> = {}): Promise<void> {
  await (await client.forwardBackward(data, 'cross_entropy')).result();
  await (await client.optimStep({ ...ADAM, ...adam })).result();
}

export const TRAINING_CHECKS: readonly Check<ApiBench>[] = [
  {
    id: 'training/loss-falls',
    shows: 'a new adapter learns two short texts',
    needed: EVERY,
    async run(bench) {
      const client = await bench.create();
      const losses = [];
      for (let i = 0; i < 4; i++) losses.push(await step(client));
      demand(losses[0] > 0, `the loss of an untrained adapter is ${losses[0]}`);
      demand(losses[3] < losses[0], `the loss went from ${losses[0]} to ${losses[3]} in three steps`);
    },
  },
  {
    id: 'training/loss-sum',
    shows: 'loss:sum is −Σ w·lp over all positions of all datums, with weights of any sign',
    needed: EVERY,
    async run(bench) {
      const client = await bench.trained();
      const output = await (await client.forwardBackward(WEIGHTED, 'cross_entropy')).result();
      const lp = logprobsOf(output);
      demand(lp.length === WEIGHTS.length, `${lp.length} log-probs for ${WEIGHTS.length} positions`);
      demand(
        lp.every((value) => Number.isFinite(value) && value < 0),
        'positions of weight 0 have no log-probs',
      );
      const size = lp.reduce((total, value, i) => total + Math.abs(WEIGHTS[i] * value), 0);
      const wanted = lp.reduce((total, value, i) => total - WEIGHTS[i] * value, 0);
      demandNear(lossOf(output), wanted, SUM_TOLERANCE * size, 'loss:sum');
      const plain = await (await client.forward(BATCH, 'cross_entropy')).result();
      const total = logprobsOf(plain).reduce((rest, value) => rest - value, 0);
      demandNear(lossOf(plain), total, SUM_TOLERANCE * total, 'loss:sum without weights, which are 1');
    },
  },
  {
    id: 'training/forward',
    shows: 'forward gives what forward_backward gives, and leaves no gradient',
    needed: EVERY,
    async run(bench) {
      const [one, other] = await bench.twins();
      const before = await scored(other);
      const forward = await (await one.forward(BATCH, 'cross_entropy')).result();
      await (await one.forward(WEIGHTED, 'cross_entropy')).result();
      const pass = await (await one.forwardBackward(BATCH, 'cross_entropy')).result();
      demandNear(lossOf(forward), lossOf(pass), SUM_TOLERANCE * lossOf(pass), 'loss:sum of forward');
      const apart = distance(logprobsOf(forward), logprobsOf(pass));
      demand(apart <= LOGPROB_TOLERANCE, `log-probs of forward differ by ${apart}`);
      await (await one.optimStep(ADAM)).result();
      await step(other);
      await demandSameUpdate(one, other, before, 'with a forward pass before it');
    },
  },
  {
    id: 'training/accumulation',
    shows: 'gradients of two passes sum up to that of one over both',
    needed: EVERY,
    async run(bench) {
      const [one, other] = await bench.twins();
      const before = await scored(other);
      await (await one.forwardBackward([WEIGHTED[0]], 'cross_entropy')).result();
      await update(one, [WEIGHTED[1]]);
      await update(other, WEIGHTED);
      await demandSameUpdate(one, other, before, 'in two passes');
    },
  },
  {
    id: 'training/gradient-cleared',
    shows: 'a step takes the gradient away, and a learning rate of 0 changes nothing',
    needed: EVERY,
    async run(bench) {
      const [one, other] = await bench.twins();
      const before = await scored(one);
      // Without momentum nothing else is left of a step.
      const plain = { beta1: 0, beta2: 0 };
      await update(one, [WEIGHTED[0]], { ...plain, learning_rate: 0 });
      const still = distance(await scored(one), before);
      demand(still <= SUM_TOLERANCE, `a step with learning rate 0 moves the log-probs by ${still}`);
      await update(one, [WEIGHTED[1]], plain);
      await update(other, [WEIGHTED[1]], plain);
      await demandSameUpdate(one, other, before, 'behind a step');
    },
  },
  {
    id: 'training/adam',
    shows: "Adam's first step is as long whatever the scale of the gradient",
    needed: EVERY,
    async run(bench) {
      const state = await bench.saveState(await bench.trained());
      const fresh = () => bench.service.createTrainingClientFromState(state);
      const [one, other] = [await fresh(), await fresh()];
      const before = await scored(one);
      const scaled = (factor: number) =>
        [TEXT, OTHER_TEXT].map((tokens) => example(tokens, { weights: floats(tokens.slice(1).map(() => factor)) }));
      await update(one, scaled(1));
      await update(other, scaled(8));
      await demandSameUpdate(one, other, before, 'with weights of 8');
    },
  },
  {
    id: 'training/determinism',
    shows: 'the same steps from the same state have the same losses',
    needed: EVERY,
    async run(bench) {
      const [one, other] = await bench.twins();
      for (let i = 0; i < 3; i++) {
        const [a, b] = [await step(one), await step(other)];
        demandNear(a, b, SUM_TOLERANCE * b, `loss of step ${i + 1}`);
      }
    },
  },
  {
    id: 'training/pipelined',
    shows: 'requests that are sent ahead are done in their order',
    needed: EVERY,
    async run(bench) {
      const [one, other] = await bench.twins();
      const passes = [];
      for (let i = 0; i < 3; i++) {
        passes.push(await one.forwardBackward(BATCH, 'cross_entropy'));
        await one.optimStep(ADAM);
      }
      for (const [i, pass] of passes.entries()) {
        const loss = await step(other);
        demandNear(lossOf(await pass.result()), loss, SUM_TOLERANCE * loss, `loss of step ${i + 1}`);
      }
    },
  },
  {
    id: 'training/many-targets',
    shows: 'several targets a position, each with its weight',
    needed: EVERY,
    async run(bench) {
      const client = await bench.trained();
      const length = TEXT.length - 1;
      const pairs = TEXT.slice(1).flatMap((token) => [token, SECOND_TARGET]);
      const weights = pairs.map((_, i) => (i % 2 === 0 ? 1 : 0.5));
      const wide = example(TEXT, {
        target_tokens: integers(pairs, [length, 2]),
        weights: floats(weights, [length, 2]),
      });
      const output = await (await client.forward([wide], 'cross_entropy')).result();
      const lp = logprobsOf(output);
      const { shape } = output.loss_fn_outputs[0].logprobs;
      demand(`${shape}` === `${[length, 2]}`, `logprobs are of the shape [${shape}] for targets of [${length},2]`);
      const first = lp.filter((_, i) => i % 2 === 0);
      const apart = distance(first, await scored(client, [BATCH[0]]));
      demand(apart <= LOGPROB_TOLERANCE, `log-probs of the first targets differ by ${apart} from those of one target`);
      const wanted = lp.reduce((total, value, i) => total - weights[i] * value, 0);
      demandNear(lossOf(output), wanted, SUM_TOLERANCE * wanted, 'loss:sum');
    },
  },
  {
    id: 'training/prompt-in-parts',
    shows: 'an input of several runs of tokens is one text',
    needed: EVERY,
    async run(bench) {
      const client = await bench.trained();
      const [whole] = BATCH;
      const tokens = TEXT.slice(0, -1);
      const chunks = [tokens.slice(0, 3), tokens.slice(3, 4), tokens.slice(4)];
      const parts = {
        ...whole,
        model_input: { chunks: chunks.map((run) => ({ type: 'encoded_text' as const, tokens: run })) },
      };
      const apart = distance(await scored(client, [parts]), await scored(client, [whole]));
      demand(apart <= LOGPROB_TOLERANCE, `log-probs differ by ${apart}`);
    },
  },
  {
    id: 'training/new-adapter',
    shows: 'a new adapter is its base model, and the sampler agrees with the trainer',
    needed: EVERY,
    async run(bench) {
      const client = await bench.create();
      const sampler = await bench.sampler();
      const [, ...sampled] = await sampler.computeLogprobs({ chunks: [{ type: 'encoded_text', tokens: TEXT }] });
      const apart = distance(
        sampled.map((value) => value ?? Number.NaN),
        await scored(client, [BATCH[0]]),
      );
      demand(apart <= LOGPROB_TOLERANCE, `log-probs of trainer and sampler differ by ${apart}`);
    },
  },
  {
    id: 'training/info',
    shows: 'a model tells what it is made of',
    needed: EVERY,
    async run(bench) {
      const { base_model, is_lora } = await (await bench.create()).getInfo();
      demand(base_model === bench.model, `it says that its base model is ${base_model}, not ${bench.model}`);
      demand(is_lora, 'it says that it is no adapter');
    },
  },
];
