// What the parts of a sweep expand to, in which order; and what holds of every expansion.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { resolveFields, surroundings } from '../../src/spec/resolve.ts';
import type { SpecDocument } from '../../src/spec/types.ts';
import { axesOf, expand } from '../../src/sweep/expand.ts';
import { type SweepFields, sweepParams } from '../../src/sweep/grammar.ts';
import { valuesOf } from '../../src/sweep/space.ts';
import { canonicalJson, type JsonObject, type JsonValue } from '../../src/util/json.ts';
import { sweepRegistry } from './support/sweeps.ts';

function isComplete(value: JsonObject): value is JsonObject & SweepFields {
  return 'grid' in value;
}

/** The points of a sweep with these fields, and what is wrong with them. */
function expanded(fields: JsonObject): { points: JsonObject[]; issues: string[] } {
  const value = { base: {}, log_path: 'runs', ...fields };
  const place = { file: 'sweep.yaml', line: 1, column: 1, directory: '/' };
  const document: SpecDocument = { value, template: value, placeOf: () => place, file: 'sweep.yaml' };
  const resolved = resolveFields(sweepParams, value, sweepRegistry(), surroundings(document, '/'));
  if (!isComplete(resolved.value)) throw new Error('incomplete');
  const { axes, issues } = axesOf(resolved.value, document);
  const { expansion, issues: others } = expand(resolved.value, axes);
  return {
    points: expansion.configurations.map(valuesOf),
    issues: [...resolved.issues, ...issues, ...others].map(({ message }) => message),
  };
}

const points = (fields: JsonObject) => expanded(fields).points;

describe('a sweep expands', () => {
  test('without axes to its base', () => {
    expect(points({})).toEqual([{}]);
  });

  test('a grid to every combination, the last axis fastest', () => {
    expect(points({ grid: { a: [1, 2], 'b.c': ['x', 'y'] } })).toEqual([
      { a: 1, 'b.c': 'x' },
      { a: 1, 'b.c': 'y' },
      { a: 2, 'b.c': 'x' },
      { a: 2, 'b.c': 'y' },
    ]);
  });

  test('a value that is a mapping or a list as it stands', () => {
    const values = [{ builder: 'x', n: 1 }, [1, 2], null];
    expect(points({ grid: { a: values } })).toEqual(values.map((a) => ({ a })));
  });

  test('a zip group to one axis, which multiplies with the others', () => {
    expect(points({ zip: { size: { a: [1, 2], b: [10, 20] } }, grid: { c: [5, 6] } })).toEqual([
      { a: 1, b: 10, c: 5 },
      { a: 1, b: 10, c: 6 },
      { a: 2, b: 20, c: 5 },
      { a: 2, b: 20, c: 6 },
    ]);
  });

  test('cases to the union of their own axes, times the axes around them', () => {
    const cases: JsonValue = [
      { set: { t: 'dpo' }, grid: { beta: [1, 2] } },
      { set: { t: 'sft' } },
      { zip: { g: { a: [7], b: [8] } } },
    ];
    expect(points({ grid: { lr: [1, 2] }, cases })).toEqual([
      { lr: 1, t: 'dpo', beta: 1 },
      { lr: 1, t: 'dpo', beta: 2 },
      { lr: 1, t: 'sft' },
      { lr: 1, a: 7, b: 8 },
      { lr: 2, t: 'dpo', beta: 1 },
      { lr: 2, t: 'dpo', beta: 2 },
      { lr: 2, t: 'sft' },
      { lr: 2, a: 7, b: 8 },
    ]);
  });

  test('in the order of the file: what is written first varies slowest', () => {
    expect(points({ cases: [{ set: { t: 1 } }, { set: { t: 2 } }], grid: { a: [1, 2] } })).toEqual([
      { t: 1, a: 1 },
      { t: 1, a: 2 },
      { t: 2, a: 1 },
      { t: 2, a: 2 },
    ]);
  });

  test('included points behind the others, as they stand', () => {
    expect(points({ grid: { a: [1] }, include: [{ a: 3 }, { b: 4 }] })).toEqual([{ a: 1 }, { a: 3 }, { b: 4 }]);
  });

  test('included points alone, where there is no axis', () => {
    expect(points({ include: [{ a: 3 }, { b: 4 }] })).toEqual([{ a: 3 }, { b: 4 }]);
  });

  test('less the points that have all values of an excluded pattern', () => {
    const fields = { grid: { a: [1, 2], b: [1, 2] }, include: [{ a: 2, b: 1 }] };
    expect(points({ ...fields, exclude: [{ a: 1 }, { a: 2, b: 1 }] })).toEqual([
      { a: 2, b: 2 },
      { a: 2, b: 1 },
    ]);
  });

  test('an excluded pattern compares mappings by their fields, in any order', () => {
    const grid: JsonObject = { a: [{ builder: 'x', n: 1 }, { builder: 'y' }] };
    expect(points({ grid, exclude: [{ a: { n: 1, builder: 'x' } }] })).toEqual([{ a: { builder: 'y' } }]);
  });
});

describe('of every sweep holds', () => {
  const name = fc.stringMatching(/^[a-f]$/);
  const values = fc.uniqueArray(fc.oneof(fc.integer(), fc.string(), fc.boolean()), { minLength: 1, maxLength: 4 });
  const grid = fc.dictionary(name, values, { maxKeys: 4 });
  const spellings = (list: readonly JsonObject[]) => list.map((point) => canonicalJson(point));

  test('a grid has as many points as the product of its axes, all different, in the order of their indices', () => {
    fc.assert(
      fc.property(grid, (axes) => {
        const all = points({ grid: axes });
        expect(all.length).toBe(Object.values(axes).reduce((size, axis) => size * axis.length, 1));
        expect(new Set(spellings(all)).size).toBe(all.length);
        const indices = all.map((point) =>
          Object.entries(axes)
            .map(([field, axis]) =>
              axis.findIndex((value) => canonicalJson(value) === canonicalJson(point[field] ?? null)),
            )
            .join(),
        );
        expect(indices).toEqual([...indices].sort());
      }),
    );
  });

  test('excluding a value of an axis takes away its share, and including it again gives the points back', () => {
    fc.assert(
      fc.property(fc.dictionary(name, values, { minKeys: 1, maxKeys: 4 }), fc.nat(), (axes, n) => {
        const fields = Object.keys(axes);
        const field = fields[n % fields.length] ?? '';
        const excluded = { [field]: axes[field]?.[0] ?? null };
        const all = points({ grid: axes });
        const { points: left, issues } = expanded({ grid: axes, exclude: [excluded] });
        const gone = all.filter((point) => point[field] === excluded[field]);
        expect(left.length).toBe(all.length - all.length / (axes[field]?.length ?? 1));
        if (left.length === 0) expect(issues).toHaveLength(1);
        const again = points({ grid: axes, exclude: [excluded], include: gone });
        expect(spellings(again).sort()).toEqual(spellings(all).sort());
      }),
    );
  });

  test('cases add up where axes multiply', () => {
    fc.assert(
      fc.property(
        grid,
        fc.array(fc.dictionary(fc.stringMatching(/^[u-z]$/), values, { maxKeys: 3 }), { minLength: 1, maxLength: 3 }),
        (axes, grids) => {
          const sum = grids.map((each) => points({ grid: each }).length).reduce((a, b) => a + b);
          const cases: JsonValue[] = grids.map((each) => ({ grid: each }));
          expect(points({ grid: axes, cases }).length).toBe(points({ grid: axes }).length * sum);
        },
      ),
    );
  });

  test('another value of an axis adds points and takes none away', () => {
    fc.assert(
      fc.property(fc.dictionary(name, values, { minKeys: 1, maxKeys: 4 }), fc.nat(), (axes, n) => {
        const fields = Object.keys(axes);
        const field = fields[n % fields.length] ?? '';
        const grown = { ...axes, [field]: [...(axes[field] ?? []), 'a value of its own'] };
        const before = spellings(points({ grid: axes }));
        const after = spellings(points({ grid: grown }));
        expect(before.every((point) => after.includes(point))).toBe(true);
        expect(after.length - before.length).toBe(before.length / (axes[field]?.length ?? 1));
      }),
    );
  });
});
