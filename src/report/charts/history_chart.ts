// How the search went: what each run reached, in the order of their starts, and the best up to then.

import type { TopLevelSpec } from 'vega-lite';
import type { Study, StudyRun } from '../study/study.ts';
import type { Chart } from './chart.ts';
import { historyQuestion } from './questions.ts';
import { evenly, valueAxis, valueScale } from './scales.ts';
import { accent, contrast } from './theme.ts';
import { configurationLabel, goalWords, numberLabel, objectiveLabel, sampleWords } from './wording.ts';

const FEWEST_RUNS = 3;
const MOST_DOTS = 1000;

interface HistoryPoint {
  run: StudyRun;
  /** From 1. */
  nth: number;
  value: number;
  best: number;
}

/** Null for a few runs, and where nothing says which way is better or in which order they started. */
export function historyChart(study: Study): Omit<Chart, 'id'> | null {
  const history = historyOf(study);
  const isOrdered = history.some(({ run }) => run.started_at !== history[0]?.run.started_at);
  if (history.length < FEWEST_RUNS || !isOrdered) return null;
  const objective = objectiveLabel(study);
  const dots = evenly(history, MOST_DOTS).map(({ run, nth, value }) => {
    const seeded = run.seed === null ? '' : ` seed ${run.seed}`;
    return {
      nth,
      y: value,
      told: `run ${nth}, ${configurationLabel(study, run.configuration)}${seeded}: ${objective} ${numberLabel(value)}`,
    };
  });
  const line = history
    .filter(({ best }, i) => i === 0 || i === history.length - 1 || best !== history[i - 1]?.best)
    .map(({ nth, best }) => ({ nth, y: best, told: `best of the first ${nth}: ${objective} ${numberLabel(best)}` }));
  const values = history.map(({ value }) => value);
  const scale = valueScale(values);
  const spec: TopLevelSpec = {
    width: 620,
    height: 240,
    encoding: {
      x: {
        field: 'nth',
        type: 'quantitative',
        title: 'runs in the order of their starts',
        scale: { zero: false, nice: false, padding: 10 },
        axis: { grid: false, tickMinStep: 1, tickCount: 8 },
      },
      y: {
        field: 'y',
        type: 'quantitative',
        title: objective,
        scale: { type: scale, zero: false, nice: scale === 'linear', padding: 8 },
        axis: valueAxis(scale, values),
      },
    },
    layer: [
      {
        data: { values: dots },
        mark: { type: 'point', filled: true, size: 46, opacity: 0.7, color: accent },
        encoding: { description: { field: 'told', type: 'nominal' } },
      },
      {
        data: { values: line },
        mark: { type: 'line', interpolate: 'step-after', strokeWidth: 2.2, color: contrast, aria: false },
      },
      {
        data: { values: line.slice(0, -1) },
        mark: { type: 'point', shape: 'diamond', filled: true, size: 60, opacity: 1, color: contrast },
        encoding: { description: { field: 'told', type: 'nominal' } },
      },
    ],
  };
  return {
    title: 'History',
    caption: [
      'Each dot is a run that counts, in the order of their starts; the line is the best up to then, a diamond where one was better.',
      goalWords(study),
      sampleWords(dots.length, history.length, 'run'),
      scale === 'log' ? ' The vertical axis is logarithmic.' : '',
    ].join(''),
    spec,
    sql: historyQuestion(study),
  };
}

function historyOf({ runs, summary }: Study): HistoryPoint[] {
  const { goal } = summary;
  if (goal === null) return [];
  const better = goal === 'minimize' ? Math.min : Math.max;
  let best: number | null = null;
  return inOrderOfStart(runs.filter(({ counts }) => counts)).flatMap((run, i) => {
    if (run.value === null) return [];
    best = best === null ? run.value : better(best, run.value);
    return { run, nth: i + 1, value: run.value, best };
  });
}

/** Without those of which no start is known. */
function inOrderOfStart(runs: readonly StudyRun[]): StudyRun[] {
  return runs
    .map((run) => ({ run, start: Date.parse(run.started_at ?? '') }))
    .filter(({ start }) => Number.isFinite(start))
    .sort((a, b) => a.start - b.start || (a.run.run < b.run.run ? -1 : 1))
    .map(({ run }) => run);
}
