// The chart of searches on test functions: the median regret trial by trial, a panel a function.

import type { TopLevelSpec } from 'vega-lite';
import { drawChart } from '../../src/report/charts/draw.ts';
import { standaloneSvg, titled } from '../../src/report/charts/standalone.ts';
import { seriesColors, seriesDashes } from '../../src/report/charts/theme.ts';
import { median } from '../engine/figures.ts';

const METHODS = ['Optuna TPE', 'tpe', 'sobol', 'random'];
const EVERY = 5;

export async function regretChart(
  functions: readonly { name: string; curves: ReadonlyMap<string, number[][]> }[],
  repeats: number,
): Promise<string> {
  const rows = functions.flatMap(({ name, curves }) =>
    METHODS.flatMap((method) => {
      const repeated = curves.get(method) ?? [];
      const length = repeated[0]?.length ?? 0;
      return Array.from({ length: Math.floor(length / EVERY) }, (_, i) => {
        const trial = EVERY * (i + 1);
        return { function: name, method, trial, regret: median(repeated.map((regret) => regret[trial - 1])) };
      });
    }),
  );
  const series = { field: 'method', type: 'nominal', sort: null, title: null } as const;
  const spec: TopLevelSpec = {
    data: { values: rows },
    facet: { field: 'function', type: 'nominal', sort: null, title: null },
    columns: 4,
    spec: {
      width: 180,
      height: 150,
      mark: { type: 'line', strokeWidth: 2, aria: false },
      encoding: {
        x: { field: 'trial', type: 'quantitative', title: 'trials', axis: { grid: false, tickCount: 4 } },
        y: { field: 'regret', type: 'quantitative', title: 'median regret', scale: { type: 'log' } },
        color: { ...series, scale: { domain: METHODS, range: seriesColors(METHODS.length) } },
        strokeDash: { ...series, scale: { domain: METHODS, range: seriesDashes(METHODS.length) } },
      },
    },
    resolve: { scale: { y: 'independent' } },
  };
  const title = `Searches on test functions: median regret of ${repeats} repeats`;
  const chart = { id: 'search-functions', title, caption: title, sql: '', spec };
  return standaloneSvg(await drawChart(titled(chart)));
}
