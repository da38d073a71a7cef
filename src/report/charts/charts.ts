// The charts of a study, in the order in which they are looked at.

import { uniqueIds } from '../study/ids.ts';
import type { Study } from '../study/study.ts';
import type { Chart } from './chart.ts';
import { curvesChart } from './curves_chart.ts';

/** Those that have something to show. */
export function chartsOf(study: Study): Chart[] {
  const charts = study.curves.map((curves) => ({ kind: `curves-${curves.metric}`, ...curvesChart(study, curves) }));
  const ids = uniqueIds(charts.map(({ kind }) => kind));
  return charts.map(({ kind: _, ...chart }, i) => ({ id: `${study.id}-${ids[i]}`, ...chart }));
}
