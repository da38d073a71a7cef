// Preference losses: gradients against differences of the loss, values against known ones, and what a spec may ask for.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chosenLoss, type LossChoice } from '../../../src/preference/losses/preference_loss.ts';
import { PREFERENCE_LOSS_NAMES } from '../../../src/preference/losses/table.ts';
import type { PairInputs, PerPair } from '../../../src/preference/losses/types.ts';
import { orientedLoss } from '../../../src/preference/pair_loss.ts';
import { preferenceMetrics } from '../../../src/preference/pair_metrics.ts';

const choice = (loss_fn: string, settings = {}, others: Partial<LossChoice> = {}): LossChoice => ({
  loss_weights: { [loss_fn]: 1 },
  settings,
  length_normalized: false,
  ...others,
});

const logprob = fc.double({ min: -40, max: -0.5, noNaN: true });
const pairs = (count: number) => fc.array(logprob, { minLength: count, maxLength: count });
const perPair = (count: number) => fc.record({ chosen_P: pairs(count), rejected_P: pairs(count) });
const inputs: fc.Arbitrary<PairInputs> = fc.integer({ min: 1, max: 4 }).chain((count) =>
  fc.record({
    policy: perPair(count),
    reference: perPair(count),
    tokens: fc.record({
      chosen_P: fc.array(fc.integer({ min: 1, max: 30 }), { minLength: count, maxLength: count }),
      rejected_P: fc.array(fc.integer({ min: 1, max: 30 }), { minLength: count, maxLength: count }),
    }),
    weights_P: fc.array(fc.constantFrom(0.5, 1), { minLength: count, maxLength: count }),
  }),
);

/** The slope of the loss by one log-prob of the policy, from two losses; what a loss holds constant is computed once. */
function slopeOf(loss_fn: string, settings: object, given: PairInputs, side: keyof PerPair, p: number): number {
  const h = 1e-4;
  const at = (by: number) => {
    const moved = given.policy[side].map((value, i) => (i === p ? value + by : value));
    return chosenLoss(choice(loss_fn, { ...settings })).compute({
      ...given,
      policy: { ...given.policy, [side]: moved },
    }).loss;
  };
  return (at(h) - at(-h)) / (2 * h);
}

/** kto holds a threshold constant that moves with the log-probs, and hinge has a corner. */
const SMOOTH = PREFERENCE_LOSS_NAMES.filter((name) => !['kto', 'hinge'].includes(name));

describe.each(SMOOTH)('%s', (name) => {
  it('has the gradient that differences of its values show', () => {
    fc.assert(
      fc.property(inputs, (given) => {
        const { grads } = chosenLoss(choice(name)).compute(given);
        for (const side of ['chosen_P', 'rejected_P'] as const) {
          for (const [p, grad] of grads[side].entries()) {
            const slope = slopeOf(name, {}, given, side, p);
            expect(Math.abs(grad - slope)).toBeLessThan(1e-4 * Math.max(1, Math.abs(slope)));
          }
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('dpo', () => {
  // Two cases of the reference's compute_dpo_loss.
  it.each([
    {
      policy: { chosen_P: [-20.532, -22.866], rejected_P: [-15.636, -34.053] },
      reference: { chosen_P: [-20.6, -17.421], rejected_P: [-18.65, -9.075] },
      beta: 0.1,
      loss: 0.491934,
      metrics: { accuracy: 0.5, margin: 0.82935, chosen_reward: -0.26885, rejected_reward: -1.0982 },
    },
    {
      policy: {
        chosen_P: [-7.138, -17.648, -20.621, -28.504, -19.657],
        rejected_P: [-21.842, -7.929, -9.153, -14.85, -7.734],
      },
      reference: {
        chosen_P: [-22.106, -33.981, -13.474, -27.269, -15.318],
        rejected_P: [-22.321, -17.017, -6.403, -33.211, -21.25],
      },
      beta: 2,
      loss: 16.739231,
      metrics: { accuracy: 0.4, margin: -8.0456, chosen_reward: 7.431999, rejected_reward: 15.4776 },
    },
  ])('is that of the Python cookbook', ({ policy, reference, beta, loss, metrics }) => {
    const ones = policy.chosen_P.map(() => 1);
    const tokens = { chosen_P: ones, rejected_P: ones };
    const ties_P = ones.map(() => false);
    const given = { policy, reference, tokens };
    const dpo = chosenLoss(choice('dpo', { beta }));
    expect(orientedLoss(given, ties_P, dpo).loss).toBeCloseTo(loss, 5);
    const measured = preferenceMetrics(given, ties_P, dpo);
    for (const [name, value] of Object.entries(metrics)) expect(measured[name]).toBeCloseTo(value, 5);
  });

  it('pulls the completions of a tie towards the same gain, and tells nothing of them', () => {
    const given = {
      policy: { chosen_P: [-3], rejected_P: [-5] },
      reference: { chosen_P: [-4], rejected_P: [-4] },
      tokens: { chosen_P: [2], rejected_P: [2] },
    };
    const dpo = chosenLoss(choice('dpo', { beta: 1 }));
    const { grads } = orientedLoss(given, [true], dpo);
    expect(grads.chosen_P[0]).toBeGreaterThan(0);
    expect(grads.rejected_P[0]).toBeCloseTo(-grads.chosen_P[0], 12);
    expect(preferenceMetrics(given, [true], dpo)).toEqual({});
  });

  it('of the same mean log-probs is the same for any length, where lengths are normalised', () => {
    const of = (length: number) =>
      chosenLoss(choice('dpo', {}, { length_normalized: true })).compute({
        policy: { chosen_P: [-length], rejected_P: [-2 * length] },
        reference: { chosen_P: [-1.5 * length], rejected_P: [-1.5 * length] },
        tokens: { chosen_P: [length], rejected_P: [length] },
        weights_P: [1],
      });
    expect(of(20).loss).toBeCloseTo(of(5).loss, 12);
    expect(of(20).grads.chosen_P[0]).toBeCloseTo(of(5).grads.chosen_P[0] / 4, 12);
  });
});

describe('a mixture', () => {
  it('is the sum of its losses by their weights, each with the settings that it has', () => {
    fc.assert(
      fc.property(inputs, (given) => {
        const mixture = { loss_weights: { dpo: 0.7, sft: 0.2 }, settings: { beta: 0.3 }, length_normalized: false };
        const both = chosenLoss(mixture).compute(given);
        const dpo = chosenLoss(choice('dpo', { beta: 0.3 })).compute(given);
        const sft = chosenLoss(choice('sft')).compute(given);
        expect(both.loss).toBeCloseTo(0.7 * dpo.loss + 0.2 * sft.loss, 9);
        for (const [p, grad] of both.grads.chosen_P.entries()) {
          expect(grad).toBeCloseTo(0.7 * dpo.grads.chosen_P[p] + 0.2 * sft.grads.chosen_P[p], 9);
        }
      }),
    );
  });
});

it.each([
  [choice('robst'), 'unknown loss "robst"'],
  [choice('dpo', { gamma: 1 }), 'loss dpo has no setting "gamma"; it has beta, label_smoothing'],
  [
    choice('robust', { label_smoothing: 0.5 }),
    'loss robust: label_smoothing must be a finite number ≥ 0 and < 0.5, not 0.5',
  ],
  [choice('cpo', {}, { length_normalized: true }), 'length_normalized: cpo counts tokens by itself'],
  [
    { loss_weights: { dpo: 1, sft: 1 }, settings: { gamma: 2 }, length_normalized: false },
    'loss dpo + sft has no setting "gamma"; it has beta, label_smoothing',
  ],
])('%j is refused', (given, message) => {
  expect(() => chosenLoss(given)).toThrow(message);
});
