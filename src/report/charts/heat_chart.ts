// Two axes at once: the mean of the objective for each pair of their values, so that what one does at each value of the other shows.

import type { TopLevelSpec } from 'vega-lite';
import { meanAndSd } from '../../run_files/objective.ts';
import { plural } from '../../util/plural.ts';
import type { Axis, Study } from '../study/study.ts';
import type { Chart } from './chart.ts';
import { levelsQuestion } from './questions.ts';
import { valueScale } from './scales.ts';
import { ink, RAMP } from './theme.ts';
import { fieldLabel, goalWords, numberLabel, objectiveLabel, valueLabel } from './wording.ts';

const MOST_VALUES = 15;

interface Pair {
  x: string;
  y: string;
  mean: number | null;
  text: string;
  told: string;
}

/** Of the two most important axes, or the first two; null where there are none of few values. */
export function heatChart(study: Study): Omit<Chart, 'id'> | null {
  const [x, y] = chosenAxes(study);
  if (x === undefined || y === undefined) return null;
  const pairs = pairsOf(study, x, y);
  const means = pairs.flatMap(({ mean }) => mean ?? []);
  if (means.length === 0) return null;
  const scale = valueScale(means);
  const reverse = study.summary.goal === 'minimize';
  const share = shareOfRamp(means, scale, reverse);
  const cells = pairs.map((pair) => ({ ...pair, onBright: pair.mean !== null && share(pair.mean) > EQUAL_CONTRAST }));
  const spec: TopLevelSpec = {
    width: { step: 68 },
    height: { step: 40 },
    data: { values: cells },
    encoding: {
      x: {
        field: 'x',
        type: 'ordinal',
        title: fieldLabel(x.field),
        sort: x.values.map(valueLabel),
        axis: { labelAngle: 0, domain: false, ticks: false },
      },
      y: {
        field: 'y',
        type: 'ordinal',
        title: fieldLabel(y.field),
        sort: y.values.map(valueLabel).reverse(),
        axis: { domain: false, ticks: false },
      },
      description: { field: 'told', type: 'nominal' },
    },
    layer: [
      {
        transform: [{ filter: 'isValid(datum.mean)' }],
        mark: { type: 'rect', cornerRadius: 3 },
        encoding: {
          color: {
            field: 'mean',
            type: 'quantitative',
            scale: { scheme: RAMP, type: scale, reverse },
            legend: { title: `mean ${objectiveLabel(study)}`, gradientLength: 160, format: '~g', tickCount: 4 },
          },
        },
      },
      {
        mark: { type: 'text', fontSize: 12, aria: false },
        encoding: { text: { field: 'text' }, color: { value: ink, condition: TEXT_COLORS } },
      },
    ],
  };
  const bad = cells.some(({ text }) => text === '×');
  return {
    title: `${fieldLabel(x.field)} and ${fieldLabel(y.field)}`,
    caption: [
      `Mean of ${objectiveLabel(study)} over the runs of each pair of values.`,
      goalWords(study),
      ` Bright is ${study.summary.goal === null ? 'more' : 'better'}.`,
      bad ? ' Where there is a ×, no run has ended with a number.' : '',
    ].join(''),
    spec,
    sql: levelsQuestion(study, [x.field, y.field]),
  };
}

function chosenAxes({ axes, importance }: Study): Axis[] {
  const ranked = importance.flatMap(({ field }) => axes.find((axis) => axis.field === field) ?? []);
  const chosen = (ranked.length > 0 ? ranked : axes).filter(({ values }) => values.length <= MOST_VALUES).slice(0, 2);
  // The one of more values lies down, where there is room.
  return chosen.sort((a, b) => b.values.length - a.values.length);
}

function pairsOf(study: Study, x: Axis, y: Axis): Pair[] {
  const { configurations } = study.summary;
  const values = new Map<string, number[]>();
  const keyOf = (a: string, b: string) => JSON.stringify([a, b]);
  for (const { configuration, counts, value } of study.runs) {
    const fields = configurations[configuration]?.fields ?? {};
    const key = keyOf(valueLabel(fields[x.field] ?? null), valueLabel(fields[y.field] ?? null));
    const reached = values.get(key) ?? [];
    if (counts && value !== null) reached.push(value);
    values.set(key, reached);
  }
  return x.values.map(valueLabel).flatMap((a) =>
    y.values.map(valueLabel).flatMap((b) => {
      const reached = values.get(keyOf(a, b));
      if (reached === undefined) return [];
      const { mean } = meanAndSd(reached);
      const what = mean === null ? 'no number' : `mean ${numberLabel(mean)} over ${plural(reached.length, 'run')}`;
      const told = `${fieldLabel(x.field)} ${a}, ${fieldLabel(y.field)} ${b}: ${what}`;
      return [{ x: a, y: b, mean, text: mean === null ? '×' : numberLabel(Number(mean.toPrecision(3))), told }];
    }),
  );
}

/** How far along the ramp a mean lies, from 0 at its dark end to 1 at its bright one. */
function shareOfRamp(means: readonly number[], scale: 'linear' | 'log', reverse: boolean): (mean: number) => number {
  const at = (value: number) => (scale === 'log' ? Math.log(value) : value);
  const [low, high] = [at(Math.min(...means)), at(Math.max(...means))];
  return (mean) => {
    const share = high === low ? 0.5 : (at(mean) - low) / (high - low);
    return reverse ? 1 - share : share;
  };
}

/** Where black and white stand out alike from viridis: four and a half to one or more on either side. */
const EQUAL_CONTRAST = 0.43;

const TEXT_COLORS = [
  { test: 'datum.onBright', value: '#000000' },
  { test: 'isValid(datum.mean)', value: '#ffffff' },
];
