import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CUSTOM_LOSSES } from '../../../src/rl/losses/table.ts';
import type { CustomLoss, LossInputs } from '../../../src/rl/losses/types.ts';
import { lossConfigProblem } from '../../../src/tinker/loss_settings.ts';
import { DIRECT, type Sequence } from './direct.ts';

/** A position as a datum has it. Outside of the mask stands what nobody may read. */
interface Position {
  lp: number;
  q: number;
  A: number;
  trained: boolean;
}

const MAX_TOKENS = 12;
/** Thousandths: doubles at random are nearly all next to 0. */
const number = (min: number, max: number) =>
  fc.integer({ min: 1000 * min, max: 1000 * max }).map((value) => Math.fround(value / 1000));
const advantage = fc.oneof(number(-2, 2), fc.constant(0));

const positionWith = (logprob: fc.Arbitrary<number>) =>
  fc.record({ lp: logprob, q: logprob, A: advantage, trained: fc.boolean() });
const batchOf = (position: fc.Arbitrary<Position>): fc.Arbitrary<Position[][]> =>
  fc.array(fc.array(position, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 4 });

const near = batchOf(positionWith(number(-3, 0)));
/** Ratios up to e^±1000, and such that no float holds. */
const extreme = batchOf(positionWith(fc.oneof(number(-1000, 0), fc.constantFrom(-1e30, -21, -20, -1, 0))));

/** Settings within their ranges, some left out. */
function settingsOf({ name, settings }: CustomLoss): fc.Arbitrary<Record<string, number>> {
  const any = Object.entries(settings).map(([setting, { oneOf }]) =>
    fc
      .option(
        oneOf === undefined
          ? fc.integer({ min: 50, max: 3000 }).map((value) => value / 1000)
          : fc.constantFrom(...oneOf),
      )
      .map((value) => (value === null ? [] : [[setting, value] as const])),
  );
  return fc
    .tuple(...any)
    .map((given) => Object.fromEntries(given.flat()))
    .filter((config) => lossConfigProblem(name, settings, config) === null);
}

function inputsOf(batch: Position[][]): LossInputs {
  const column = (of: (position: Position) => number) => batch.map((sequence) => Float32Array.from(sequence, of));
  return {
    logprobs_D_T: column(({ lp, trained }) => (trained ? lp : Number.NaN)),
    sampled_logprobs_D_T: column(({ q, trained }) => (trained ? q : Number.NaN)),
    advantages_D_T: column(({ A, trained }) => (trained ? A : Number.NaN)),
    mask_D_T: column(({ trained }) => Number(trained)),
    max_tokens: MAX_TOKENS,
  };
}

/** The trained tokens, with one log-prob moved. */
function moved(batch: Position[][], d = -1, t = -1, h = 0): Sequence[] {
  return batch.map((sequence, at) => {
    const tokens = sequence.flatMap((position, i) => (position.trained ? [{ ...position, i }] : []));
    return {
      lp: tokens.map(({ lp, i }) => lp + (at === d && i === t ? h : 0)),
      held: tokens.map(({ lp }) => lp),
      q: tokens.map(({ q }) => q),
      A: tokens.map(({ A }) => A),
    };
  });
}

describe.each(CUSTOM_LOSSES.map((loss) => [loss.name, loss] as const))('%s', (name, loss) => {
  const direct = (sequences: Sequence[], config: Record<string, number>) =>
    DIRECT[name](sequences, config, { max_tokens: MAX_TOKENS });

  it('has the value of its definition', () => {
    fc.assert(
      fc.property(near, settingsOf(loss), (batch, config) => {
        expect(loss.compute(inputsOf(batch), config).loss).toBeCloseTo(direct(moved(batch), config), 9);
      }),
    );
  });

  it('has the slope of its definition at every position, and none outside of the mask', () => {
    fc.assert(
      fc.property(near, settingsOf(loss), (batch, config) => {
        const { grads_D_T } = loss.compute(inputsOf(batch), config);
        for (const [d, sequence] of batch.entries()) {
          for (const t of sequence.keys()) {
            const at = (h: number) => direct(moved(batch, d, t, h), config);
            const [above, below] = [at(1e-5), at(-1e-5)];
            // Where a bound begins the two sides differ; the slope is one of them.
            if (Math.abs(above + below - 2 * at(0)) > 1e-8) continue;
            expect(grads_D_T[d][t]).toBeCloseTo((above - below) / 2e-5, 3);
            if (!sequence[t].trained) expect(grads_D_T[d][t]).toBe(0);
          }
        }
      }),
    );
  });

  it('is finite whatever the ratios, and its metrics with it', () => {
    fc.assert(
      fc.property(extreme, settingsOf(loss), (batch, config) => {
        const { loss: value, grads_D_T, metrics } = loss.compute(inputsOf(batch), config);
        expect(value).toSatisfy(Number.isFinite);
        expect(grads_D_T.flatMap((grads) => [...grads]).every(Number.isFinite)).toBe(true);
        expect(Object.values(metrics).every(Number.isFinite)).toBe(true);
        expect(metrics['optim/clip_fraction'] ?? 0).toBeGreaterThanOrEqual(0);
        expect(metrics['optim/clip_fraction'] ?? 0).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('is 0 without a slope where nothing is trained or no token has an advantage', () => {
    const none = [[{ lp: -1, q: -2, A: 1, trained: false }]];
    const zero = [[{ lp: -1, q: -2, A: 0, trained: true }]];
    for (const batch of [none, zero]) {
      const { loss: value, grads_D_T } = loss.compute(inputsOf(batch));
      expect(value + 0).toBe(0);
      expect(grads_D_T[0][0] + 0).toBe(0);
    }
    expect(loss.compute(inputsOf(none)).metrics).toEqual({});
  });

  it('on-policy, is the policy gradient up to its normalisation', () => {
    const one = { lp: -1.5, q: -1.5, trained: true };
    const batch = [[1, 1].map((A) => ({ ...one, A })), [-2, -2].map((A) => ({ ...one, A }))];
    const { grads_D_T, metrics } = loss.compute(inputsOf(batch));
    const [up, down] = [grads_D_T[0][0], grads_D_T[1][0]];
    expect(up).toBeLessThan(0);
    expect(down / up).toBeCloseTo(-2);
    expect(metrics['optim/ratio_mean']).toBe(1);
    expect(metrics['optim/ratio_max']).toBe(1);
    expect(metrics['optim/clip_fraction'] ?? 0).toBe(0);
  });

  it('submitted in parts of like size, adds up to what it is at once', () => {
    const same: fc.Arbitrary<Position[][]> = fc.array(
      fc.array(
        positionWith(number(-3, 0)).map((position) => ({ ...position, trained: true })),
        { minLength: 3, maxLength: 3 },
      ),
      { minLength: 4, maxLength: 4 },
    );
    fc.assert(
      fc.property(same, (batch) => {
        const whole = loss.compute(inputsOf(batch));
        const parts = [batch.slice(0, 2), batch.slice(2)].map((part) => loss.compute({ ...inputsOf(part), parts: 2 }));
        expect(parts[0].loss + parts[1].loss).toBeCloseTo(whole.loss, 9);
        for (const [d, grads] of parts.flatMap(({ grads_D_T }) => grads_D_T).entries()) {
          for (const [t, grad] of grads.entries()) expect(grad).toBeCloseTo(whole.grads_D_T[d][t], 6);
        }
      }),
    );
  });
});

const ragged = [
  [{ lp: -1, q: -1, A: 1, trained: true }],
  [1, 2, 3].map((t) => ({ lp: -t, q: -t, A: 1, trained: true })),
  [{ lp: -1, q: -1, A: 1, trained: false }],
];
const slopes = (name: string, more: Partial<LossInputs> = {}) => {
  const { grads_D_T } =
    CUSTOM_LOSSES.find((loss) => loss.name === name)?.compute({ ...inputsOf(ragged), ...more }) ?? {};
  return grads_D_T?.slice(0, 2).map((grads) => Math.round(-1 / grads[0]));
};

it('normalises as each loss says: by sequence, by the longest reply, by the tokens', () => {
  expect(slopes('grpo')).toEqual([3, 9]);
  expect(slopes('sapo')).toEqual([3, 9]);
  expect(slopes('gmpo')).toEqual([3, 9]);
  expect(slopes('dr_grpo')).toEqual([36, 36]);
  expect(slopes('dapo')).toEqual([4, 4]);
  expect(slopes('bnpo')).toEqual([4, 4]);
});

it('by the tokens of each part, which counts by its share, where a step is submitted in parts', () => {
  for (const name of ['dapo', 'bnpo', 'truncated_importance_sampling', 'masked_importance_sampling'])
    expect(slopes(name, { parts: 2 })).toEqual([8, 8]);
});

describe('bounds', () => {
  const one = (name: string, ratio: number, A: number, config = {}) => {
    const batch = [[{ lp: -1, q: Math.fround(-1 - Math.log(ratio)), A, trained: true }]];
    const output = CUSTOM_LOSSES.find((loss) => loss.name === name)?.compute(inputsOf(batch), config);
    return [output?.grads_D_T[0][0] ?? Number.NaN, output?.metrics['optim/clip_fraction']];
  };
  const close = (grad: number, clipped?: number) => [expect.closeTo(grad, 4), clipped];

  it('let a token of DAPO rise further than one of GRPO', () => {
    expect(one('dapo', 1.25, 1)).toEqual(close(-1.25, 0));
    expect(one('grpo', 1.25, 1)).toEqual(close(0, 1));
    expect(one('grpo', 1.25, -1)).toEqual(close(1.25, 0));
    expect(one('grpo', 0.7, -1)).toEqual(close(0, 1));
  });

  it('with delta, end what a negative advantage can do', () => {
    expect(one('grpo', 9, -1)).toEqual(close(9, 0));
    expect(one('grpo', 9, -1, { delta: 4 })).toEqual(close(0, 1));
    expect(one('grpo', 3, -1, { delta: 4 })).toEqual(close(3, 0));
  });

  it('of SAPO fade instead, faster for negative advantages', () => {
    const [[up], [down]] = [one('sapo', 3, 1), one('sapo', 3, -1)];
    expect(one('sapo', 3, 1)[1]).toBeUndefined();
    expect(-Number(up)).toBeGreaterThan(Number(down));
    expect(Number(down)).toBeGreaterThan(0);
    expect(-Number(up)).toBeLessThan(3);
  });

  it('of GMPO are in the logarithm', () => {
    expect(one('gmpo', Math.exp(0.3), 1)).toEqual(close(-Math.exp(0.3), 0));
    expect(one('gmpo', Math.exp(0.5), 1)).toEqual(close(0, 1));
    expect(one('gmpo', Math.exp(-0.5), 1)).toEqual(close(-Math.exp(-0.5), 0));
  });

  it('truncate or mask the weight', () => {
    expect(one('truncated_importance_sampling', 9, 1)).toEqual(close(-2, 1));
    expect(one('truncated_importance_sampling', 0.1, 1)).toEqual(close(-0.1, 0));
    expect(one('masked_importance_sampling', 9, 1)).toEqual(close(0, 1));
    expect(one('masked_importance_sampling', 0.1, 1)).toEqual(close(0, 1));
    expect(one('masked_importance_sampling', 4, 1)).toEqual(close(-4, 0));
  });
});
