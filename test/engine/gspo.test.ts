import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { openLocalService } from '../../src/engine/engine.ts';
import { gspo } from '../../src/engine/gspo.ts';
import type { TrainingClient } from '../../src/tinker/clients.ts';
import { type Datum, modelInputFromTokens, type TensorData } from '../../src/tinker/types.ts';
import { adam } from '../support/adam.ts';
import { RANDOM_MODEL_VOCABULARY as V, writeRandomModel } from '../support/random_model.ts';

const WIDE = { fn: 'gspo' as const, low: 0.8, high: 1.2 };

/** A sequence in float64: `kept` are the positions of its ratio, all others are those of a prompt. */
interface Sequence {
  logprobs: number[];
  q: number[];
  advantages: number[];
  kept: boolean[];
}

const example = ({ q, advantages, kept }: Sequence) => ({
  q: Float32Array.from(q),
  advantages: Float32Array.from(advantages),
  ratioMask: Float32Array.from(kept, Number),
});

/** Thousandths: doubles at random are nearly all next to 0. */
const number = (min: number, max: number) =>
  fc.integer({ min: 1000 * min, max: 1000 * max }).map((value) => Math.fround(value / 1000));
const logprob = number(-3, 0);
const token = fc.record({ logprob, q: logprob, kept: fc.boolean() });
const sequence = (advantage: fc.Arbitrary<number>): fc.Arbitrary<Sequence> =>
  fc.array(fc.tuple(token, advantage), { minLength: 1, maxLength: 8 }).map((tokens) => ({
    logprobs: tokens.map(([{ logprob }]) => logprob),
    q: tokens.map(([{ q }]) => q),
    kept: tokens.map(([{ kept }]) => kept),
    advantages: tokens.map(([{ kept }, advantage]) => (kept ? advantage : 0)),
  }));
const anyAdvantage = number(-2, 2);

/** The definition, as it is written: the ratio of every position by itself. `moved` is added to the log-probs, `held` is not. */
function direct({ logprobs, q, advantages, kept }: Sequence, { low, high }: typeof WIDE, moved: number[] = []): number {
  const differences = logprobs.flatMap((lp, t) => (kept[t] ? [lp - q[t]] : []));
  const s = differences.length === 0 ? 1 : Math.exp(differences.reduce((a, b) => a + b) / differences.length);
  const terms = advantages.map((A, t) => {
    const ratio = s * Math.exp(moved[t] ?? 0);
    return -Math.min(ratio * A, Math.min(Math.max(ratio, low), high) * A);
  });
  return terms.reduce((a, b) => a + b, 0);
}

it('has the value of its definition, and at every position the slope of its own token, the ratio being held', () => {
  fc.assert(
    fc.property(sequence(anyAdvantage), (one) => {
      const { loss, weights } = gspo(WIDE, example(one), one.logprobs);
      expect(loss).toBeCloseTo(direct(one, WIDE), 6);
      for (const t of weights.keys()) {
        const at = (h: number) =>
          direct(
            one,
            WIDE,
            Array.from({ length: t + 1 }, (_, i) => (i === t ? h : 0)),
          );
        const [above, below] = [at(1e-6), at(-1e-6)];
        // At a threshold the two sides differ; the slope is one of them.
        if (Math.abs(above + below - 2 * at(0)) > 1e-9) continue;
        expect(-weights[t]).toBeCloseTo((above - below) / 2e-6, 4);
      }
    }),
  );
});

it('has the derivative through the ratio as its slope where all tokens of the sequence have one advantage', () => {
  const shared = fc.tuple(sequence(fc.constant(1)), anyAdvantage);
  fc.assert(
    fc.property(shared, ([one, advantage]) => {
      const same = { ...one, advantages: one.kept.map((kept) => (kept ? advantage : 0)) };
      const { weights } = gspo(WIDE, example(same), same.logprobs);
      for (const t of weights.keys()) {
        const at = (h: number) => gspo(WIDE, example(same), same.logprobs.with(t, same.logprobs[t] + h)).loss;
        const [above, below] = [at(1e-5), at(-1e-5)];
        if (Math.abs(above + below - 2 * at(0)) > 1e-8) continue;
        expect(-weights[t]).toBeCloseTo((above - below) / 2e-5, 3);
      }
    }),
  );
});

it('is clipped on the side that the advantage improves, and on that side only', () => {
  const one = (difference: number, advantage: number) => {
    const logprobs = [-9, -1, -1];
    const q = [0, -1 - difference, -1 - difference];
    const advantages = [0, advantage, advantage];
    return gspo(WIDE, example({ logprobs, q, advantages, kept: [false, true, true] }), logprobs);
  };
  const far = Math.exp(0.5);
  expect(one(0.5, 1)).toEqual({ loss: -2.4, weights: Float32Array.of(0, 0, 0) });
  expect(one(0.5, -1)).toEqual({ loss: 2 * far, weights: Float32Array.of(0, -far, -far) });
  expect(one(-0.5, 1).weights[1]).toBeCloseTo(1 / far);
  expect(one(-0.5, -1)).toEqual({ loss: 1.6, weights: Float32Array.of(0, 0, 0) });
});

it('takes the ratio of an empty mask for 1', () => {
  const one = { logprobs: [-3, -3], q: [-1, -1], advantages: [2, -1], kept: [false, false] };
  expect(gspo(WIDE, example(one), one.logprobs)).toEqual({ loss: -1, weights: Float32Array.of(2, -1) });
});

let directory: string;
let model: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-gspo-'));
  model = await writeRandomModel(join(directory, 'model'));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

async function openClient(microbatchTokens = 16): Promise<TrainingClient> {
  const service = openLocalService({ checkpoints: directory, threads: 1, microbatchTokens, seed: 3 });
  onTestFinished(() => service.close());
  return service.createLoraTrainingClient({ base_model: model, rank: 4, seed: 1 });
}

const floats = (values: number[]): TensorData => ({ data: values, dtype: 'float32', shape: [values.length] });

/** Two tokens of prompt, then sampled ones of the same advantage, but for the last, which has none. */
function sampled(length: number, advantage: number, { masked }: { masked: boolean }): Datum {
  const tokens = Array.from({ length: length + 1 }, (_, t) => (t * t * 7 + length * 11 + 3) % V);
  const at = (value: (t: number) => number) => Array.from({ length }, (_, t) => (t < 2 ? 0 : value(t)));
  return {
    model_input: modelInputFromTokens(tokens.slice(0, -1)),
    loss_fn_inputs: {
      target_tokens: { data: tokens.slice(1), dtype: 'int64', shape: [length] },
      logprobs: floats(at((t) => -4 - (t % 3) * 0.3)),
      advantages: floats(at((t) => (t === length - 1 ? 0 : advantage))),
      ...(masked ? { sequence_ratio_mask: floats(at(() => 1)) } : {}),
    },
  };
}

const config = { clip_low_threshold: 0.2, clip_high_threshold: 5 };
const batch = (masked: boolean) => [9, 5, 14, 7].map((length, d) => sampled(length, d - 1.4, { masked }));

/** A step's loss, log-probs and gradient, and what became of the weights. */
async function stepOf(client: TrainingClient, trained: Awaited<ReturnType<TrainingClient['forwardBackward']>>) {
  const { metrics, loss_fn_outputs } = await trained.result();
  const stepped = await (await client.optimStep(adam(0.02))).result();
  const after = await (await client.forward(batch(true), 'gspo', config)).result();
  return { loss: metrics['loss:sum'], logprobs: loss_fn_outputs, stepped, after };
}

it.each([true, false])('trains by that slope on packed sequences, with a mask: %s', async (masked) => {
  const data = batch(masked);
  const client = await openClient();
  const named = await stepOf(client, await client.forwardBackward(data, 'gspo', config));
  const other = await openClient();
  const targets = data.map(({ model_input, loss_fn_inputs: { target_tokens } }) => ({
    model_input,
    loss_fn_inputs: { target_tokens },
  }));
  const custom = await stepOf(
    other,
    await other.forwardBackwardCustom(targets, (_, logprobs_D_T) => {
      const parts = data.map(({ loss_fn_inputs: { logprobs, advantages } }, d) => {
        const kept = Array.from(advantages.data, (A, t) => (masked ? t >= 2 : A !== 0));
        const one = { logprobs: [...logprobs_D_T[d]], q: [...logprobs.data], advantages: [...advantages.data], kept };
        const differences = one.logprobs.flatMap((lp, t) => (kept[t] ? [lp - one.q[t]] : []));
        const s = Math.exp(differences.reduce((a, b) => a + b) / differences.length);
        const bounded = { ...WIDE, low: 0.2, high: 5 };
        const isClipped = (A: number) => (A > 0 ? s > 5 : s < 0.2);
        return { loss: direct(one, bounded), grads: one.advantages.map((A) => (isClipped(A) ? 0 : -s * A)) };
      });
      const grads_D_T = parts.map(({ grads }) => Float32Array.from(grads));
      return { loss: parts.reduce((sum, { loss }) => sum + loss, 0), grads_D_T };
    }),
  );
  expect(named.loss).toBeCloseTo(custom.loss, 5);
  expect(named.stepped.metrics?.grad_norm).toBeGreaterThan(0);
  expect(named.stepped.metrics?.grad_norm).toBeCloseTo(custom.stepped.metrics?.grad_norm ?? 0, 4);
  expect(named.after.metrics['loss:sum']).toBeCloseTo(custom.after.metrics['loss:sum'], 3);
  expect(named.after.metrics['loss:sum']).toBeLessThan(named.loss);
});

it('moves nothing where every sequence is clipped', async () => {
  const client = await openClient();
  const data = [sampled(6, 1, { masked: true })];
  const { metrics } = await (
    await client.forwardBackward(data, 'gspo', { clip_low_threshold: 0, clip_high_threshold: 1e-6 })
  ).result();
  expect(metrics['loss:sum']).toBeCloseTo(-3e-6, 10);
  expect((await (await client.optimStep(adam(0.02))).result()).metrics).toEqual({ grad_norm: 0 });
});

it('projects the positions that the loss depends on alone, where it is asked to', async () => {
  const client = await openClient();
  const output = await (await client.forwardBackward(batch(true), 'gspo', config, { logprobs: 'trained' })).result();
  const known = output.loss_fn_outputs.map(({ logprobs }) => Array.from(logprobs.data, (lp) => !Number.isNaN(lp)));
  expect(known[1]).toEqual([false, false, true, true, true]);
  const all = await (await client.forward(batch(true), 'gspo', config)).result();
  expect(output.metrics['loss:sum']).toBe(all.metrics['loss:sum']);
});

it('has the bounds of the paper unless told otherwise', async () => {
  const client = await openClient();
  const data = batch(true);
  const loss = async (config?: Record<string, number>) =>
    (await (await client.forward(data, 'gspo', config)).result()).metrics['loss:sum'];
  expect(await loss()).toBe(await loss({ clip_low_threshold: 1 - 3e-4, clip_high_threshold: 1 + 4e-4 }));
});
