// Checks of the losses: their values against the formulas, and their gradients against those of the formulas' slopes.

import type { TrainingClient } from '../../tinker/clients.ts';
import type { Datum, LossFnConfig, LossFnType } from '../../tinker/types.ts';
import { type Check, demand, demandNear } from '../check.ts';
import {
  ADAM,
  BATCH,
  distance,
  example,
  floats,
  LOGPROB_TOLERANCE,
  logprobsOf,
  lossOf,
  SUM_TOLERANCE,
} from '../data.ts';
import { FORMULAS } from '../formulas.ts';
import { EVERY, NONE, type SdkVersion, since } from '../versions.ts';
import { type ApiBench, scored, step } from './bench.ts';
import { demandSameUpdate } from './training.ts';

/** Log-ratios on both sides of every bound below, far from it, in half precision too. */
const LOG_RATIOS = [-0.7, 0.6, 0.05, -0.05, 0.5, -0.6, 0];
const ADVANTAGES = [1, -0.5, 0.75, 0, -1.25];
/** Of a whole sequence: within GSPO's bounds for the first text, beyond them for the second. */
const SEQUENCE_RATIOS = [0.02, 0.4];

interface Loss {
  name: keyof typeof FORMULAS;
  config: LossFnConfig;
  needed: readonly SdkVersion[];
}

const BOUNDS = { clip_low_threshold: 0.7, clip_high_threshold: 1.3 };

const LOSSES: readonly Loss[] = [
  { name: 'importance_sampling', config: {}, needed: EVERY },
  { name: 'ppo', config: BOUNDS, needed: EVERY },
  { name: 'cispo', config: BOUNDS, needed: EVERY },
  { name: 'dro', config: { beta: 0.1 }, needed: EVERY },
  { name: 'gspo', config: { clip_low_threshold: 0.9, clip_high_threshold: 1.1 }, needed: since('0.38.0') },
];

interface Sequence {
  lp: number[];
  q: number[];
  A: number[];
}

const lengthsOf = (data: readonly Datum[]) =>
  data.map(({ loss_fn_inputs }) => loss_fn_inputs.target_tokens.data.length);

/** The log-probs of each datum. */
function split(values: readonly number[]): number[][] {
  const lengths = lengthsOf(BATCH);
  const starts = lengths.map((_, d) => lengths.slice(0, d).reduce((sum, length) => sum + length, 0));
  return starts.map((start, d) => values.slice(start, start + lengths[d]));
}

/** Samples of a policy that differs from the model's: by a ratio a token, or a ratio a sequence. */
function sampledBy(lp: readonly number[], isOfSequence: boolean): Sequence[] {
  return split(lp).map((values, d) => ({
    lp: values,
    q: values.map((value, i) => {
      const ratio = isOfSequence ? SEQUENCE_RATIOS[d] : LOG_RATIOS[i % LOG_RATIOS.length];
      return value - ratio;
    }),
    A: values.map((_, i) => ADVANTAGES[(i + d) % ADVANTAGES.length]),
  }));
}

function datumsOf(sequences: readonly Sequence[], isOfSequence: boolean): Datum[] {
  return BATCH.map((datum, d) => ({
    ...datum,
    loss_fn_inputs: {
      ...datum.loss_fn_inputs,
      logprobs: floats(sequences[d].q),
      advantages: floats(sequences[d].A),
      ...(isOfSequence && { sequence_ratio_mask: floats(sequences[d].q.map(() => 1)) }),
    },
  }));
}

async function compare(bench: ApiBench, { name, config }: Loss): Promise<void> {
  const [one, other] = await bench.twins();
  const isOfSequence = name === 'gspo';
  const sequences = sampledBy(await scored(one), isOfSequence);
  const computed = sequences.map((sequence) => FORMULAS[name](sequence, config));
  const output = await (await one.forwardBackward(datumsOf(sequences, isOfSequence), name, config)).result();
  const before = logprobsOf(output);
  const apart = distance(
    before,
    sequences.flatMap(({ lp }) => lp),
  );
  demand(apart <= LOGPROB_TOLERANCE, `its log-probs differ by ${apart} from those of cross_entropy`);
  const wanted = computed.reduce((total, { loss }) => total + loss, 0);
  const size = sequences.flatMap(({ lp, A }) => lp.map((value, i) => Math.abs(A[i]) * (1 + Math.abs(value))));
  demandNear(lossOf(output), wanted, SUM_TOLERANCE * size.reduce((total, value) => total + value, 0), 'loss:sum');
  await other.forwardBackwardCustom(BATCH, () => ({
    loss: wanted,
    grads_D_T: computed.map(({ slopes }) => Float32Array.from(slopes)),
  }));
  await stepBoth(one, other, before, 'with the gradient of the formula');
}

async function stepBoth(one: TrainingClient, other: TrainingClient, before: readonly number[], what: string) {
  await (await one.optimStep(ADAM)).result();
  await (await other.optimStep(ADAM)).result();
  await demandSameUpdate(one, other, before, what);
}

/** On-policy: what was sampled is scored by the policy that sampled it. */
const onPolicy = (lp: readonly number[]): Datum[] =>
  datumsOf(
    split(lp).map((values) => ({ lp: values, q: values, A: values.map((_, i) => ADVANTAGES[i % ADVANTAGES.length]) })),
    false,
  );

function defaults(name: LossFnType, needed: readonly SdkVersion[]): Check<ApiBench> {
  return {
    id: `losses/${name}-defaults`,
    shows: `${name} is computed without a configuration too`,
    needed,
    async run(bench) {
      const client = await bench.trained();
      const sequences = sampledBy(await scored(client), name === 'gspo');
      lossOf(await (await client.forwardBackward(datumsOf(sequences, name === 'gspo'), name)).result());
    },
  };
}

export const LOSS_CHECKS: readonly Check<ApiBench>[] = [
  ...LOSSES.map(
    (loss): Check<ApiBench> => ({
      id: `losses/${loss.name}`,
      shows: `${loss.name} has the value and the gradient of its formula`,
      needed: loss.needed,
      run: (bench) => compare(bench, loss),
    }),
  ),
  defaults('ppo', EVERY),
  defaults('cispo', EVERY),
  defaults('gspo', since('0.38.0')),
  {
    id: 'losses/stable_reinforce',
    shows: 'stable_reinforce, which RL takes by default, is computed',
    needed: since('0.38.0'),
    async run(bench) {
      const client = await bench.trained();
      const pass = await client.forwardBackward(onPolicy(await scored(client)), 'stable_reinforce');
      const loss = lossOf(await pass.result());
      demand(Number.isFinite(loss), `its loss is ${loss}`);
    },
  },
  {
    id: 'losses/stable_reinforce-on-policy',
    shows: 'on-policy, stable_reinforce has the gradient of importance_sampling',
    needed: NONE,
    async run(bench) {
      const [one, other] = await bench.twins();
      const before = await scored(one);
      await (await one.forwardBackward(onPolicy(before), 'stable_reinforce')).result();
      await (await other.forwardBackward(onPolicy(before), 'importance_sampling')).result();
      await stepBoth(one, other, before, 'with the gradient of importance_sampling');
    },
  },
  {
    id: 'losses/custom',
    shows: 'a loss of the client, in two passes of cross_entropy, moves the model as the same loss of the service',
    needed: EVERY,
    async run(bench) {
      const [one, other] = await bench.twins();
      const before = await scored(one);
      // Of the mean log-prob of each text: as if its tokens had weights of 1 by their count.
      const custom = await one.forwardBackwardCustom(BATCH, (_data, logprobs_D_T) => ({
        loss: logprobs_D_T.reduce((total, lp_T) => total - lp_T.reduce((sum, lp) => sum + lp, 0) / lp_T.length, 0),
        grads_D_T: logprobs_D_T.map((lp_T) => lp_T.map(() => -1 / lp_T.length)),
      }));
      const means = split(before).map((lp) => lp.reduce((sum, value) => sum - value, 0) / lp.length);
      const wanted = means.reduce((total, mean) => total + mean, 0);
      demandNear(lossOf(await custom.result()), wanted, SUM_TOLERANCE * wanted, 'loss:sum');
      await (await one.optimStep(ADAM)).result();
      const lengths = lengthsOf(BATCH);
      await step(
        other,
        BATCH.map(({ model_input, loss_fn_inputs: { target_tokens } }, d) => ({
          model_input,
          loss_fn_inputs: { target_tokens, weights: floats(new Array<number>(lengths[d]).fill(1 / lengths[d])) },
        })),
      );
      await demandSameUpdate(one, other, before, 'with a loss of the client');
    },
  },
  {
    id: 'losses/missing-inputs',
    shows: 'a loss without the inputs that it needs is refused, and the next request is not',
    needed: EVERY,
    async run(bench) {
      const client = await bench.trained();
      const refused = await isRejected(async () => {
        await (await client.forwardBackward([example([9, 10, 11])], 'importance_sampling')).result();
      });
      demand(refused, 'importance_sampling without logprobs and advantages was computed');
      lossOf(await (await client.forward(BATCH, 'cross_entropy')).result());
    },
  },
];

/** Whether work ends in an error. */
export async function isRejected(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return false;
  } catch {
    return true;
  }
}
