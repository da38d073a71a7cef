// Rules against what the pruners of Optuna decided on the same curves (optuna_decisions.py).

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Curve } from '../../../src/study/types.ts';
import { curveRule, Rungs, rungsRule } from './rules.ts';

type Values = [step: number, value: number | null][];

interface Recorded {
  percentile: {
    options: Record<string, number>;
    direction: 'minimize' | 'maximize';
    finished: Values[];
    curve: Values;
    decisions: boolean[];
  }[];
  successive_halving: { reduction_factor: number; trials: { values: number[]; pruned: boolean[] }[] }[];
}

const recorded: Recorded = JSON.parse(readFileSync(join(import.meta.dirname, 'optuna_decisions.json'), 'utf8'));

it('percentile and median give up at the steps at which the pruners of Optuna do', async () => {
  let givenUp = 0;
  for (const [number, { options, direction, ...recordedCurves }] of recorded.percentile.entries()) {
    const sign = direction === 'minimize' ? 1 : -1;
    const curveOf = (trial: number, values: Values, isOver: boolean): Curve => ({
      trial,
      isOver,
      values: values.map(([step, value]) => ({ step, value: value === null ? Number.NaN : sign * value })),
    });
    const { percentile, ...rest } = options;
    const rule = await curveRule(
      percentile === 50 ? { builder: 'median', ...rest } : { builder: 'percentile', ...options },
    );
    const others = recordedCurves.finished.map((values, trial) => curveOf(trial, values, true));
    const { values } = curveOf(others.length, recordedCurves.curve, false);
    const decisions = values.map((_, index) => {
      const curve = { trial: others.length, isOver: false, values: values.slice(0, index + 1) };
      return rule.givesUp(curve, others, direction) !== null;
    });
    expect(decisions, `case ${number}`).toEqual(recordedCurves.decisions);
    if (decisions.includes(true)) givenUp += 1;
  }
  expect(givenUp).toBeGreaterThan(20);
  expect(givenUp).toBeLessThan(recorded.percentile.length);
});

it('asha promotes who Optuna lets go on, from as many trials at a rung on as its factor', async () => {
  for (const { reduction_factor, trials } of recorded.successive_halving) {
    const rule = await rungsRule({ builder: 'asha', min_steps: 2, reduction_factor });
    const rungs = new Rungs();
    for (const [trial, { values, pruned }] of trials.entries()) {
      for (const [rung, isPruned] of pruned.entries()) {
        rungs.reach(trial, rung, values[rung] ?? Number.NaN);
        // Optuna decides on a trial when it reaches a rung, and never again.
        const alone = rungs.reached.filter((reached) => reached.trial === trial && reached.rung === rung);
        const goesOn = rule.promote(rungs.reached, alone) === trial;
        const count = rungs.at(rung).length;
        // Of the first ones at a rung Optuna lets the best go on; we wait for the others.
        expect(goesOn, `factor ${reduction_factor}, trial ${trial}, rung ${rung}`).toBe(
          count < reduction_factor ? false : !isPruned,
        );
      }
    }
  }
});
