// When a sweep launches nothing more because of what its runs have come to.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { RunState } from '../../src/run_files/types.ts';
import { Failures, type OnFailure } from '../../src/sweep/failures.ts';

/** The place, from 1, of the run with which it halts; null: it goes on. */
function haltedAt(rule: OnFailure, states: readonly RunState[]): number | null {
  const failures = new Failures(rule);
  const index = states.findIndex((state) => failures.add(state) !== null);
  return index < 0 ? null : index + 1;
}

it('goes on, or stops with the first failure', () => {
  expect(haltedAt('continue', ['failed', 'failed'])).toBe(null);
  expect(haltedAt('stop', ['done', 'failed', 'done'])).toBe(2);
  expect(haltedAt('stop', ['diverged', 'stopped', 'interrupted'])).toBe(null);
});

it('stops above a share of failures, of so many that have ended', () => {
  const half = { rate: 0.5, after: 4 };
  expect(haltedAt(half, ['failed', 'failed', 'failed', 'done'])).toBe(4);
  expect(haltedAt(half, ['failed', 'failed', 'done', 'done', 'diverged'])).toBe(null);
  expect(haltedAt(half, ['failed', 'failed', 'interrupted', 'running', 'pending', 'failed'])).toBe(null);
  expect(haltedAt({ rate: 0 }, Array<RunState>(9).fill('failed'))).toBe(null);
  expect(haltedAt({ rate: 0 }, Array<RunState>(10).fill('failed'))).toBe(10);
});

it('says how many of how many', () => {
  const failures = new Failures({ rate: 0.5, after: 1 });
  expect(failures.add('done')).toBe(null);
  expect(failures.add('failed')).toBe(null);
  expect(failures.add('failed')).toEqual({ failed: 2, ended: 3 });
});

it('agrees with the share that it is about', () => {
  const ended = fc.constantFrom<RunState>('done', 'failed', 'diverged', 'stopped');
  fc.assert(
    fc.property(
      fc.array(ended),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.integer({ min: 1, max: 9 }),
      (states, rate, after) => {
        const isTooMuch = (count: number) => {
          const failed = states.slice(0, count).filter((state) => state === 'failed').length;
          return count >= after && failed / count > rate;
        };
        const expected = states.map((_, i) => i + 1).find(isTooMuch) ?? null;
        expect(haltedAt({ rate, after }, states)).toBe(expected);
      },
    ),
  );
});
