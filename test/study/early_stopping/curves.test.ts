import fc from 'fast-check';
import { expect, it } from 'vitest';
import { percentileOf } from '../../../src/study/early_stopping/percentile.ts';
import { curve, curveRule, finished } from './rules.ts';

const value = fc.oneof(
  { weight: 8, arbitrary: fc.double({ min: -10, max: 10, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY) },
);
const values = fc.array(value, { minLength: 1, maxLength: 12 });

it('a rule that compares never gives up the only trial, nor one beside others that still train or were given up', async () => {
  const median = await curveRule({ builder: 'median', n_startup_trials: 0 });
  const percentile = await curveRule({ builder: 'percentile', percentile: 0, n_startup_trials: 0 });
  fc.assert(
    fc.property(values, fc.array(values, { maxLength: 5 }), (mine, theirs) => {
      const others = theirs.map((other, index) => curve(index + 1, other));
      for (const rule of [median, percentile]) {
        expect(rule.givesUp(curve(0, mine), [])).toBeNull();
        expect(rule.givesUp(curve(0, mine), others)).toBeNull();
        expect(rule.givesUp(curve(0, mine), [finished(0, mine)])).toBeNull();
      }
    }),
  );
});

it('the best of all so far is never given up by a comparison, and the order of the others does not matter', async () => {
  const rule = await curveRule({ builder: 'percentile', percentile: 10, n_startup_trials: 0 });
  fc.assert(
    fc.property(values, fc.array(values, { minLength: 1, maxLength: 8 }), (mine, theirs) => {
      const others = theirs.map((other, index) => finished(index + 1, other));
      expect(rule.givesUp(curve(0, mine), [...others].reverse())).toBe(rule.givesUp(curve(0, mine), others));
      const best = [...mine.slice(1), -100];
      expect(rule.givesUp(curve(0, best), others)).toBeNull();
    }),
  );
});

it('median says which value is worse than which', async () => {
  const rule = await curveRule({ builder: 'median', n_startup_trials: 3 });
  const others = [1, 1.87, 3].map((loss, index) => finished(index + 1, [9, loss]));
  expect(rule.givesUp(curve(0, [9, 2.41]), others)).toBe(
    'median: 2.41 at step 2 is worse than 1.87, the median of 3 trials',
  );
  // The best value counts, not the last one.
  expect(rule.givesUp(curve(0, [1.5, 2.41]), others)).toBeNull();
  expect(rule.givesUp(curve(0, [2.41, 8]), others)).toBe(
    'median: 2.41 at step 1, the best up to step 2, is worse than 1.87, the median of 3 trials',
  );
  // The base model is the same for all.
  expect(rule.givesUp(curve(0, [9]), others)).toBeNull();
  expect(rule.givesUp(curve(0, [9, 2.41]), others.slice(1))).toBeNull();
});

it('reasons tell a metric that is maximized as people know it', async () => {
  const rule = await curveRule({ builder: 'percentile', percentile: 25, n_startup_trials: 1 });
  const others = [-0.5, -0.75, -0.9].map((loss, index) => finished(index + 1, [loss]));
  expect(rule.givesUp(curve(0, [-0.6]), others, 'maximize')).toBe(
    'percentile: 0.6 at step 1 is worse than 0.825, which the best 25 % of 3 trials reach',
  );
});

it('two figures that differ look different', async () => {
  const rule = await curveRule({ builder: 'median', n_startup_trials: 1 });
  expect(rule.givesUp(curve(0, [1.234_567_9]), [finished(1, [1.234_567_8])])).toBe(
    'median: 1.2345679 at step 1 is worse than 1.2345678, the median of 1 trial',
  );
});

it('what is not finite is worse than everything', async () => {
  const rule = await curveRule({ builder: 'median', n_startup_trials: 1 });
  for (const worst of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    expect(rule.givesUp(curve(0, [worst]), [finished(1, [1e300])])).toBe(
      'median: none of its values up to step 1 is finite',
    );
    expect(rule.givesUp(curve(0, [1e300]), [finished(1, [worst])])).toBeNull();
  }
});

it('a trial is looked at once an interval, at the first value that there is', async () => {
  const rule = await curveRule({
    builder: 'median',
    n_startup_trials: 1,
    n_warmup_steps: 4,
    interval_steps: 10,
  });
  const steps = [0, 3, 6, 9, 12, 15, 18];
  const other = { trial: 1, isOver: true, values: steps.map((step) => ({ step, value: 1 })) };
  const looked = steps.filter((_, index) => {
    const values = steps.slice(0, index + 1).map((step) => ({ step, value: 2 }));
    return rule.givesUp({ trial: 0, isOver: false, values }, [other]) !== null;
  });
  expect(looked).toEqual([6, 15]);
});

it('percentiles lie between two values in proportion', () => {
  expect(percentileOf([4, 1, 3, 2], 50)).toBe(2.5);
  expect(percentileOf([4, 1, 3, 2], 0)).toBe(1);
  expect(percentileOf([4, 1, 3, 2], 100)).toBe(4);
  expect(percentileOf([7], 25)).toBe(7);
  expect(percentileOf([1, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY], 100)).toBe(Number.POSITIVE_INFINITY);
  expect(percentileOf([1, 2, Number.POSITIVE_INFINITY], 60)).toBe(Number.POSITIVE_INFINITY);
});

it('patience counts values without an improvement', async () => {
  const rule = await curveRule({ builder: 'patience', patience: 2 });
  expect(rule.givesUp(curve(0, [3, 2, 2]), [])).toBeNull();
  expect(rule.givesUp(curve(0, [3, 2, 2, 2.5]), [])).toBe(
    'patience: none of 2 values up to step 4 is better than 2 at step 2',
  );
  expect(rule.givesUp(curve(0, [3, 2, 2, 1.9]), [])).toBeNull();
  expect(rule.givesUp(curve(0, [Number.NaN, Number.POSITIVE_INFINITY]), [])).toBe(
    'patience: none of 2 values up to step 2 is finite',
  );
  expect(rule.givesUp(curve(0, [3, Number.NEGATIVE_INFINITY, Number.NaN]), [])).toBe(
    'patience: none of 2 values up to step 3 is better than 3 at step 1',
  );
});

it('an improvement of patience is one by more than min_delta', async () => {
  const rule = await curveRule({ builder: 'patience', patience: 1, min_delta: 0.5 });
  expect(rule.givesUp(curve(0, [-0.1, -0.7]), [], 'maximize')).toBeNull();
  expect(rule.givesUp(curve(0, [-0.1, -0.6]), [], 'maximize')).toBe(
    'patience: the value up to step 2 is not better by more than 0.5 than 0.1 at step 1',
  );
});

it('threshold has its bounds in the sign of the metric', async () => {
  const rule = await curveRule({ builder: 'threshold', lower: 0.2, upper: 0.9 });
  expect(rule.givesUp(curve(0, [-0.3]), [], 'maximize')).toBeNull();
  expect(rule.givesUp(curve(0, [-0.1]), [], 'maximize')).toBe('threshold: 0.1 at step 1 is below 0.2');
  expect(rule.givesUp(curve(0, [0.3, 0.900_001]), [])).toBe('threshold: 0.900001 at step 2 is above 0.9');
  expect(rule.givesUp(curve(0, [0.9]), [])).toBeNull();
  expect(rule.givesUp(curve(0, [Number.NaN]), [])).toBe('threshold: the value at step 1 is not finite');
});

it('threshold without bounds gives up what is not finite, from its first step on', async () => {
  const rule = await curveRule({ builder: 'threshold', n_warmup_steps: 2 });
  expect(rule.givesUp(curve(0, [Number.NaN]), [])).toBeNull();
  expect(rule.givesUp(curve(0, [Number.NaN, Number.POSITIVE_INFINITY]), [])).toBe(
    'threshold: the value at step 2 is not finite',
  );
  expect(rule.givesUp(curve(0, [1, 1e9]), [])).toBeNull();
  await expect(curveRule({ builder: 'threshold', lower: 2, upper: 1 })).rejects.toThrow(
    'threshold: lower 2 lies above upper 1',
  );
});
