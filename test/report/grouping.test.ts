import { describe, expect, it } from 'vitest';
import { groupByFields, groupBySweep } from '../../src/report/grouping.ts';
import type { RunEntry } from '../../src/report/run_entry.ts';
import { entry } from './entries.ts';

const table = (entries: RunEntry[]) =>
  groupBySweep(entries).map(({ title, fields, cells }) => ({
    title,
    fields,
    cells: cells.map((cell) => [...Object.values(cell.fields), cell.entries.length]),
  }));

describe('groupBySweep', () => {
  it('has a table a sweep, and one for single runs that lie beside each other', () => {
    const entries = [
      entry({ run: 'runs/grid/a', sweep: 'runs/grid', axes: { lr: 1 } }),
      entry({ run: 'runs/grid/b', sweep: 'runs/grid', axes: { lr: 2 } }),
      entry({ run: 'runs/other/a', sweep: 'runs/other', axes: { rank: 1 } }),
      entry({ run: 'runs/single', spec: { lr: 5 } }),
    ];
    expect(table(entries)).toEqual([
      {
        title: 'runs/grid',
        fields: ['lr'],
        cells: [
          [1, 1],
          [2, 1],
        ],
      },
      { title: 'runs/other', fields: ['rank'], cells: [[1, 1]] },
      { title: 'runs', fields: ['name'], cells: [['single', 1]] },
    ]);
  });

  it('takes runs of one configuration for replicates', () => {
    const entries = [0, 1, 2].map((seed) => entry({ run: `runs/${seed}`, seed, axes: { lr: 1 } }));
    expect(table(entries)).toMatchObject([{ fields: ['lr'], cells: [[1, 3]] }]);
  });

  it('shows no axis of one value, which tells no configuration from another, unless it is asked for', () => {
    const one = entry({ sweep: 'a', axes: { lr: 1, steps: 60 } });
    const two = entry({ sweep: 'a', axes: { lr: 2, steps: 60 } });
    expect(groupBySweep([one])).toMatchObject([{ fields: ['lr', 'steps'], shown: ['lr', 'steps'] }]);
    expect(groupBySweep([one, two])).toMatchObject([{ fields: ['lr', 'steps'], shown: ['lr'] }]);
    expect(groupByFields([one, two], ['steps'])).toMatchObject({ fields: ['steps'], shown: ['steps'] });
  });

  it('adds the fields that differ where the axes do not tell configurations apart', () => {
    const entries = [
      entry({ axes: { lr: 1 }, spec: { steps: 10, dataset: { size: 1 }, log_path: 'a' } }),
      entry({ axes: { lr: 1 }, spec: { steps: 20, dataset: { size: 1 }, log_path: 'b' } }),
      entry({ axes: { lr: 2 }, spec: { steps: 20, dataset: { size: 2 }, log_path: 'c' } }),
    ];
    expect(table(entries)).toMatchObject([
      {
        fields: ['lr', 'dataset.size', 'steps'],
        cells: [
          [1, 1, 10, 1],
          [1, 1, 20, 1],
          [2, 2, 20, 1],
        ],
      },
    ]);
  });

  it('names runs where the spec does not show the difference, as when a data file changed', () => {
    const entries = [
      entry({ run: 'runs/before', config_id: 'x', axes: { lr: 1 } }),
      entry({ run: 'runs/after', config_id: 'y', axes: { lr: 1 } }),
    ];
    expect(table(entries)).toMatchObject([
      {
        fields: ['name', 'lr'],
        cells: [
          ['before', 1, 1],
          ['after', 1, 1],
        ],
      },
    ]);
  });

  it('names runs where more differs than a table can show', () => {
    const spec = (value: number) => Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`field_${i}`, value]));
    const entries = [entry({ run: 'runs/sft', spec: spec(1) }), entry({ run: 'runs/dpo', spec: spec(2) })];
    expect(table(entries)).toMatchObject([
      {
        fields: ['name'],
        cells: [
          ['sft', 1],
          ['dpo', 1],
        ],
      },
    ]);
  });
});

describe('groupByFields', () => {
  const entries = [
    entry({ run: 'a/1', sweep: 'a', spec: { model: { name: 'x' } }, axes: { lr: 1 } }),
    entry({ run: 'a/2', sweep: 'a', spec: { model: { name: 'x' } }, axes: { lr: 2 } }),
    entry({ run: 'b/1', sweep: 'b', spec: { model: { name: 'y' } }, axes: { lr: 1 } }),
  ];

  it('aggregates over all runs by fields of the spec, axes and columns of runs', () => {
    expect(groupByFields(entries, ['model.name']).cells.map(({ entries: runs }) => runs.length)).toEqual([2, 1]);
    expect(groupByFields(entries, ['lr', 'sweep']).cells.map(({ fields }) => fields)).toEqual([
      { lr: 1, sweep: 'a' },
      { lr: 2, sweep: 'a' },
      { lr: 1, sweep: 'b' },
    ]);
  });

  it('names a field that no run has, and those that come near', () => {
    expect(() => groupByFields(entries, ['modelname'])).toThrow('--group-by: no run has a field "modelname"');
  });
});
