// Batches of any size and with any mixture of ties: gradients against differences of the loss, for every loss.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chosenLoss, type LossChoice } from '../../../src/preference/losses/preference_loss.ts';
import { PREFERENCE_LOSS_NAMES } from '../../../src/preference/losses/table.ts';
import type { PerPair } from '../../../src/preference/losses/types.ts';
import { orientedLoss, type PairScores } from '../../../src/preference/pair_loss.ts';

interface Given {
  scores: PairScores;
  ties_P: boolean[];
  /** Where the log-probs of the policy move. */
  direction: PerPair;
}

const of = <T>(value: fc.Arbitrary<T>, count: number) => fc.array(value, { minLength: count, maxLength: count });
const perPair = (value: fc.Arbitrary<number>, count: number) =>
  fc.record({ chosen_P: of(value, count), rejected_P: of(value, count) });
const logprobs = fc.double({ min: -40, max: -0.5, noNaN: true });
const batches: fc.Arbitrary<Given> = fc.integer({ min: 1, max: 7 }).chain((count) =>
  fc.record({
    scores: fc.record({
      policy: perPair(logprobs, count),
      reference: perPair(logprobs, count),
      tokens: perPair(fc.integer({ min: 1, max: 30 }), count),
    }),
    ties_P: of(fc.boolean(), count),
    direction: perPair(fc.double({ min: -1, max: 1, noNaN: true }), count),
  }),
);

const choice = (others: Partial<LossChoice>): LossChoice => ({
  loss_weights: { dpo: 1 },
  settings: {},
  length_normalized: false,
  ...others,
});
const CHOICES = [
  ...PREFERENCE_LOSS_NAMES.map((name) => ({ name, chosen: choice({ loss_weights: { [name]: 1 } }) })),
  { name: 'dpo, smoothed', chosen: choice({ settings: { label_smoothing: 0.2 } }) },
  { name: 'dpo, length-normalised', chosen: choice({ length_normalized: true }) },
  { name: 'dpo + bco + sft', chosen: choice({ loss_weights: { dpo: 0.8, bco: 0.2, sft: 1 } }) },
];

const combined = (a: PerPair, b: PerPair, combine: (x: number, y: number) => number): PerPair => ({
  chosen_P: a.chosen_P.map((value, p) => combine(value, b.chosen_P[p])),
  rejected_P: a.rejected_P.map((value, p) => combine(value, b.rejected_P[p])),
});
const total = ({ chosen_P, rejected_P }: PerPair) => [...chosen_P, ...rejected_P].reduce((sum, x) => sum + x, 0);

/** The mean of all log-probs stays, and with it the z of kto, which its gradient holds constant. */
function centred(direction: PerPair): PerPair {
  const mean = total(direction) / (2 * direction.chosen_P.length);
  return combined(direction, direction, (value) => value - mean);
}

/** Whether a pair is about to leave or to enter what hinge leaves alone, where it has no slope. */
function atCorner({ policy, reference }: PairScores): boolean {
  const gained = combined(policy, reference, (own, other) => own - other);
  return gained.chosen_P.some((chosen, p) => Math.abs(1 - Math.abs(0.1 * (chosen - gained.rejected_P[p]))) < 0.01);
}

describe.each(CHOICES)('$name', ({ name, chosen }) => {
  const loss = chosenLoss(chosen);

  it('has the gradient that differences of its values show', () => {
    const h = 1e-4;
    fc.assert(
      fc.property(batches, ({ scores, ties_P, direction: given }) => {
        fc.pre(name !== 'hinge' || !atCorner(scores));
        const direction = name === 'kto' ? centred(given) : given;
        const at = (by: number) => {
          const policy = combined(scores.policy, direction, (value, towards) => value + by * towards);
          return orientedLoss({ ...scores, policy }, ties_P, loss).loss;
        };
        const slope = (at(h) - at(-h)) / (2 * h);
        const { grads } = orientedLoss(scores, ties_P, loss);
        const expected = total(combined(grads, direction, (grad, towards) => grad * towards));
        expect(Math.abs(slope - expected)).toBeLessThan(1e-5 * Math.max(1, Math.abs(slope)));
      }),
    );
  });

  it('does not see which completion of a tie comes first', () => {
    fc.assert(
      fc.property(batches, ({ scores, ties_P }) => {
        const turned = (values: PerPair): PerPair => ({
          chosen_P: values.chosen_P.map((value, p) => (ties_P[p] ? values.rejected_P[p] : value)),
          rejected_P: values.rejected_P.map((value, p) => (ties_P[p] ? values.chosen_P[p] : value)),
        });
        const { policy, reference, tokens } = scores;
        const one = orientedLoss(scores, ties_P, loss);
        const other = orientedLoss(
          { policy: turned(policy), reference: turned(reference), tokens: turned(tokens) },
          ties_P,
          loss,
        );
        expect(other.loss).toBeCloseTo(one.loss, 9);
        const difference = combined(turned(other.grads), one.grads, (a, b) => Math.abs(a - b));
        expect(Math.max(...difference.chosen_P, ...difference.rejected_P)).toBeLessThan(1e-9);
      }),
    );
  });
});
