// What was reached for what was spent: a dot a run, by the time it took or what it cost.

import type { TopLevelSpec } from 'vega-lite';
import type { Study } from '../study/study.ts';
import type { Chart } from './chart.ts';
import { spendingQuestion } from './questions.ts';
import { evenly, timeUnit, valueAxis, valueScale } from './scales.ts';
import { accent, contrast } from './theme.ts';
import { configurationLabel, goalWords, numberLabel, objectiveLabel, sampleWords } from './wording.ts';

const MOST_DOTS = 1000;

/** Null where it is known of fewer than two runs. */
export function spendingChart(study: Study, what: 'seconds' | 'cost'): Omit<Chart, 'id'> | null {
  const known = study.runs.flatMap((run) => {
    const { counts, value, configuration, state, seed } = run;
    const spent = run[what];
    if (!counts || value === null || spent === null) return [];
    const best = study.summary.configurations[configuration]?.best === true;
    return [{ spent, value, state, seed, configuration, kind: best ? 'of the best configuration' : 'others' }];
  });
  if (known.length < 2 || known.every(({ spent }) => spent === known[0]?.spent)) return null;
  const unit = what === 'cost' ? { name: 'dollars', size: 1 } : timeUnit(Math.max(...known.map(({ spent }) => spent)));
  const rows = evenly(known, MOST_DOTS).map(({ spent, seed, configuration, ...row }) => {
    const seeded = seed === null ? '' : ` seed ${seed}`;
    const amount = `${numberLabel(spent / unit.size)} ${unit.name}`;
    const told = `${configurationLabel(study, configuration)}${seeded}: ${objectiveLabel(study)} ${numberLabel(row.value)} in ${amount}`;
    return { ...row, x: spent / unit.size, told };
  });
  const [xScale, yScale] = [valueScale(rows.map(({ x }) => x)), valueScale(rows.map(({ value }) => value))];
  const hasBest = rows.some(({ kind }) => kind !== 'others');
  const spec: TopLevelSpec = {
    width: 420,
    height: 260,
    data: { values: rows },
    mark: { type: 'point', filled: true, size: 60, opacity: 0.75 },
    encoding: {
      x: {
        field: 'x',
        type: 'quantitative',
        title: `${what === 'cost' ? 'cost' : 'time'} (${unit.name})`,
        scale: { type: xScale, zero: false, nice: xScale === 'linear', padding: 10 },
        axis: {
          grid: false,
          ...valueAxis(
            xScale,
            rows.map(({ x }) => x),
          ),
        },
      },
      y: {
        field: 'value',
        type: 'quantitative',
        title: objectiveLabel(study),
        scale: { type: yScale, zero: false, nice: yScale === 'linear', padding: 10 },
        axis: valueAxis(
          yScale,
          rows.map(({ value }) => value),
        ),
      },
      color: {
        field: 'kind',
        type: 'nominal',
        title: null,
        scale: { domain: ['others', 'of the best configuration'], range: [accent, contrast] },
        legend: hasBest ? { orient: 'top' } : null,
      },
      shape: {
        field: 'kind',
        type: 'nominal',
        title: null,
        scale: { domain: ['others', 'of the best configuration'], range: ['circle', 'diamond'] },
        legend: hasBest ? { orient: 'top' } : null,
      },
      description: { field: 'told', type: 'nominal' },
    },
  };
  return {
    title: what === 'cost' ? 'Result against cost' : 'Result against time',
    caption: `Each run that counts, by what it ${what === 'cost' ? 'has cost' : 'took from its start to its end'}.${goalWords(study)}${sampleWords(rows.length, known.length, 'run')}`,
    spec,
    sql: spendingQuestion(study, what),
  };
}
