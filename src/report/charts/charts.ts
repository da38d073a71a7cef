// The charts of a study, in the order in which they are looked at.

import { uniqueIds } from '../study/ids.ts';
import type { Study } from '../study/study.ts';
import type { Chart } from './chart.ts';
import { curvesChart } from './curves_chart.ts';
import { distributionChart } from './distribution_chart.ts';
import { effectChart } from './effect_chart.ts';
import { heatChart } from './heat_chart.ts';
import { historyChart } from './history_chart.ts';
import { importanceChart } from './importance_chart.ts';
import { parallelChart } from './parallel_chart.ts';
import { spendingChart } from './spending_chart.ts';
import { stagesChart } from './stages_chart.ts';
import { timelineChart } from './timeline_chart.ts';

/**
 * Those that have something to show: the stages, the objective, what decides it, what it took, and the other metrics.
 * @param own what its sweep asks for beside them
 */
export function chartsOf(study: Study, own: readonly Omit<Chart, 'id'>[] = []): Chart[] {
  const [objective, ...others] = study.curves.map(
    (curves) => [`curves-${curves.metric}`, curvesChart(study, curves)] as const,
  );
  const named: (readonly [string, Omit<Chart, 'id'> | null] | undefined)[] = [
    ['stages', stagesChart(study)],
    objective,
    ['importance', importanceChart(study)],
    ...study.axes.flatMap((axis) => {
      const effect = study.effects.find(({ field }) => field === axis.field);
      return effect === undefined ? [] : [[`effect-${axis.field}`, effectChart(study, axis, effect)] as const];
    }),
    ['pair', heatChart(study)],
    ['configurations', parallelChart(study)],
    ['history', historyChart(study)],
    ['distribution', distributionChart(study)],
    ['timeline', timelineChart(study)],
    ['time', spendingChart(study, 'seconds')],
    ['cost', spendingChart(study, 'cost')],
    ...others,
    ...own.map((chart) => [`own-${chart.title}`, chart] as const),
  ];
  const shown = named.flatMap((each) => (each?.[1] == null ? [] : [{ name: each[0], chart: each[1] }]));
  const ids = uniqueIds(shown.map(({ name }) => name));
  return shown.map(({ chart }, i) => ({ id: `${study.id}-${ids[i]}`, ...chart }));
}
