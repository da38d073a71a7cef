// The axes of a sweep as a space to search: what a search draws from, what a draw sets, and what is wrong with an axis.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolveFields, surroundings } from '../../../src/spec/resolve.ts';
import type { SpecDocument } from '../../../src/spec/types.ts';
import type { Point } from '../../../src/study/types.ts';
import { type SweepFields, sweepParams } from '../../../src/sweep/grammar.ts';
import { valuesOf } from '../../../src/sweep/space.ts';
import { sweepSpace } from '../../../src/sweep/study/sweep_space.ts';
import type { JsonObject } from '../../../src/util/json.ts';
import { sweepRegistry } from '../support/sweeps.ts';

function isComplete(value: JsonObject): value is JsonObject & SweepFields {
  return 'grid' in value && 'seeds' in value;
}

function spaceOf(fields: JsonObject) {
  const value = { base: {}, log_path: 'runs', ...fields };
  const place = { file: 'sweep.yaml', line: 1, column: 1, directory: '/' };
  const document: SpecDocument = { value, template: value, placeOf: () => place, file: 'sweep.yaml' };
  const resolved = resolveFields(sweepParams, value, sweepRegistry(), surroundings(document, '/'));
  if (!isComplete(resolved.value)) throw new Error('incomplete');
  return sweepSpace(resolved.value, document);
}

const set = (fields: JsonObject, point: Point) => valuesOf(spaceOf(fields).configurationOf(point));
const complaintsOf = (fields: JsonObject) =>
  spaceOf(fields).issues.map(({ path, message }) => `${path.join('/')}: ${message}`);

describe('the space of a sweep', () => {
  it('draws ranges, and choices by their index, in the order of the file', () => {
    const fields = { grid: { rate: { log_uniform: [1e-4, 1e-1] }, size: [1, 2], width: { int_uniform: [1, 8] } } };
    expect(spaceOf(fields).space).toEqual([
      { name: 'rate', distribution: { kind: 'log_uniform', low: 1e-4, high: 1e-1 }, when: null },
      { name: 'size', distribution: { kind: 'choice', size: 2 }, when: null },
      { name: 'width', distribution: { kind: 'int_uniform', low: 1, high: 8 }, when: null },
    ]);
    expect(set(fields, { rate: 0.0031622776601, size: 1, width: 3 })).toEqual({ rate: 0.00316228, size: 2, width: 3 });
  });

  it('reads a choice as the list that it is', () => {
    expect(set({ grid: { size: { choice: [4, 8] } } }, { size: 1 })).toEqual({ size: 8 });
  });

  it('makes a zip group one choice, and a case one that its own axes hang on', () => {
    const fields: JsonObject = {
      zip: { pair: { rate: [1, 2], size: [3, 4] } },
      cases: [{ set: { kind: 'a' }, grid: { depth: { uniform: [0, 1] } } }, { set: { kind: 'b' } }],
    };
    expect(spaceOf(fields).space.map(({ name, when }) => [name, when])).toEqual([
      ['zip.pair', null],
      ['cases', null],
      ['cases.0.depth', { parameter: 'cases', choice: 0 }],
    ]);
    expect(set(fields, { 'zip.pair': 1, cases: 0, 'cases.0.depth': 0.25 })).toEqual({
      rate: 2,
      size: 4,
      kind: 'a',
      depth: 0.25,
    });
    expect(set(fields, { 'zip.pair': 0, cases: 1 })).toEqual({ rate: 1, size: 3, kind: 'b' });
  });

  it('keeps drawn numbers within their bounds, and short', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-9, max: 1e9, noNaN: true }),
        fc.double({ min: 1.001, max: 10, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (low, factor, share) => {
          const high = low * factor;
          const drawn = low + share * (high - low);
          const { rate } = set({ grid: { rate: { uniform: [low, high] } } }, { rate: Math.min(drawn, high) });
          expect(rate).toBeGreaterThanOrEqual(low);
          expect(rate).toBeLessThanOrEqual(high);
        },
      ),
    );
  });

  it.each([
    [{ rate: { uniform: [2, 1] } }, 'grid/rate: expected uniform: [low, high], low below high'],
    [{ rate: { uniform: ['a', 1] } }, 'grid/rate: expected uniform: [low, high], low below high'],
    [
      { rate: { log_uniform: [-4, -1] } },
      'grid/rate: expected log_uniform: [low, high], low below high, both above 0: values, not exponents',
    ],
    [
      { rate: { log_uniform: [1e-1, 1e-4] } },
      'grid/rate: expected log_uniform: [low, high], low below high, both above 0: values, not exponents',
    ],
    [{ rate: { choice: 3 } }, 'grid/rate: expected choice: a list of at least one value'],
    [
      { rate: { int_uniform: [1.5, 3] } },
      'grid/rate: expected int_uniform: [low, high], low below high, whole numbers, both included',
    ],
    [{ rate: { quantised: [0, 1] } }, 'grid/rate: expected quantised: [low, high, step], low below high'],
    [{ rate: { normal: [0, 0] } }, 'grid/rate: expected normal: [mean, standard deviation]'],
  ])('says what is wrong with %j', (grid, complaint) => {
    expect(complaintsOf({ grid })).toEqual([complaint]);
  });

  it('says what a range looks like to one who spells it otherwise', () => {
    expect(complaintsOf({ grid: { rate: { loguniform: [1, 2] } } })).toEqual([
      'grid/rate: expected a list of values, or a range as one of {uniform: […]}, {log_uniform: […]}, {int_uniform: […]}, {quantised: […]}, {normal: […]}, {choice: […]}; did you mean "log_uniform" or "uniform"?',
    ]);
    expect(complaintsOf({ grid: { rate: { choices: [1, 2] } } })[0]).toMatch(/; did you mean "choice"\?$/);
  });

  it('refuses a field that two axes set at one point, and what no axis may be', () => {
    const twice = { grid: { rate: { uniform: [0, 1] } }, zip: { rate: { rate: [1], size: [2] } } };
    expect(complaintsOf(twice)).toEqual(['zip/rate/rate: is set by grid/rate (line 1) already']);
    const cases: JsonObject[] = [
      { set: { a: 1 }, grid: { b: [1, 2] } },
      { set: { b: 1 }, grid: { a: [1, 2] } },
    ];
    expect(complaintsOf({ cases })).toEqual([]);
    expect(complaintsOf({ grid: { seed: { int_uniform: [0, 9] } } })[0]).toContain('replicates are no axis');
  });

  it('refuses what only a grid has, and a space without an axis', () => {
    expect(complaintsOf({ grid: { size: [1] }, exclude: [{ size: 1 }] })).toEqual([
      'exclude: is for a grid: a search draws its points itself',
    ]);
    expect(complaintsOf({})).toEqual(['search: there is no axis to search over: name one under "grid"']);
  });
});
