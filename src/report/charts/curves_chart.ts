// Learning curves of one metric: a line a configuration, with a band over its seeds, and a mark where a run ended before its time.

import type { TopLevelSpec } from 'vega-lite';
import { plural } from '../../util/plural.ts';
import { printable } from '../../util/printable.ts';
import type { Curve, MetricCurves, Study } from '../study/study.ts';
import type { Chart } from './chart.ts';
import { curvesQuestion } from './questions.ts';
import { evenly, valueAxis, valueScale } from './scales.ts';
import { stateShapes } from './states.ts';
import { ink, seriesColors, seriesDashes } from './theme.ts';
import { configurationLabel, goalWords, numberLabel } from './wording.ts';

/** Places of a curve that tell their numbers. */
const TOLD_POINTS = 40;
/** Curves of fewer points show them as dots. */
const FEW_POINTS = 12;

export function curvesChart(study: Study, drawn: MetricCurves): Omit<Chart, 'id'> {
  const { metric, curves, ends } = drawn;
  const labels = curves.map(({ configuration }) => configurationLabel(study, configuration));
  const isOne = curves.length === 1;
  const scale = valueScale(curves.flatMap(({ points }) => points.flatMap(({ low, high }) => [low, high])));
  const hasBand = curves.some(({ points }) => points.some(({ n }) => n > 1));
  const name = printable(metric);
  const axis = valueAxis(
    scale,
    curves.flatMap(({ points }) => points.map(({ mean }) => mean)),
  );
  const series = { field: 'configuration', type: 'nominal', sort: null } as const;
  const legend = isOne ? null : LEGEND(labels);
  const rows = curves.flatMap((curve, i) => rowsOf(curve, labels[i] ?? ''));
  const told = curves.flatMap((curve, i) => toldRows(curve, labels[i] ?? '', name));
  const spec: TopLevelSpec = {
    width: 620,
    height: 300,
    data: { values: rows },
    encoding: {
      x: {
        field: 'step',
        type: 'quantitative',
        title: 'step',
        axis: { tickMinStep: 1, tickCount: 8, grid: false },
        scale: { nice: false },
      },
      color: { ...series, scale: { domain: labels, range: seriesColors(labels.length) }, title: null, legend },
    },
    layer: [
      {
        mark: { type: 'area', opacity: 0.16, aria: false },
        encoding: { y: { field: 'low', type: 'quantitative' }, y2: { field: 'high' } },
      },
      {
        mark: { type: 'line', strokeWidth: 2.2, aria: false, strokeJoin: 'round' },
        encoding: {
          y: {
            field: 'mean',
            type: 'quantitative',
            title: name,
            scale: { type: scale, zero: false, nice: scale === 'linear' },
            axis,
          },
          strokeDash: { ...series, scale: { domain: labels, range: seriesDashes(labels.length) }, title: null, legend },
        },
      },
      {
        data: { values: told },
        mark: { type: 'point', filled: true, size: 36 },
        encoding: {
          y: { field: 'mean', type: 'quantitative' },
          opacity: { field: 'seen', type: 'quantitative', scale: null, legend: null },
          description: { field: 'told', type: 'nominal' },
        },
      },
      ...(ends.length === 0 ? [] : [endsLayer(study, drawn)]),
    ],
  };
  return {
    title: name,
    caption: captionOf(study, drawn, hasBand, scale),
    spec,
    sql: curvesQuestion(study, metric),
  };
}

const LEGEND = (labels: readonly string[]) => {
  const longest = labels.reduce((most, label) => Math.max(most, label.length), 0);
  return {
    orient: 'bottom' as const,
    columns: longest > 42 ? 1 : longest > 26 ? 2 : 3,
    symbolType: 'stroke' as const,
    symbolSize: 400,
    symbolOpacity: 1,
    labelLimit: 580,
    offset: 12,
  };
};

function rowsOf({ points }: Curve, configuration: string) {
  return points.map(({ step, mean, low, high }) => ({ configuration, step, mean, low, high }));
}

function toldRows({ points }: Curve, configuration: string, metric: string) {
  const seen = points.length <= FEW_POINTS ? 1 : 0;
  return evenly(points, TOLD_POINTS).map(({ step, mean, low, high, n }) => {
    const range = n > 1 ? ` (${numberLabel(low)} to ${numberLabel(high)} over ${n} runs)` : '';
    const told = `${configuration}: ${metric} ${numberLabel(mean)}${range} at step ${step}`;
    return { configuration, step, mean, seen, told };
  });
}

function endsLayer(study: Study, { metric, ends }: MetricCurves) {
  const values = ends.map(({ run, configuration, state, step, value }) => ({
    configuration: configurationLabel(study, configuration),
    state,
    step,
    mean: value,
    told: printable(`${run} ${state}: ${metric} ${numberLabel(value)} at step ${step}`),
  }));
  return {
    data: { values },
    mark: { type: 'point', filled: true, size: 90, opacity: 1, stroke: ink, strokeWidth: 1 },
    encoding: {
      y: { field: 'mean', type: 'quantitative' },
      shape: {
        field: 'state',
        type: 'nominal',
        title: null,
        scale: stateShapes(ends.map(({ state }) => state)),
        legend: { orient: 'top', symbolFillColor: ink },
      },
      description: { field: 'told', type: 'nominal' },
    },
  } as const;
}

function captionOf(study: Study, { curves, n_left_out, ends, metric }: MetricCurves, hasBand: boolean, scale: string) {
  const isObjective = metric === study.summary.metric;
  const all = curves.length + n_left_out;
  const ranked = study.summary.goal === null ? 'first' : 'best';
  const thinned = curves.some(({ points, n_steps }) => points.length < n_steps);
  return [
    hasBand
      ? 'Lines are means over the runs of a configuration; bands reach from the least to the greatest of them.'
      : 'A line a configuration.',
    isObjective ? goalWords(study) : '',
    n_left_out > 0 ? ` Shown are the ${ranked} ${curves.length} of ${plural(all, 'configuration')}.` : '',
    ends.length > 0 ? ' Marks show where runs ended before their last step.' : '',
    scale === 'log' ? ' The vertical axis is logarithmic.' : '',
    thinned ? ' Of many steps up to 200 are drawn, the least and the greatest among them.' : '',
  ].join('');
}
