// What a trial has come to by what its runs have.

import { describe, expect, it } from 'vitest';
import { eventOf, type Verdict } from '../../../src/sweep/study/verdict.ts';

const finished = (value: number | null): Verdict => ({ kind: 'finished', value, step: null });
const at = (kind: Verdict['kind'], value: number | null, step: number): Verdict => ({ kind, value, step });
const RUNG = { rung: 1, step: 20 };

describe('a trial', () => {
  it('has the mean of its seeds', () => {
    expect(eventOf(3, [finished(1), finished(2)], null)).toEqual({
      event: 'told',
      trial: 3,
      state: 'finished',
      value: 1.5,
      step: null,
    });
  });

  it('is open as long as one of its runs is', () => {
    expect(eventOf(0, [finished(1), at('unfinished', null, 3)], null)).toBeNull();
  });

  it('has reached its rung when one of its runs waits there, and none is under way', () => {
    const event = eventOf(0, [at('at_rung', 1, 20), finished(3)], RUNG);
    expect(event).toEqual({ event: 'reached', trial: 0, rung: 1, step: 20, value: 2 });
  });

  it('is stopped where the first of its runs was given up', () => {
    const event = eventOf(0, [at('given_up', 1, 30), at('given_up', 3, 10), finished(5)], null);
    expect(event).toEqual({ event: 'told', trial: 0, state: 'stopped', value: 2, step: 10 });
  });

  it('has failed with one that failed, and with one that ends without a number', () => {
    const failed = { event: 'told', trial: 0, state: 'failed', value: null, step: null };
    expect(eventOf(0, [finished(1), at('failed', null, 0)], null)).toEqual(failed);
    expect(eventOf(0, [finished(1), finished(Number.NaN)], null)).toEqual(failed);
    expect(eventOf(0, [finished(null)], null)).toEqual(failed);
  });
});
