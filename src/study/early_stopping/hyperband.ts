// The rule `hyperband`: brackets of successive halving side by side, each with another first rung, for those who do not know how early a
// trial shows what it is worth. Li et al., "Hyperband" (2018); which trial is in which bracket follows Optuna's HyperbandPruner.

import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../../registry/builder.ts';
import { semantic } from '../../registry/fields.ts';
import { ConfigurationError } from '../../util/errors.ts';
import { cyclicOrder } from '../../util/permutation.ts';
import { type EarlyStopping, earlyStoppingSlot, type Rung } from '../types.ts';
import { halvingFields } from './asha.ts';
import { promotion, rungSteps } from './halving.ts';

export const hyperband = defineBuilder({
  slot: earlyStoppingSlot,
  name: 'hyperband',
  version: 1,
  doc: 'Several brackets of asha side by side, which begin to give up at min_steps, at three times as many, and so on; in the last one nobody is given up.',
  params: Type.Object({
    ...halvingFields,
    max_steps: semantic(
      Type.Integer({
        minimum: 1,
        description: 'Steps of a whole trial: there is a bracket for each rung below it, and one without any.',
      }),
    ),
  }),
  build({ min_steps, max_steps, reduction_factor }): EarlyStopping {
    if (max_steps < min_steps) {
      throw new ConfigurationError(`hyperband: max_steps ${max_steps} is less than min_steps ${min_steps}`, {
        hint: 'max_steps are the steps of a whole run.',
      });
    }
    const budgets = bracketBudgets(min_steps, max_steps, reduction_factor);
    const bracketOf = bracketsBy(budgets);
    return {
      kind: 'rungs',
      rungs: (trial, total_steps) =>
        rungSteps(min_steps * reduction_factor ** bracketOf(trial), reduction_factor, total_steps),
      promote(reached, waiting, isSettled = false) {
        const of = (rungs: readonly Rung[], bracket: number) =>
          rungs.filter(({ trial }) => bracketOf(trial) === bracket);
        const promotions = budgets.flatMap((_, bracket) => {
          const promoted = promotion(of(reached, bracket), of(waiting, bracket), { reduction_factor, isSettled });
          return promoted === null ? [] : { trial: promoted.trial, height: bracket + promoted.rung };
        });
        const [next] = promotions.sort((a, b) => b.height - a.height);
        return next?.trial ?? null;
      },
    };
  },
});

/** How many trials of a round each bracket gets; the first bracket has the first rung at `min_steps`. */
export function bracketBudgets(min_steps: number, max_steps: number, reduction_factor: number): number[] {
  let count = 1;
  for (let steps = min_steps * reduction_factor; steps <= max_steps; steps *= reduction_factor) count += 1;
  return Array.from({ length: count }, (_, bracket) => {
    const halvings = count - 1 - bracket;
    return Math.ceil((count * reduction_factor ** halvings) / (halvings + 1));
  });
}

/**
 * The bracket of a trial by its number: exactly in the proportions of the budgets within each round, and in an order of its own within it, so
 * that no bracket gets the same value of an axis again and again.
 */
export function bracketsBy(budgets: readonly number[]): (trial: number) => number {
  const round = budgets.flatMap((budget, bracket) => Array.from({ length: budget }, () => bracket));
  const order = cyclicOrder(round.length, [round.length]);
  // A rule asks about all trials again and again, and the order of a round takes a shuffle.
  const brackets: number[] = [];
  return (trial) => {
    for (let next = brackets.length; next <= trial; next++) brackets.push(round[order(next)] ?? 0);
    return brackets[trial] ?? 0;
  };
}
