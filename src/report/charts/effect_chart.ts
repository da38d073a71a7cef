// What an axis does to the objective: for each of its values the mean over all runs that have it, with the middle half and the best.

import type { TopLevelSpec } from 'vega-lite';
import type { JsonValue } from '../../util/json.ts';
import { plural } from '../../util/plural.ts';
import type { Axis, Effect, Study } from '../study/study.ts';
import type { Chart } from './chart.ts';
import { levelsQuestion } from './questions.ts';
import { evenly, TICK_LABEL, valueAxis, valueScale } from './scales.ts';
import { accent, contrast } from './theme.ts';
import { fieldLabel, goalWords, numberLabel, objectiveLabel, sampleWords, valueLabel } from './wording.ts';

/** More values than these are a cloud: means of single runs say nothing. */
const MOST_LEVELS = 12;
const MOST_DOTS = 400;

/** Null where no run has reached a number. */
export function effectChart(study: Study, axis: Axis, effect: Effect): Omit<Chart, 'id'> | null {
  const dots = dotsOf(study, axis);
  if (dots.length === 0) return null;
  const field = fieldLabel(axis.field);
  const objective = objectiveLabel(study);
  const isNumber = axis.scale !== 'category';
  const isCloud = isNumber && effect.levels.length > MOST_LEVELS;
  const levels = isCloud ? [] : effect.levels.slice(0, isNumber ? MOST_LEVELS : MOST_CATEGORIES);
  const scale = valueScale(dots.map(({ y }) => y));
  const shown = isCloud
    ? evenly(dots, MOST_DOTS)
    : dots.filter(({ x }) => levels.some((level) => xOf(axis, level.value) === x));
  const sampled = isCloud ? shown : evenly(shown, MOST_DOTS);
  const spec: TopLevelSpec = {
    width: isNumber ? 320 : { step: 56 },
    height: 240,
    encoding: {
      x: xEncoding(
        axis,
        field,
        levels.map(({ value }) => value),
      ),
      y: {
        field: 'y',
        type: 'quantitative',
        title: objective,
        scale: { type: scale, zero: false, nice: scale === 'linear', padding: 8 },
        axis: valueAxis(
          scale,
          dots.map(({ y }) => y),
        ),
      },
    },
    layer: [
      {
        data: { values: sampled },
        mark: { type: 'circle', size: 22, opacity: isCloud ? 0.65 : 0.5, color: accent },
        encoding: { description: { field: 'told', type: 'nominal' } },
      },
      ...(levels.length === 0 ? [] : levelLayers(axis, levels, objective)),
    ],
  };
  return {
    title: `Effect of ${field}`,
    caption: [
      isCloud
        ? `Dots are runs; there are too many values of ${field} for means.`
        : `Each value of ${field}, whatever the other fields are: the large dot is the mean over its runs, the bar their middle half, the diamond the best, small dots single runs.`,
      goalWords(study),
      sampleWords(sampled.length, dots.length, 'run'),
      scale === 'log' ? ' The vertical axis is logarithmic.' : '',
    ].join(''),
    spec,
    sql: levelsQuestion(study, [axis.field]),
  };
}

const MOST_CATEGORIES = 30;

function levelLayers(axis: Axis, levels: Effect['levels'], objective: string) {
  const rows = levels.map(({ value, mean, low, high, best, n }) => ({
    x: xOf(axis, value),
    y: mean,
    low,
    high,
    best,
    told: [
      `${fieldLabel(axis.field)} ${valueLabel(value)}: mean ${objective} ${numberLabel(mean)} over ${plural(n, 'run')}`,
      `middle half ${numberLabel(low)} to ${numberLabel(high)}`,
      ...(best === null ? [] : [`best ${numberLabel(best)}`]),
    ].join(', '),
  }));
  const data = { values: rows };
  const description = { field: 'told', type: 'nominal' } as const;
  return [
    {
      data,
      mark: { type: 'rule', strokeWidth: 7, opacity: 0.28, color: accent, aria: false },
      encoding: { y: { field: 'low', type: 'quantitative' }, y2: { field: 'high' } },
    },
    ...(axis.scale === 'category'
      ? []
      : [{ data, mark: { type: 'line', strokeWidth: 2, color: accent, aria: false } } as const]),
    { data, mark: { type: 'point', filled: true, size: 90, opacity: 1, color: accent }, encoding: { description } },
    {
      data,
      mark: { type: 'point', filled: false, shape: 'diamond', size: 60, strokeWidth: 1.8, opacity: 1, color: contrast },
      encoding: { y: { field: 'best', type: 'quantitative' }, description },
    },
  ] as const;
}

function xEncoding({ scale, values }: Axis, title: string, levels: readonly JsonValue[]) {
  if (scale === 'category') {
    return {
      field: 'x',
      type: 'nominal',
      title,
      sort: values.map(valueLabel),
      axis: { labelAngle: levels.some((level) => valueLabel(level).length > 8) ? -35 : 0 },
    } as const;
  }
  const ticks = levels.filter((level) => typeof level === 'number');
  return {
    field: 'x',
    type: 'quantitative',
    title,
    scale: { type: scale, zero: false, nice: false, padding: 18 },
    axis: {
      grid: false,
      labelOverlap: true,
      ...(ticks.length > 0 ? { values: ticks, labelExpr: TICK_LABEL } : { tickCount: 5 }),
    },
  } as const;
}

/** A number, or the text of a category. */
function xOf({ scale }: Axis, value: JsonValue): number | string {
  return scale !== 'category' && typeof value === 'number' ? value : valueLabel(value);
}

function dotsOf(study: Study, axis: Axis) {
  const { configurations } = study.summary;
  return study.runs.flatMap(({ run, configuration, value, counts }) => {
    if (!counts || value === null) return [];
    const x = xOf(axis, configurations[configuration]?.fields[axis.field] ?? null);
    const told = `${valueLabel(run)}: ${objectiveLabel(study)} ${numberLabel(value)}, ${fieldLabel(axis.field)} ${typeof x === 'number' ? numberLabel(x) : x}`;
    return [{ x, y: value, told }];
  });
}
