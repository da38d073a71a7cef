import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLocalService } from '../../../src/engine/engine.ts';
import type { LocalServiceClient } from '../../../src/engine/service.ts';
import { policyLoss } from '../../../src/rl/losses/policy_loss.ts';
import { LOSS_FN_NAMES } from '../../../src/rl/losses/table.ts';
import { type Datum, modelInputFromTokens, type TensorData } from '../../../src/tinker/types.ts';
import { ConfigurationError } from '../../../src/util/errors.ts';
import { adam } from '../../support/adam.ts';
import { DIRECT } from './direct.ts';

const MODEL = join(import.meta.dirname, '../../../example_data/models/tiny');
const MAX_TOKENS = 12;

let directory: string;
let service: LocalServiceClient;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-policy-loss-'));
  service = openLocalService({ checkpoints: directory, threads: 1, microbatchTokens: 64, seed: 3 });
});

afterAll(async () => {
  await service.close();
  await rm(directory, { recursive: true, force: true });
});

const openClient = () => service.createLoraTrainingClient({ base_model: MODEL, rank: 4, seed: 1 });
const floats = (data: number[]): TensorData => ({ data, dtype: 'float32', shape: [data.length] });

/** What the model says after a prompt, as datums: advantages and mask are 0 on the prompt, and on the last token an advantage of 0. */
async function sampled(advantage: (d: number) => number): Promise<Datum[]> {
  const sampler = await service.createSamplingClient({ base_model: MODEL });
  const prompt = [5, 40, 12, 7];
  const { sequences } = await sampler.sample(modelInputFromTokens(prompt), 4, { max_tokens: MAX_TOKENS, seed: 2 });
  await sampler.close();
  return sequences.map(({ tokens, logprobs }, d) => {
    const all = [...prompt, ...tokens];
    const padded = (values: number[]) => floats([...prompt.slice(1).map(() => 0), ...values]);
    return {
      model_input: modelInputFromTokens(all.slice(0, -1)),
      loss_fn_inputs: {
        target_tokens: { data: all.slice(1), dtype: 'int64', shape: [all.length - 1] },
        logprobs: padded(logprobs),
        advantages: padded(tokens.map((_, t) => (t === tokens.length - 1 ? 0 : advantage(d)))),
        mask: padded(tokens.map(() => 1)),
      },
    };
  });
}

/** Sum over the sampled tokens. */
const masked = (data_D: Datum[], logprobs_D: TensorData[]) =>
  data_D
    .flatMap(({ loss_fn_inputs: { mask } }, d) =>
      Array.from(mask.data, (m, t) => (m === 0 ? 0 : logprobs_D[d].data[t])),
    )
    .reduce((sum, value) => sum + value, 0);

/** Their value holds a ratio constant that is not, so it may rise while the policy improves. */
const HELD = ['cispo', 'stable_reinforce', 'truncated_importance_sampling', 'masked_importance_sampling'];

it.each(LOSS_FN_NAMES)('%s makes what has an advantage more likely, on a model that sampled it', async (name) => {
  const data_D = await sampled(() => 1);
  const client = await openClient();
  const loss = policyLoss(name);
  const steps: { loss: number; logprobs: number }[] = [];
  for (let i = 0; i < 3; i++) {
    const submitted = await loss.submit(client, data_D, { max_tokens: MAX_TOKENS });
    await client.optimStep(adam(0.002));
    const { metrics, loss_fn_outputs } = await submitted.result();
    expect(Object.values(metrics).every(Number.isFinite)).toBe(true);
    const logprobs = masked(
      data_D,
      loss_fn_outputs.map(({ logprobs }) => logprobs),
    );
    steps.push({ loss: metrics['loss:sum'], logprobs });
    if (loss.kind === 'custom') expect(metrics['optim/ratio_mean']).toBeGreaterThan(0);
  }
  // The sampler rounds as the scorer does, so the first ratios are 1 but for that.
  const before = masked(
    data_D,
    data_D.map(({ loss_fn_inputs }) => loss_fn_inputs.logprobs),
  );
  expect(steps[0].logprobs).toBeCloseTo(before, 3);
  expect(steps[1].logprobs).toBeGreaterThan(steps[0].logprobs);
  if (!HELD.includes(name)) expect(steps[1].loss).toBeLessThan(steps[0].loss);
  await client.close();
});

it('dr_grpo has its direct value, of the log-probs that it gives back', async () => {
  const data_D = await sampled((d) => d - 1.2);
  const client = await openClient();
  const loss = policyLoss('dr_grpo', { epsilon: 0.1, epsilon_high: 0.15 });
  for (let i = 0; i < 2; i++) {
    const scored = await (await client.forward(data_D.map(unmasked), 'importance_sampling')).result();
    const submitted = await loss.submit(client, data_D, { max_tokens: MAX_TOKENS });
    await client.optimStep(adam(0.01));
    const { metrics, loss_fn_outputs } = await submitted.result();
    const sequences = data_D.map(({ loss_fn_inputs: { mask, logprobs, advantages } }, d) => {
      const trained = (values: ArrayLike<number>) => Array.from(values).filter((_, t) => mask.data[t] !== 0);
      const lp = trained(loss_fn_outputs[d].logprobs.data);
      for (const [t, logprob] of trained(scored.loss_fn_outputs[d].logprobs.data).entries()) {
        expect(lp[t]).toBeCloseTo(logprob, 4);
      }
      return { lp, held: lp, q: trained(logprobs.data), A: trained(advantages.data) };
    });
    const direct = DIRECT.dr_grpo(sequences, { epsilon: 0.1, epsilon_high: 0.15 }, { max_tokens: MAX_TOKENS });
    expect(metrics['loss:sum']).toBeCloseTo(direct, 5);
    if (i > 0) expect(metrics['optim/clip_fraction']).toBeGreaterThan(0);
  }
  await client.close();
});

const unmasked = ({ loss_fn_inputs: { mask: _, ...loss_fn_inputs }, ...datum }: Datum): Datum => ({
  ...datum,
  loss_fn_inputs,
});

it('stable_reinforce takes the step of importance_sampling on samples of the policy itself', async () => {
  const data_D = await sampled((d) => d - 1.2);
  const steps = await Promise.all(
    ['stable_reinforce', 'importance_sampling'].map(async (name) => {
      const client = await openClient();
      await policyLoss(name).submit(client, data_D, { max_tokens: MAX_TOKENS });
      const { metrics } = await (await client.optimStep(adam(0.002))).result();
      const after = await (await client.forward(data_D.map(unmasked), 'importance_sampling')).result();
      await client.close();
      return { metrics, after };
    }),
  );
  expect(steps[0]).toEqual(steps[1]);
});

describe('what a service is given', () => {
  it('is no mask, which it would refuse, and the configuration as it was written', async () => {
    const data_D = await sampled((d) => d - 1.2);
    const client = await openClient();
    const config = { clip_low_threshold: 0.999, clip_high_threshold: 1.001 };
    const values = async (given?: Record<string, number>) => {
      const named = await policyLoss('cispo', given).submit(client, data_D, { max_tokens: MAX_TOKENS });
      const logprobs = data_D.map(({ loss_fn_inputs: { mask } }) => mask.data);
      const direct = await client.forwardBackward(data_D.map(unmasked), 'cispo', given, { logprobs });
      return [await named.result(), await direct.result()];
    };
    for (const given of [undefined, config]) {
      const [named, direct] = await values(given);
      expect(named).toEqual(direct);
    }
    await client.close();
  });

  it('is no advantage outside of the mask, where a discounted penalty may have put one', async () => {
    const data_D = await sampled((d) => d - 1.2);
    const spilled_D = data_D.map(({ model_input, loss_fn_inputs: { advantages, ...inputs } }) => {
      const { data } = advantages ?? floats([]);
      const spilled = floats(Array.from(data, (value, t) => (inputs.mask?.data[t] === 0 ? 0.5 : value)));
      return { model_input, loss_fn_inputs: { ...inputs, advantages: spilled } };
    });
    const client = await openClient();
    const submit = async (given_D: Datum[]) => {
      const output = await policyLoss('importance_sampling').submit(client, given_D, { max_tokens: MAX_TOKENS });
      const update = await client.optimStep(adam(0));
      return [(await output.result()).metrics, (await update.result()).metrics];
    };
    expect(await submit(spilled_D)).toEqual(await submit(data_D));
    await client.close();
  });

  it('is the mask as that of the ratio for gspo, tokens without an advantage included', async () => {
    const data_D = await sampled((d) => d - 1.2);
    for (const { loss_fn_inputs } of data_D)
      loss_fn_inputs.logprobs = floats(Array.from(loss_fn_inputs.mask.data, (m, t) => -m * t));
    const client = await openClient();
    const given = { clip_low_threshold: 0, clip_high_threshold: 1e6 };
    const named = await policyLoss('gspo', given).submit(client, data_D, { max_tokens: MAX_TOKENS });
    const withMask = data_D.map(({ model_input, loss_fn_inputs: { mask, ...inputs } }) => ({
      model_input,
      loss_fn_inputs: { ...inputs, sequence_ratio_mask: mask },
    }));
    const direct = await client.forwardBackward(withMask, 'gspo', given, { logprobs: 'trained' });
    expect(await named.result()).toEqual(await direct.result());
    const without = await (await client.forwardBackward(data_D.map(unmasked), 'gspo', given)).result();
    expect((await named.result()).metrics).not.toEqual(without.metrics);
    await client.close();
  });
});

describe('refuses', () => {
  it('a name that is not known, with the nearest', () => {
    expect(() => policyLoss('dr-grpo')).toThrowErrorMatchingInlineSnapshot(
      `[ConfigurationError: unknown loss "dr-grpo"; did you mean "dr_grpo"?]`,
    );
    expect(() => policyLoss('cross_entropy')).toThrow('unknown loss "cross_entropy"');
    expect(() => policyLoss('constructor')).toThrow('unknown loss "constructor"');
  });

  it.each([
    ['dapo', { epsilon_low: 0.2 }, 'loss dapo has no setting "epsilon_low"; it has epsilon, epsilon_high, delta'],
    ['ppo', { epsilon: 0.2 }, 'loss ppo has no setting "epsilon"; it has clip_low_threshold, clip_high_threshold'],
    ['importance_sampling', { beta: 1 }, 'loss importance_sampling has no setting "beta"'],
    ['dapo', { epsilon: Number.NaN }, 'loss dapo: epsilon must be a finite number ≥ 0, not NaN'],
    ['grpo', { epsilon: -1 }, 'loss grpo: epsilon must be a finite number ≥ 0, not -1'],
    ['sapo', { temperature_pos: 0 }, 'loss sapo: temperature_pos must be a finite number > 0, not 0'],
    ['cispo', { clip_low_threshold: Number.NaN }, 'loss cispo: clip_low_threshold must be a finite number, not NaN'],
    ['masked_importance_sampling', { clip_min: 6 }, 'loss masked_importance_sampling: clip_min 6 is above clip_max 5'],
    [
      'truncated_importance_sampling',
      { sequence_level: 0.5 },
      'loss truncated_importance_sampling: sequence_level must be 0 or 1, not 0.5',
    ],
  ])('settings of %s: %j', (name, config, message) => {
    expect(() => policyLoss(name, config)).toThrow(new ConfigurationError(message));
  });

  it('datums that lack what the loss reads', async () => {
    const [first, second] = await sampled(() => 1);
    const client = await openClient();
    const submit = (inputs: Record<string, TensorData>) =>
      policyLoss('dapo').submit(client, [first, { ...second, loss_fn_inputs: inputs }], { max_tokens: MAX_TOKENS });
    const { advantages, ...rest } = second.loss_fn_inputs;
    await expect(submit(rest)).rejects.toThrow('datum 1: loss_fn_inputs has no "advantages"');
    await expect(submit({ ...rest, advantages: floats([1]) })).rejects.toThrow('datum 1: advantages has 1 values for');
    const bad = floats(Array.from(advantages.data, (A) => A / 0));
    await expect(submit({ ...rest, advantages: bad })).rejects.toThrow('datum 1: advantages[0] is NaN');
    await client.close();
  });
});
