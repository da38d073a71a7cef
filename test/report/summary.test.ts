import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupBySweep } from '../../src/report/grouping.ts';
import type { RunEntry } from '../../src/report/run_entry.ts';
import { type Summary, summarise } from '../../src/report/summary.ts';
import { summaryBlocks } from '../../src/report/summary_document.ts';
import type { Objective } from '../../src/run_files/objective.ts';
import { SEEN_STATES, type SeenState } from '../../src/run_files/types.ts';
import { entry } from './entries.ts';

const objective: Objective = { metric: 'test/nll', goal: 'minimize', at: { kind: 'last' } };

interface Run {
  lr: number;
  state: SeenState;
  value: number | null;
  cost?: number;
}

function summaryOf(runs: readonly Run[], of: Objective = objective): Summary {
  const values = new Map<RunEntry, number | null>();
  const costs = new Map<RunEntry, number | undefined>();
  runs.forEach(({ lr, state, value, cost }, seed) => {
    const run = entry({ run: `runs/lr=${lr} seed=${seed}`, sweep: 'runs', seed, state, axes: { lr } });
    values.set(run, value);
    costs.set(run, cost);
  });
  const [grouping] = groupBySweep([...values.keys()]);
  if (grouping === undefined) throw new Error('no runs');
  return summarise(grouping, of, (run) => ({
    entry: run,
    value: values.get(run) ?? null,
    step: 9,
    curve: [],
    instead: null,
    cost: costs.get(run) ?? null,
  }));
}

const done = (lr: number, value: number | null): Run => ({ lr, state: 'done', value });
const configurations = (runs: readonly Run[], of?: Objective) =>
  summaryOf(runs, of).configurations.map(({ fields, mean, sd, n, n_runs, best, preliminary }) => ({
    lr: fields.lr,
    mean,
    sd,
    n: `${n}/${n_runs}`,
    ...(best ? { best } : {}),
    ...(preliminary ? { preliminary } : {}),
  }));

describe('summarise', () => {
  it('gives mean, sample deviation and number of the replicates, the best configuration first', () => {
    expect(configurations([done(1, 4), done(1, 6), done(2, 1), done(2, 2), done(2, 3), done(3, 5.5)])).toEqual([
      { lr: 2, mean: 2, sd: 1, n: '3/3', best: true },
      { lr: 1, mean: 5, sd: Math.SQRT2, n: '2/2' },
      { lr: 3, mean: 5.5, sd: null, n: '1/1' },
    ]);
    expect(configurations([done(1, 4), done(2, 1)], { ...objective, goal: 'maximize' })[0]).toMatchObject({
      lr: 1,
      best: true,
    });
  });

  it('adds up what the runs of a configuration have cost, as far as they know it', () => {
    const runs: Run[] = [
      { ...done(1, 4), cost: 1.5 },
      { lr: 1, state: 'failed', value: null, cost: 0.25 },
      { ...done(1, 5) },
      done(2, 6),
    ];
    const summary = summaryOf(runs);
    expect(summary.configurations.map(({ cost }) => cost)).toEqual([1.75, undefined]);
    const [, table] = summaryBlocks([summary]);
    expect(table).toMatchObject({ table: { columns: [{}, {}, {}, {}, { name: 'cost' }, {}] } });
    expect(JSON.stringify(table)).toContain('"$1.75"');
    expect(JSON.stringify(summaryBlocks([summaryOf([done(1, 4), done(2, 6)])]))).not.toContain('cost');
  });

  it('marks no configuration that was held against none, and says why none is the best', () => {
    const undecided = (...runs: Run[]) => summaryOf(runs).undecided;
    expect(configurations([done(1, 3), done(2, null), done(3, null)]).some(({ best }) => best)).toBe(false);
    expect(undecided(done(1, 3), done(2, null), done(3, null))).toBe('one_measured');
    expect(undecided(done(1, 3), done(2, 3))).toBe('all_tie');
    expect(undecided(done(1, 3), { lr: 2, state: 'pending', value: null })).toBe(null);
    expect(undecided({ lr: 1, state: 'running', value: 3 }, done(2, null))).toBe('none_counts');
  });

  it('does not let a divergence make a configuration better: its other runs count, but it ranks behind', () => {
    const runs: Run[] = [done(1, 3), done(1, 3), done(2, 1), { lr: 2, state: 'diverged', value: 0.5 }];
    expect(configurations(runs)).toEqual([
      { lr: 1, mean: 3, sd: 0, n: '2/2', best: true },
      { lr: 2, mean: 1, sd: null, n: '1/2' },
    ]);
    expect(configurations([done(2, 1), done(2, Number.NaN), done(1, 3)])[0]).toMatchObject({ lr: 1, best: true });
  });

  it('counts what has not finished, and shows its values only where nothing has', () => {
    const runs: Run[] = [
      done(1, 3),
      { lr: 1, state: 'running', value: 9 },
      { lr: 1, state: 'failed', value: 9 },
      { lr: 2, state: 'running', value: 1 },
      { lr: 2, state: 'killed', value: 2 },
      { lr: 3, state: 'pending', value: null },
    ];
    expect(configurations(runs)).toEqual([
      { lr: 1, mean: 3, sd: null, n: '1/3', best: true },
      { lr: 2, mean: 1.5, sd: Math.SQRT1_2, n: '0/2', preliminary: true },
      { lr: 3, mean: null, sd: null, n: '0/1' },
    ]);
  });

  it('counts unfinished runs at a step that they have reached', () => {
    const runs: Run[] = [done(1, 3), { lr: 1, state: 'running', value: 1 }, { lr: 1, state: 'running', value: null }];
    expect(configurations(runs, { ...objective, at: { kind: 'step', step: 5 } })).toMatchObject([
      { mean: 2, n: '2/3' },
    ]);
  });

  it('marks no best without a goal, among one, or before anything has finished', () => {
    const best = (runs: Run[], of = objective) => summaryOf(runs, of).configurations.filter((each) => each.best).length;
    expect(best([done(1, 1), done(2, 2)])).toBe(1);
    expect(best([done(1, 1), done(2, 2)], { ...objective, goal: null })).toBe(0);
    expect(best([done(1, 1)])).toBe(0);
    expect(
      best([
        { lr: 1, state: 'running', value: 1 },
        { lr: 2, state: 'failed', value: 1 },
      ]),
    ).toBe(0);
  });

  it('orders by the fields where there is no goal, numbers by size', () => {
    const order = summaryOf([done(10, 1), done(9, 2), done(1e-5, 3)], { ...objective, goal: null });
    expect(order.configurations.map(({ fields }) => fields.lr)).toEqual([1e-5, 9, 10]);
  });

  it('names every run that somebody should look at, which one that measured something else is not', () => {
    const runs: Run[] = [
      ...SEEN_STATES.map((state) => ({ lr: 1, state, value: 1 })),
      done(2, null),
      done(2, Number.POSITIVE_INFINITY),
    ];
    expect(summaryOf(runs).problems.map(({ problem }) => problem)).toEqual([
      'diverged',
      'failed',
      'interrupted',
      'killed',
      'damaged',
      'not finite',
    ]);
  });

  it('loses no run, and never marks a configuration with a divergence while there is one without', () => {
    const run = fc.record({
      lr: fc.integer({ min: 1, max: 3 }),
      state: fc.constantFrom(...SEEN_STATES),
      value: fc.option(fc.oneof(fc.double({ min: -10, max: 10, noNaN: true }), fc.constant(Number.NaN))),
    });
    fc.assert(
      fc.property(fc.array(run, { minLength: 1 }), (runs) => {
        const { configurations: rows } = summaryOf(runs);
        expect(rows.reduce((sum, { n_runs }) => sum + n_runs, 0)).toBe(runs.length);
        for (const row of rows) {
          const states = Object.values(row.states).reduce((sum, count) => sum + count, 0);
          expect(states).toBe(row.n_runs);
          const values = row.runs.flatMap(({ state, value }) =>
            ['done', 'stopped', 'unknown'].includes(state) && value !== null && Number.isFinite(value) ? [value] : [],
          );
          expect(row.n).toBe(values.length);
          if (values.length > 0) expect(row.mean).toBeCloseTo(values.reduce((a, b) => a + b, 0) / values.length, 9);
        }
        const flawed = (row: (typeof rows)[number]) => (row.states.diverged ?? 0) + row.n_not_finite > 0;
        const [best] = rows.filter((row) => row.best);
        const clean = rows.filter((row) => !flawed(row) && row.n > 0);
        if (best !== undefined && clean.length > 0) {
          expect(flawed(best)).toBe(false);
          expect(best.mean).toBe(Math.min(...clean.map(({ mean }) => mean ?? Number.POSITIVE_INFINITY)));
        }
      }),
    );
  });
});
