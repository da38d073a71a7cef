// Parallel coordinates: each configuration a line through its values, the last axis being what it reached.

import type { TopLevelSpec } from 'vega-lite';
import type { JsonValue } from '../../util/json.ts';
import { shortened } from '../../util/text.ts';
import type { Axis, Study } from '../study/study.ts';
import type { Configuration } from '../summary.ts';
import type { Chart } from './chart.ts';
import { levelsQuestion } from './questions.ts';
import { evenly, valueScale } from './scales.ts';
import { contrast, domain, ink, muted, surface } from './theme.ts';
import {
  configurationLabel,
  fieldLabel,
  goalWords,
  numberLabel,
  objectiveLabel,
  sampleWords,
  valueLabel,
} from './wording.ts';

const MOST_LINES = 200;
const MOST_AXES = 8;
const MOST_TICKS = 8;

/** To the left, where lines come from; of the last axis to the right, where there are none. */
const BESIDE_AXIS = {
  align: { expr: "datum.isLast ? 'left' : 'right'" },
  dx: { expr: 'datum.isLast ? 8 : -8' },
} as const;

interface Column {
  title: string;
  /** Where a configuration's line passes, from 0 at the bottom to 1. */
  place(configuration: Configuration): number | null;
  ticks: { at: number; text: string }[];
}

/** Null for fewer than two axes, or where no configuration has reached a number. */
export function parallelChart(study: Study): Omit<Chart, 'id'> | null {
  const { summary, axes } = study;
  const ranked = summary.configurations.flatMap((each, i) => (isNumber(each.mean) ? { each, i, mean: each.mean } : []));
  if (axes.length < 2 || ranked.length < 2) return null;
  // The best half of the lines is kept whole, and the rest is seen in a sample.
  const drawn =
    ranked.length <= MOST_LINES
      ? ranked
      : [...ranked.slice(0, MOST_LINES / 2), ...evenly(ranked.slice(MOST_LINES / 2), MOST_LINES / 2)];
  const means = ranked.map(({ mean }) => mean);
  const scale = valueScale(means);
  const columns = [...axes.slice(0, MOST_AXES).map(columnOf), objectiveColumn(objectiveLabel(study), means, scale)];
  // The best is drawn last, on top.
  const lines = drawn.toReversed().flatMap(({ each, i, mean }) =>
    columns.flatMap((column, x) => {
      const y = column.place(each);
      const told = `${configurationLabel(study, i)}: ${objectiveLabel(study)} ${numberLabel(mean)}`;
      return y === null
        ? []
        : [{ id: -i, x, y, mean, width: each.best ? 3.5 : 1.4, opacity: each.best ? 1 : 0.65, told }];
    }),
  );
  const ticks = columns.flatMap((column, x) =>
    column.ticks.map(({ at, text }) => ({ x, y: at, text, isLast: x === columns.length - 1 })),
  );
  const x = {
    field: 'x',
    type: 'quantitative',
    axis: null,
    scale: { domainMin: 0, domainMax: columns.length - 1, nice: false },
  } as const;
  const y = { field: 'y', type: 'quantitative', axis: null, scale: { domainMin: 0, domainMax: 1 } } as const;
  const spec: TopLevelSpec = {
    width: Math.max(360, (columns.length - 1) * 170),
    height: 280,
    padding: { left: 70, right: 80, top: 8, bottom: 8 },
    layer: [
      {
        data: { values: columns.map((column, i) => ({ x: i, low: 0, high: 1, title: column.title })) },
        encoding: { x },
        layer: [
          {
            mark: { type: 'rule', color: domain, aria: false },
            encoding: { y: { ...y, field: 'low' }, y2: { field: 'high' } },
          },
          {
            mark: { type: 'text', dy: -18, fontWeight: 600, color: ink, aria: false },
            encoding: { y: { ...y, field: 'high' }, text: { field: 'title' } },
          },
        ],
      },
      {
        data: { values: lines },
        mark: { type: 'line', strokeJoin: 'round' },
        encoding: {
          x,
          y,
          detail: { field: 'id', type: 'nominal' },
          color: {
            field: 'mean',
            type: 'quantitative',
            scale: {
              type: scale,
              interpolate: 'rgb',
              range: summary.goal === 'minimize' ? [contrast, domain] : [domain, contrast],
            },
            legend: null,
          },
          strokeWidth: { field: 'width', type: 'quantitative', scale: null },
          opacity: { field: 'opacity', type: 'quantitative', scale: null },
          description: { field: 'told', type: 'nominal' },
        },
      },
      {
        data: { values: ticks },
        encoding: { x, y },
        layer: [
          { mark: { type: 'tick', orient: 'horizontal', size: 8, thickness: 1, color: domain, aria: false } },
          // Lines pass below the labels: what stands behind them keeps them legible.
          ...[{ stroke: surface, strokeWidth: 4, strokeJoin: 'round' } as const, { color: muted }].map(
            (look) =>
              ({
                mark: { type: 'text', ...BESIDE_AXIS, aria: false, ...look },
                encoding: { text: { field: 'text' } },
              }) as const,
          ),
        ],
      },
    ],
  };
  return {
    title: 'Configurations',
    caption: `Each line is a configuration through its values; the last axis is what it reached on average.${goalWords(study)} The more orange, the ${summary.goal === null ? 'more' : 'better'}.${summary.configurations.some(({ best }) => best) ? ' The best is thick.' : ''}${sampleWords(drawn.length, summary.configurations.length, 'configuration')}`,
    spec,
    sql: levelsQuestion(study, summary.shown),
  };
}

const isNumber = (value: number | null): value is number => value !== null && Number.isFinite(value);

function columnOf(axis: Axis): Column {
  const { field, scale, values } = axis;
  const numbers = values.filter((value) => typeof value === 'number');
  if (scale === 'category') {
    const labels = values.map(valueLabel);
    const at = (i: number) => (labels.length < 2 ? 0.5 : i / (labels.length - 1));
    const ticks = evenly(
      labels.map((text, i) => ({ at: at(i), text: shortened(text, 17) })),
      MOST_TICKS,
    );
    return {
      title: fieldLabel(field),
      ticks,
      place: ({ fields }) => at(labels.indexOf(valueLabel(fields[field] ?? null))),
    };
  }
  const place = placing(numbers, scale);
  const ticks = evenly(numbers, MOST_TICKS).map((value) => ({ at: place(value), text: numberLabel(value) }));
  const placeOf = (value: JsonValue | undefined) => (typeof value === 'number' ? place(value) : null);
  return { title: fieldLabel(field), ticks, place: ({ fields }) => placeOf(fields[field]) };
}

function objectiveColumn(title: string, means: readonly number[], scale: 'linear' | 'log'): Column {
  const place = placing(means, scale);
  const [low, high] = [means.reduce((a, b) => Math.min(a, b)), means.reduce((a, b) => Math.max(a, b))];
  const between = [0, 0.25, 0.5, 0.75, 1].map((share) =>
    scale === 'log' ? low * (high / low) ** share : low + (high - low) * share,
  );
  const ticks = between.map((value) => ({ at: place(value), text: numberLabel(Number(value.toPrecision(3))) }));
  return { title, ticks, place: ({ mean }) => (mean === null ? null : place(mean)) };
}

function placing(numbers: readonly number[], scale: 'linear' | 'log'): (value: number) => number {
  const at = (value: number) => (scale === 'log' ? Math.log(value) : value);
  const low = at(numbers.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY));
  const high = at(numbers.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY));
  return (value) => (high === low ? 0.5 : (at(value) - low) / (high - low));
}
