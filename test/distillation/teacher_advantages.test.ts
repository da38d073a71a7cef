// What a teacher adds to the advantages of tokens: by hand, against the reference's numbers, over turns, and over groups that are gone.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compositeDatasets } from '../../src/distillation/composite_dataset.ts';
import { teacherAdvantages } from '../../src/distillation/teacher_advantages.ts';
import { discountedFutureSum } from '../../src/rl/advantages.ts';
import { assembleTrainingData, type RLDatum } from '../../src/rl/datums.ts';
import { incorporateKlPenalty } from '../../src/rl/kl_penalty.ts';
import { meansOf } from '../../src/rl/means.ts';
import type { EnvGroupBuilder, RLDataset, RolledOutGroup } from '../../src/rl/types.ts';
import type { SamplingClient } from '../../src/tinker/clients.ts';
import { type ModelInput, tokensOf } from '../../src/tinker/types.ts';
import { rolledOut, trajectory } from '../rl/support/groups.ts';

const signal = new AbortController().signal;

/** A teacher with one opinion of every token, or with one that follows from the token. */
function teacher(opinion: number | ((token: number) => number), description = 'teacher') {
  const logprob = typeof opinion === 'number' ? () => opinion : opinion;
  const refuse = () => Promise.reject(new Error('a teacher scores, and nothing else'));
  const client: SamplingClient = {
    sample: refuse,
    computeLogprobs: async (input: ModelInput) => [null, ...tokensOf(input).slice(1).map(logprob)],
    getInfo: refuse,
    close: async () => undefined,
  };
  return { client, description };
}

const advantagesOf = (data_D: readonly RLDatum[]) =>
  data_D.map(({ loss_fn_inputs }) => [...loss_fn_inputs.advantages.data].map((value) => Number(value.toFixed(5)) + 0));

function taught(groups_P: readonly RolledOutGroup[], ...args: Parameters<typeof teacherAdvantages>) {
  const { data_D, origins_D } = assembleTrainingData(
    groups_P.map(({ group }) => group),
    groups_P.map(({ group }) => group.trajectories_G.map(() => 0)),
  );
  return teacherAdvantages(...args).add(
    data_D,
    origins_D.map(({ group_idx }) => groups_P[group_idx]),
    signal,
  );
}

describe('a token counts by how much likelier it is to the teacher', () => {
  const group = () => rolledOut(0, [trajectory([{ ob: 'ab', ac: 'cde', reward: 0, logprobs: [-1, -2, -3] }])]);

  it('times the coefficient, uncentered, and nothing on the prompt', async () => {
    const { data_D, means } = await taught([group()], [{ teacher: teacher(-2.5), name: null }], {
      coef: 2,
      discount: 0,
    });
    expect(advantagesOf(data_D)).toEqual([[0, -3, -1, 1]]);
    expect(meansOf([means])).toEqual({ teacher_kl: 0.5, 'teacher_kl/dataset_0': 0.5 });
  });

  it('and for what follows it, discounted', async () => {
    const { data_D } = await taught([group()], [{ teacher: teacher(-2.5), name: null }], { coef: 2, discount: 0.5 });
    // 1; −1 + 0.5 · 1; −3 + 0.5 · −0.5
    expect(advantagesOf(data_D)[0].slice(1)).toEqual([-3.25, -0.5, 1]);
  });

  it('reports of a step in parts what it would of the whole', async () => {
    const datasets = [{ teacher: teacher(-2.5), name: 'sums' }];
    const more = rolledOut(1, [trajectory([{ ob: 'a', ac: 'b', reward: 0, logprobs: [-1] }])]);
    const options = { coef: 1, discount: 0 };
    const whole = await taught([group(), more], datasets, options);
    const parts = [await taught([group()], datasets, options), await taught([more], datasets, options)];
    expect(meansOf(parts.map(({ means }) => means))).toEqual(meansOf([whole.means]));
    expect(meansOf([whole.means])).toEqual({
      teacher_kl: 0.75,
      'teacher_kl/dataset_0': 0.75,
      'teacher_kl/sums': 0.75,
    });
  });

  it('refuses a teacher that gives no number', async () => {
    const broken = [{ teacher: teacher(Number.NaN, 'broken'), name: null }];
    await expect(taught([group()], broken, { coef: 1, discount: 0 })).rejects.toThrow(
      'the teacher broken gave a token the log-prob NaN',
    );
  });
});

describe('over turns', () => {
  it('only what the student said counts, whatever the teacher thinks of the rest', async () => {
    const turns = [
      { ob: 'ab', ac: 'cd', reward: 0, logprobs: [-1, -1] },
      { ob: 'abcdxyz', ac: 'e', reward: 1, logprobs: [-1] },
    ];
    const { data_D, means } = await taught(
      [rolledOut(0, [trajectory(turns)])],
      [{ teacher: teacher(-9), name: null }],
      {
        coef: 1,
        discount: 0,
      },
    );
    expect(advantagesOf(data_D)).toEqual([[0, -8, -8, 0, 0, 0, -8]]);
    expect(meansOf([means]).teacher_kl).toBe(8);
  });
});

describe('several teachers', () => {
  const envs = (name: string, groups: number, batches = 1): RLDataset => ({
    length: batches,
    getBatch: (index) =>
      Array.from(
        { length: groups },
        (): EnvGroupBuilder => ({ makeEnvs: async () => [], loggingTags: () => [name, `${index}`] }),
      ),
  });

  it('judge the groups of their own dataset, also where some of a batch are gone', async () => {
    const { train } = compositeDatasets(
      [
        { name: 'a', train: envs('a', 2), test: null },
        { name: 'b', train: envs('b', 2), test: null },
      ],
      () => undefined,
    );
    const groups_P = train.getBatch(0).map(({ source }, p) => ({
      ...rolledOut(p, [trajectory([{ ob: 'a', ac: 'b', reward: 0, logprobs: [-1] }])]),
      source,
    }));
    // The second of the first dataset came to nothing.
    const [first, , third, fourth] = groups_P;
    const { data_D, means } = await taught(
      [first, third, fourth],
      [
        { teacher: teacher(-2), name: 'a' },
        { teacher: teacher(-4), name: null },
      ],
      { coef: 1, discount: 0 },
    );
    expect(advantagesOf(data_D)).toEqual([[-1], [-3], [-3]]);
    expect(meansOf([means])).toEqual({
      teacher_kl: 7 / 3,
      'teacher_kl/dataset_0': 1,
      'teacher_kl/a': 1,
      'teacher_kl/dataset_1': 3,
    });
  });

  it('share batches: a pass is as long as the shortest dataset, which is told', () => {
    const warnings: string[] = [];
    const { train, test } = compositeDatasets(
      [
        { name: 'a', train: envs('a', 2, 5), test: envs('held', 3) },
        { name: 'b', train: envs('b', 1, 3), test: null },
      ],
      (message) => warnings.push(message),
    );
    expect(train.length).toBe(3);
    expect(train.getBatch(2).map(({ source, loggingTags }) => [source, loggingTags?.()])).toEqual([
      [0, ['a', '2']],
      [0, ['a', '2']],
      [1, ['b', '2']],
    ]);
    expect(test?.getBatch(0).map(({ loggingTags }) => loggingTags?.())).toEqual(new Array(3).fill(['held', '0', 'a']));
    expect(warnings).toEqual(['batches in a pass: 3, as many as b has; of the 5 of a the others are left out']);
  });
});

interface Case {
  fn: string;
  input: {
    data: { tokens: number[]; logprobs: number[]; advantages: number[]; mask: number[] }[];
    base_logprobs: (number | null)[][];
    coef: number;
    discount: number;
  };
  output: { advantages: number[][] };
}

describe('the reference', () => {
  const file = join(import.meta.dirname, '../rl/golden/algorithms.json');
  const { cases }: { cases: Case[] } = JSON.parse(readFileSync(file, 'utf8'));
  const penalties = cases.filter(({ fn }) => fn === 'incorporate_kl_penalty');

  it.each(penalties)(
    'gives the same, less the mean that it adds for RL',
    ({ input: { data, base_logprobs, coef, discount }, output }) => {
      const tensor = (values: number[]) => ({
        data: Float32Array.from(values),
        dtype: 'float32' as const,
        shape: [values.length],
      });
      const data_D = data.map(
        ({ tokens, logprobs, advantages, mask }): RLDatum => ({
          model_input: { chunks: [{ type: 'encoded_text', tokens: tokens.slice(0, -1) }] },
          loss_fn_inputs: {
            target_tokens: { data: tokens.slice(1), dtype: 'int64', shape: [tokens.length - 1] },
            logprobs: tensor(logprobs),
            advantages: tensor(advantages),
            mask: tensor(mask),
          },
        }),
      );
      const base_D_T = base_logprobs.map((logprobs) => logprobs.slice(1).map(Number));
      const { data_D: taught_D, kl_D } = incorporateKlPenalty(data_D, base_D_T, { coef, discount, baseline: 'zero' });
      const mean = meansOf([{ kl: kl_D }]).kl;
      for (const [d, { loss_fn_inputs }] of taught_D.entries()) {
        const centered_T = data[d].mask.map((weight) => coef * weight * Number(mean));
        const added_T = discount > 0 ? discountedFutureSum(centered_T, discount) : centered_T;
        for (const [t, advantage] of loss_fn_inputs.advantages.data.entries())
          expect(advantage + added_T[t]).toBeCloseTo(output.advantages[d][t], 5);
      }
    },
  );
});
