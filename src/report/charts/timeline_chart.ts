// When runs ran: a bar a run from its start to its end, those that ran at once one above the other.

import type { TopLevelSpec } from 'vega-lite';
import { printable } from '../../util/printable.ts';
import type { Study, StudyRun } from '../study/study.ts';
import type { Chart } from './chart.ts';
import { timelineQuestion } from './questions.ts';
import { evenly, timeUnit } from './scales.ts';
import { hasShape, stateShapes } from './states.ts';
import { accent, domain, ink, surface } from './theme.ts';
import { numberLabel, sampleWords } from './wording.ts';

const MOST_BARS = 1000;

interface Bar {
  run: StudyRun;
  /** Seconds since the first start. */
  start: number;
  end: number;
  lane: number;
}

/** Null where the times of fewer than two runs are known, or all started and ended alike. */
export function timelineChart(study: Study): Omit<Chart, 'id'> | null {
  const all = barsOf(study.runs);
  const [first] = all;
  if (first === undefined || all.every(({ start, end }) => start === first.start && end === first.end)) return null;
  const bars = evenly(all, MOST_BARS);
  const unit = timeUnit(bars.reduce((most, { end }) => Math.max(most, end), 0));
  const lanes = bars.reduce((most, { lane }) => Math.max(most, lane + 1), 0);
  const rows = bars.map(({ run, start, end, lane }) => ({
    lane,
    start: start / unit.size,
    end: end / unit.size,
    state: run.state,
    color: run.state === 'done' ? accent : domain,
    told: printable(
      `${run.name} ${run.state}: ${numberLabel((end - start) / unit.size)} ${unit.name} from ${run.started_at ?? ''}`,
    ),
  }));
  const marked = rows.filter(({ state }) => hasShape(state));
  const spec: TopLevelSpec = {
    width: 620,
    height: { step: lanes > 20 ? 10 : 22 },
    encoding: {
      x: {
        field: 'start',
        type: 'quantitative',
        title: `time since the first start (${unit.name})`,
        scale: { nice: false },
        axis: { tickCount: 8 },
      },
      y: { field: 'lane', type: 'ordinal', axis: null },
    },
    layer: [
      {
        data: { values: rows },
        mark: { type: 'bar', cornerRadius: 2, stroke: surface, strokeWidth: 1 },
        encoding: {
          x2: { field: 'end' },
          color: { field: 'color', type: 'nominal', scale: null },
          description: { field: 'told', type: 'nominal' },
        },
      },
      ...(marked.length === 0
        ? []
        : [
            {
              data: { values: marked },
              mark: { type: 'point', filled: true, size: 70, opacity: 1, color: ink, aria: false },
              encoding: {
                x: { field: 'end', type: 'quantitative' },
                shape: {
                  field: 'state',
                  type: 'nominal',
                  title: null,
                  scale: stateShapes(marked.map(({ state }) => state)),
                  legend: { orient: 'top', symbolFillColor: ink },
                },
              },
            } as const,
          ]),
    ],
  };
  return {
    title: 'Timeline',
    caption: [
      'A bar a run, from its start to its end or its last sign of life; runs that ran at once lie one above the other.',
      marked.length > 0 ? ' Grey bars are not done, and the mark at their end says why.' : '',
      sampleWords(bars.length, all.length, 'run'),
    ].join(''),
    spec,
    sql: timelineQuestion(study),
  };
}

/** In the order of their starts, each in the first lane that is free by then. */
function barsOf(runs: readonly StudyRun[]): Bar[] {
  const timed = runs
    .map((run) => ({ run, from: Date.parse(run.started_at ?? ''), to: Date.parse(run.ended_at ?? '') }))
    .filter(({ from, to }) => from <= to)
    .sort((a, b) => a.from - b.from || (a.run.run < b.run.run ? -1 : 1));
  const origin = timed[0]?.from ?? 0;
  const freeFrom: number[] = [];
  return timed.map(({ run, from, to }) => {
    const free = freeFrom.findIndex((time) => time <= from);
    const lane = free === -1 ? freeFrom.length : free;
    freeFrom[lane] = to;
    return { run, start: (from - origin) / 1000, end: (to - origin) / 1000, lane };
  });
}
