// Every preference loss against TRL's own trainers, in value and in gradient by the log-prob of every token.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { chosenLoss, type LossChoice } from '../../../src/preference/losses/preference_loss.ts';
import { PREFERENCE_LOSS_NAMES } from '../../../src/preference/losses/table.ts';
import { orientedLoss, perPair, scoresOf, tokenGrads } from '../../../src/preference/pair_loss.ts';
import { preferenceMetrics } from '../../../src/preference/pair_metrics.ts';
import { type Datum, modelInputFromTokens } from '../../../src/tinker/types.ts';

/** Log-probs of P chosen completions and then of P rejected ones, as TRL has them: [2P][T]. */
interface Batch {
  policy: number[][];
  reference: number[][];
}
interface Outcome {
  loss: number;
  /** dLoss / d log-prob, in the order of the batch. */
  grads: number[][];
  /** Of the trainer of DPO. */
  metrics?: Record<string, number>;
}
interface Case {
  trl: string;
  ours: LossChoice;
  of_batches: Outcome[];
}

/** Written by trl/record.py. */
const { batches, cases }: { batches: Batch[]; cases: Case[] } = JSON.parse(
  readFileSync(new URL('trl/losses.json', import.meta.url), 'utf8'),
);

const TOLERANCE = 1e-5;
const PROMPT = 3;

/** Chosen and rejected by turns, as a batch has them here. */
const turns = <T>(rows: readonly T[]): T[] =>
  rows.slice(0, rows.length / 2).flatMap((chosen, p) => [chosen, rows[rows.length / 2 + p]]);

/** A completion behind a prompt whose tokens do not count. */
function datumOf(completion: readonly number[]): Datum {
  const length = PROMPT + completion.length;
  const weights = Array.from({ length }, (_, t) => (t < PROMPT ? 0 : 1));
  const tokens = weights.map(() => 5);
  return {
    model_input: modelInputFromTokens(tokens),
    loss_fn_inputs: {
      target_tokens: { data: tokens, dtype: 'int64', shape: [length] },
      weights: { data: weights, dtype: 'float32', shape: [length] },
    },
  };
}

function computed({ policy, reference }: Batch, choice: LossChoice) {
  const chosen_P = policy.slice(0, policy.length / 2).map(datumOf);
  const rejected_P = policy.slice(policy.length / 2).map(datumOf);
  const pairs_P = chosen_P.map((chosen, p) => ({ chosen, rejected: rejected_P[p], tie: false }));
  const behindPrompt = turns(policy).map((row) => [...Array<number>(PROMPT).fill(Number.NaN), ...row]);
  const sums = turns(reference).map((row) => row.reduce((sum, value) => sum + value, 0));
  const scores = scoresOf(pairs_P, behindPrompt, perPair(pairs_P, sums));
  const ties_P = scores.policy.chosen_P.map(() => false);
  const loss = chosenLoss(choice);
  const { loss: value, grads } = orientedLoss(scores, ties_P, loss);
  return {
    value,
    grads: tokenGrads(pairs_P, grads).map((row) => [...row]),
    metrics: preferenceMetrics(scores, ties_P, loss),
  };
}

function expectClose(ours: readonly number[], theirs: readonly number[]): void {
  expect(ours).toHaveLength(theirs.length);
  for (const [i, value] of ours.entries()) expect(Math.abs(value - theirs[i])).toBeLessThan(TOLERANCE);
}

describe.each(cases)('$trl', ({ ours, of_batches }) => {
  it.each(batches.map((batch, i) => ({ batch, theirs: of_batches[i], pairs: batch.policy.length / 2 })))(
    'of $pairs pairs',
    ({ batch, theirs }) => {
      const { value, grads } = computed(batch, ours);
      expectClose([value], [theirs.loss]);
      const expected = turns(theirs.grads);
      for (const [d, row] of grads.entries()) {
        expect(row.slice(0, PROMPT).every((grad) => grad === 0)).toBe(true);
        expectClose(row.slice(PROMPT), expected[d]);
      }
      // A gradient that is nothing but zeros would agree with anything that is small.
      if (!Object.hasOwn(ours.loss_weights, 'hinge'))
        expect(Math.max(...grads.flat().map(Math.abs))).toBeGreaterThan(1e-3);
    },
  );
});

it('metrics are those of the trainer of DPO', () => {
  const { ours, of_batches } = cases[0];
  for (const [i, { metrics: theirs = {} }] of of_batches.entries()) {
    const { metrics } = computed(batches[i], ours);
    expectClose(
      [metrics.accuracy, metrics.margin, metrics.chosen_reward, metrics.rejected_reward].map(Number),
      ['accuracies', 'margins', 'chosen', 'rejected'].map((name) => theirs[`rewards/${name}`]),
    );
  }
});

it('no loss is left out', () => {
  const compared = new Set(cases.flatMap(({ ours }) => Object.keys(ours.loss_weights)));
  expect([...compared].sort()).toEqual([...PREFERENCE_LOSS_NAMES].sort());
});
