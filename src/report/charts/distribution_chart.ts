// How the values of all runs are distributed: for each value the share of runs that did as well or better.

import type { TopLevelSpec } from 'vega-lite';
import type { Study } from '../study/study.ts';
import type { Chart } from './chart.ts';
import { distributionQuestion } from './questions.ts';
import { evenly, valueAxis, valueScale } from './scales.ts';
import { accent } from './theme.ts';
import { goalWords, numberLabel, objectiveLabel, sampleWords } from './wording.ts';

const FEWEST_RUNS = 4;
const MOST_POINTS = 300;

/** The empirical distribution function; null for a few runs, where all tie, and where nothing says which way is better. */
export function distributionChart(study: Study): Omit<Chart, 'id'> | null {
  const { goal } = study.summary;
  const values = study.runs.flatMap(({ counts, value }) => (counts && value !== null ? value : []));
  if (goal === null || values.length < FEWEST_RUNS || values.every((value) => value === values[0])) return null;
  const bestFirst = values.sort((a, b) => (goal === 'minimize' ? a - b : b - a));
  // Of those that tie the last one tells the share.
  const steps = bestFirst
    .map((value, i) => ({ value, share: (i + 1) / bestFirst.length }))
    .filter(({ value }, i) => value !== bestFirst[i + 1]);
  const objective = objectiveLabel(study);
  const rows = evenly(steps, MOST_POINTS).map(({ value, share }) => ({
    value,
    share,
    told: `${Math.round(share * 100)} % of ${bestFirst.length} runs: ${objective} ${numberLabel(value)} or better`,
  }));
  const scale = valueScale(values);
  const spec: TopLevelSpec = {
    width: 420,
    height: 240,
    data: { values: rows },
    encoding: {
      x: {
        field: 'value',
        type: 'quantitative',
        title: objective,
        scale: { type: scale, zero: false, nice: false, padding: 10, reverse: goal === 'maximize' },
        axis: { grid: false, ...valueAxis(scale, values) },
      },
      y: {
        field: 'share',
        type: 'quantitative',
        title: 'share of runs as good or better',
        scale: { domain: [0, 1] },
        axis: { format: '.0%', tickCount: 5 },
      },
    },
    layer: [
      { mark: { type: 'line', interpolate: 'step-after', strokeWidth: 2.2, color: accent, aria: false } },
      {
        mark: { type: 'point', filled: true, size: 36, opacity: 1, color: accent },
        encoding: { description: { field: 'told', type: 'nominal' } },
      },
    ],
  };
  return {
    title: 'Distribution',
    caption: `The share of the runs that count which reached each value or a better one: the steeper at its left, the easier it is to get a good one.${goalWords(study)}${sampleWords(rows.length, steps.length, 'value')}`,
    spec,
    sql: distributionQuestion(study),
  };
}
