// How much each axis has to do with being among the best: bars of shares.

import type { TopLevelSpec } from 'vega-lite';
import type { Study } from '../study/study.ts';
import type { Chart } from './chart.ts';
import { levelsQuestion } from './questions.ts';
import { accent, ink, surface } from './theme.ts';
import { fieldLabel, objectiveLabel } from './wording.ts';

/** Null where it takes more than there is to estimate it. */
export function importanceChart(study: Study): Omit<Chart, 'id'> | null {
  if (study.importance.length < 2) return null;
  const rows = study.importance.map(({ field, share, correlation }) => {
    const percent = share > 0 && share < 0.005 ? '< 1 %' : `${Math.round(share * 100)} %`;
    const signed = correlation === null ? '' : correlation.toFixed(2).replace('-', '−');
    const told = `${fieldLabel(field)}: ${percent}${signed === '' ? '' : `, rank correlation ${signed}`}`;
    return { field: fieldLabel(field), share, text: signed === '' ? percent : `${percent}   ρ ${signed}`, told };
  });
  const spec: TopLevelSpec = {
    width: 420,
    height: { step: 34 },
    data: { values: rows },
    encoding: {
      y: { field: 'field', type: 'nominal', sort: null, title: null, axis: { domain: false, ticks: false } },
      x: {
        field: 'share',
        type: 'quantitative',
        title: 'share',
        scale: { domain: [0, 1] },
        axis: { format: '.0%', tickCount: 5 },
      },
      description: { field: 'told', type: 'nominal' },
    },
    layer: [
      { mark: { type: 'bar', color: accent, cornerRadiusEnd: 3, height: { band: 0.66 } } },
      {
        mark: {
          type: 'text',
          aria: false,
          baseline: 'middle',
          fontWeight: 600,
          align: { expr: 'datum.share > 0.7 ? "right" : "left"' },
          dx: { expr: 'datum.share > 0.7 ? -8 : 8' },
        },
        encoding: {
          text: { field: 'text' },
          color: { condition: { test: 'datum.share > 0.7', value: surface }, value: ink },
        },
      },
    ],
  };
  const note = study.importance_note === null ? '' : ` ${study.importance_note}`;
  return {
    title: 'Importance of hyperparameters',
    caption: `How much each field has to do with a configuration being among the best, by PED-ANOVA. ρ is the rank correlation of its values with ${objectiveLabel(study)}: which way they go together. The runs of a configuration count as replicates.${note}`,
    spec,
    sql: levelsQuestion(study, study.summary.shown),
  };
}
