import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Cadence, isDue, type Position } from '../../src/training/cadence.ts';

const NEVER: Cadence = { steps: 0, tokens: 0, seconds: 0 };
const START: Position = { step: 0, tokens: 0, seconds: 0 };

/** Steps of 7 tokens and 2 seconds each at which something is due, up to the thirtieth. */
function dueSteps(cadence: Cadence, start: Position = START): number[] {
  let last = start;
  return Array.from({ length: 30 - start.step }, (_, i) => start.step + i + 1).filter((step) => {
    const now = { step, tokens: 7 * step, seconds: start.seconds + 2 * (step - start.step) };
    const due = isDue(cadence, now, last);
    if (due) last = now;
    return due;
  });
}

it('comes every so many steps, tokens or seconds', () => {
  expect(dueSteps(NEVER)).toEqual([]);
  expect(dueSteps({ ...NEVER, steps: 10 })).toEqual([10, 20, 30]);
  expect(dueSteps({ ...NEVER, tokens: 50 })).toEqual([8, 15, 22, 29]);
  expect(dueSteps({ ...NEVER, seconds: 15 })).toEqual([8, 16, 24]);
  expect(dueSteps({ steps: 10, tokens: 0, seconds: 15 })).toEqual([8, 10, 18, 20, 28, 30]);
});

it('by steps and tokens is the same however often a run resumes', () => {
  fc.assert(
    fc.property(fc.nat(12), fc.nat(100), fc.nat(30), (steps, tokens, at) => {
      const cadence = { ...NEVER, steps, tokens };
      const resumed = dueSteps(cadence, { step: at, tokens: 7 * at, seconds: 1000 });
      expect(resumed).toEqual(dueSteps(cadence).filter((step) => step > at));
    }),
  );
});
