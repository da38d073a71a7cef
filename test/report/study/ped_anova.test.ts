import { describe, expect, it } from 'vitest';
import { pedAnova } from '../../../src/report/study/ped_anova.ts';
import { bestOf, TABLES } from './trials.ts';

/** What Optuna 5.0.0 says of these tables; test/interop/importance.test.ts asks it again. */
const MEASURED: Record<string, number[]> = {
  grid: [0.9994905142278161, 0.0005094857721838655],
  random: [0.7920571075050531, 0.188286022207127, 0.01965687028781992],
  large: [0.8337009994152229, 0.1025649705725168, 0.06373403001226022],
};

describe('PED-ANOVA', () => {
  it.each(Object.keys(TABLES))('gives the shares that Optuna gives: %s', (name) => {
    const table = TABLES[name];
    const raw = pedAnova(table.parameters, bestOf(table));
    const total = raw.reduce((sum, each) => sum + each, 0);
    expect(raw).toHaveLength(MEASURED[name].length);
    for (const [i, each] of raw.entries()) expect(each / total).toBeCloseTo(MEASURED[name][i], 10);
  });

  it('finds nothing in a parameter of one value, and in trials of which none is the best', () => {
    const single = { name: 'x', domain: { kind: 'number', low: 1, high: 1, log: false }, values: [1, 1, 1] } as const;
    expect(pedAnova([single], [true, false, false])).toEqual([0]);
    const [rate] = TABLES.grid.parameters;
    expect(
      pedAnova(
        [rate],
        rate.values.map(() => false),
      ),
    ).toEqual([0]);
  });
});
