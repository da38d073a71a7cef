// Checks of checkpoints: what is saved is what was there, whatever is trained afterwards.

import type { TrainingClient } from '../../tinker/clients.ts';
import { modelInputFromTokens } from '../../tinker/types.ts';
import { type Check, demand, demandNear } from '../check.ts';
import { BATCH, distance, LOGPROB_TOLERANCE, SUM_TOLERANCE, TEXT } from '../data.ts';
import { EVERY } from '../versions.ts';
import { type ApiBench, scored, step } from './bench.ts';
import { isRejected } from './losses.ts';

/** Losses of the next steps, of which the later ones hang on the optimizer. */
async function goOn(client: TrainingClient): Promise<number[]> {
  const losses = [];
  for (let i = 0; i < 3; i++) losses.push(await step(client));
  return losses;
}

/** Log-probs of the first text of the batch by a sampler. */
async function sampled(sampler: { computeLogprobs: ApiSampler }): Promise<number[]> {
  const [, ...values] = await sampler.computeLogprobs(modelInputFromTokens(TEXT));
  return values.map((value) => value ?? Number.NaN);
}

type ApiSampler = (input: ReturnType<typeof modelInputFromTokens>) => Promise<(number | null)[]>;

export const CHECKPOINT_CHECKS: readonly Check<ApiBench>[] = [
  {
    id: 'checkpoints/with-optimizer',
    shows: 'a model that goes on from a state with its optimizer has the losses of the one that was saved',
    needed: EVERY,
    async run(bench) {
      const client = await bench.trained();
      await step(client);
      const path = await bench.saveState(client);
      const wanted = await goOn(client);
      const got = await goOn(await bench.service.createTrainingClientFromStateWithOptimizer(path));
      for (const [i, loss] of got.entries()) {
        demandNear(loss, wanted[i], SUM_TOLERANCE * wanted[i], `loss of step ${i + 1} after resuming`);
      }
    },
  },
  {
    id: 'checkpoints/without-optimizer',
    shows: 'a model that goes on without the optimizer has the weights, and an optimizer that remembers nothing',
    needed: EVERY,
    async run(bench) {
      const client = await bench.trained();
      for (let i = 0; i < 2; i++) await step(client, BATCH, { learning_rate: 1e-4 });
      const path = await bench.saveState(client);
      const [kept, fresh] = [
        await bench.service.createTrainingClientFromStateWithOptimizer(path),
        await bench.service.createTrainingClientFromState(path),
      ];
      const other = [BATCH[1]];
      const before = await scored(fresh);
      demandNear(distance(await scored(kept), before), 0, LOGPROB_TOLERANCE, 'distance of the weights');
      await step(kept, other);
      await step(fresh, other);
      const [a, b] = [await scored(kept), await scored(fresh)];
      const moved = distance(b, before);
      demand(distance(a, b) > 0.01 * moved, 'a step without the optimizer is the same as with it');
    },
  },
  {
    id: 'checkpoints/for-sampling',
    shows: 'saved weights sample as the model did when they were saved',
    needed: EVERY,
    async run(bench) {
      const client = await bench.trained();
      const wanted = await scored(client, [BATCH[0]]);
      const model_path = await bench.saveForSampler(client);
      for (let i = 0; i < 3; i++) await step(client, BATCH, { learning_rate: 2e-2 });
      const sampler = await bench.service.createSamplingClient({ model_path });
      const apart = distance(await sampled(sampler), wanted);
      demand(apart <= LOGPROB_TOLERANCE, `log-probs differ by ${apart}`);
    },
  },
  {
    id: 'checkpoints/snapshot',
    shows: 'a sampler of a model in training keeps its weights while the model goes on',
    needed: EVERY,
    async run(bench) {
      const client = await bench.trained();
      const wanted = await scored(client, [BATCH[0]]);
      const first = await client.saveWeightsAndGetSamplingClient();
      for (let i = 0; i < 3; i++) await step(client, BATCH, { learning_rate: 2e-2 });
      const apart = distance(await sampled(first), wanted);
      demand(apart <= LOGPROB_TOLERANCE, `log-probs of the first snapshot differ by ${apart}`);
      const second = await client.saveWeightsAndGetSamplingClient();
      const later = distance(await sampled(second), await scored(client, [BATCH[0]]));
      demand(later <= LOGPROB_TOLERANCE, `log-probs of the second snapshot differ by ${later}`);
    },
  },
  {
    id: 'checkpoints/deleted',
    shows: 'a checkpoint that was deleted is gone, and can be deleted again',
    needed: EVERY,
    async run(bench) {
      const path = await bench.saveState(await bench.trained());
      await bench.service.deleteCheckpoint(path);
      const gone = await isRejected(() => bench.service.createTrainingClientFromState(path));
      demand(gone, 'a checkpoint that was deleted is loaded');
      await bench.service.deleteCheckpoint(path);
    },
  },
  {
    id: 'checkpoints/kinds',
    shows: 'weights that were saved for sampling are not trained on from',
    needed: EVERY,
    async run(bench) {
      const path = await bench.saveForSampler(await bench.trained());
      const refused = await isRejected(() => bench.service.createTrainingClientFromStateWithOptimizer(path));
      demand(refused, 'weights without an optimizer were loaded with it');
    },
  },
  {
    id: 'checkpoints/unknown',
    shows: 'models and paths that are not there are refused, to train and to sample',
    needed: EVERY,
    async run({ service }) {
      const none = 'tinker://00000000-0000-0000-0000-000000000000:train:0/weights/none';
      const attempts = {
        'a model of no such name': () => service.createLoraTrainingClient({ base_model: 'no/such-model-1b', rank: 4 }),
        'a state that is not there': () => service.createTrainingClientFromState(none),
        'a sampler of a path that is not there': async () => {
          const sampler = await service.createSamplingClient({ model_path: none });
          await sampler.computeLogprobs(modelInputFromTokens(TEXT));
        },
      };
      for (const [what, attempt] of Object.entries(attempts)) {
        demand(await isRejected(attempt), `${what} was created`);
      }
    },
  },
];
