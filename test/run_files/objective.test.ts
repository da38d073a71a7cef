import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { measureRows } from '../../src/run_files/measure.ts';
import {
  type At,
  bestOf,
  compareScores,
  formatAt,
  type Goal,
  meanAndSd,
  parseAt,
  scoreOf,
} from '../../src/run_files/objective.ts';
import type { SeenState } from '../../src/run_files/types.ts';
import type { JsonObject } from '../../src/util/json.ts';

const last: At = { kind: 'last' };
const measured = (rows: readonly JsonObject[], at: string, goal: Goal = 'minimize') =>
  measureRows(rows, { metric: 'nll', goal, at: parseAt(at) ?? last });
const values = (...logged: (JsonObject[string] | undefined)[]): JsonObject[] =>
  logged.map((nll, step): JsonObject => (nll === undefined ? { step } : { step, nll }));

describe('parseAt', () => {
  it('knows last, best and step:N, which formatAt spells', () => {
    for (const text of ['last', 'best', 'step:10']) expect(formatAt(parseAt(text) ?? last)).toBe(text);
    for (const text of ['', 'first', 'step', 'step:', 'step:-1', 'step:1.5', 'step:x', 'step:1e3']) {
      expect(parseAt(text), text).toBeNull();
    }
  });
});

describe('the value of a run that counts', () => {
  it('is the last one logged at or before a step, of a run that got that far', () => {
    const rows = values(5, undefined, undefined, 1);
    expect(measured(rows, 'step:0')).toEqual({ value: 5, step: 0 });
    expect(measured(rows, 'step:2')).toEqual({ value: 5, step: 0 });
    expect(measured(rows, 'step:3')).toEqual({ value: 1, step: 3 });
    expect(measured(rows, 'step:4')).toEqual({ value: null, step: null });
    expect(measured(values(5, undefined, undefined), 'step:2')).toEqual({ value: 5, step: 0 });
  });

  it('is the last line, where lines have no step, and that of a step where one has', () => {
    expect(measured([{ nll: 3 }, { nll: 2 }, { nll: 1 }], 'last')).toEqual({ value: 1, step: null });
    expect(measured([{ step: 0, nll: 3 }, { nll: 2 }], 'last')).toEqual({ value: 3, step: 0 });
    expect(measured([{ step: 2, nll: 3 }, { nll: 2 }], 'step:1')).toEqual({ value: null, step: null });
  });

  it('is the best finite one, of equal ones the first', () => {
    expect(measured(values(2, 1, 'NaN', 1), 'best')).toEqual({ value: 1, step: 1 });
    expect(measured(values(2, 1, 'Infinity', 1), 'best', 'maximize')).toEqual({ value: 2, step: 0 });
    expect(measured(values('NaN', 'Infinity'), 'best')).toEqual({ value: Number.POSITIVE_INFINITY, step: 1 });
  });

  it('is not a number where a text or a truth value was logged, and passes over null', () => {
    expect(measured(values(3, 'n/a'), 'last').value).toBeNaN();
    expect(measured(values(3, true), 'last').value).toBeNaN();
    expect(measured(values(3, null), 'last').value).toBe(3);
  });

  it('is the last that was logged of a step, whatever was logged of it before', () => {
    const rows = [
      { step: 0, nll: 9 },
      { step: 1, nll: 1 },
      { step: 1, nll: 4 },
    ];
    expect(measured(rows, 'best')).toEqual({ value: 4, step: 1 });
  });

  it('keeps steps that are no whole numbers apart', () => {
    const rows = [0.5, 1.5, 2.5].map((step) => ({ step, nll: step }));
    expect(measured(rows, 'last')).toEqual({ value: 2.5, step: 2.5 });
    expect(measured(rows, 'step:2')).toEqual({ value: 1.5, step: 1.5 });
  });

  it('does not depend on the order of lines that have different steps', () => {
    const logged = fc.uniqueArray(
      fc.record({ step: fc.nat(20), nll: fc.constantFrom<number | string>(0, 1, 2, 'NaN', 'Infinity', 'n/a') }),
      { selector: ({ step }) => step },
    );
    const at = fc.constantFrom('last', 'best', 'step:0', 'step:7');
    fc.assert(
      fc.property(logged, at, (rows, text) => {
        expect(measured(rows.toReversed(), text)).toEqual(measured(rows, text));
      }),
    );
  });
});

describe('scores', () => {
  const run = (value: number | null, state: SeenState = 'done') => ({ value, state });
  const best = (goal: Goal | null, ...configurations: ReturnType<typeof run>[][]) => {
    const items = configurations.map((runs, name) => ({ name, score: scoreOf(runs, last) }));
    return bestOf(items, goal).best.map(({ name }) => name);
  };

  it('name every configuration that no other beats, and none where nothing tells them apart', () => {
    expect(best('minimize', [run(2)], [run(1)], [run(3)])).toEqual([1]);
    expect(best('minimize', [run(2)], [run(1)], [run(1)])).toEqual([1, 2]);
    expect(best('minimize', [run(1)], [run(1)])).toEqual([]);
    expect(best('minimize', [run(1)])).toEqual([0]);
    expect(best(null, [run(1)], [run(2)])).toEqual([]);
    expect(best('minimize', [run(1, 'running')], [run(null)])).toEqual([]);
  });

  it('order any configurations without contradiction', () => {
    const states = fc.constantFrom<SeenState>('done', 'diverged', 'failed', 'running');
    const value = fc.option(fc.constantFrom(0, 1, 2, Number.NaN));
    const score = fc
      .array(fc.record({ state: states, value }), { minLength: 1, maxLength: 3 })
      .map((runs) => scoreOf(runs, last));
    fc.assert(
      fc.property(score, score, score, (a, b, c) => {
        expect(Math.sign(compareScores(a, b, 'minimize'))).toBe(-Math.sign(compareScores(b, a, 'minimize')) + 0);
        if (compareScores(a, b, 'minimize') <= 0 && compareScores(b, c, 'minimize') <= 0) {
          expect(compareScores(a, c, 'minimize')).toBeLessThanOrEqual(0);
        }
      }),
    );
  });
});

describe('meanAndSd', () => {
  it('is that of a sample', () => {
    expect(meanAndSd([])).toEqual({ mean: null, sd: null });
    expect(meanAndSd([3])).toEqual({ mean: 3, sd: null });
    expect(meanAndSd([1, 2, 3])).toEqual({ mean: 2, sd: 1 });
  });

  it('holds for values whose sum, or whose squares, no number holds', () => {
    expect(meanAndSd([1e308, 1e308])).toEqual({ mean: 1e308, sd: 0 });
    expect(meanAndSd([1e200, 3e200]).sd).toBeCloseTo(Math.SQRT2 * 1e200, -190);
    expect(meanAndSd([1e-200, 3e-200]).sd).toBeGreaterThan(1e-200);
  });
});
