// The charts of a study, drawn already: each with what it says in words, and the SQL that gives its numbers.

import { html, raw } from 'hono/html';
import type { ChartData, StudyData } from '../page_data.ts';
import { type Html, heading, NOTHING } from './pieces.ts';

export function chartsSection({ id, charts }: Pick<StudyData, 'id' | 'charts'>, level: 2 | 3): Html {
  if (charts.length === 0) return NOTHING;
  return html`<section aria-labelledby="${id}-charts">
${heading(level, `${id}-charts`, 'Charts')}
<div class="charts">${charts.map(figure)}</div></section>`;
}

/** Charts that want the whole width: wider than this, in pixels as drawn. */
const WIDE = 560;

function figure({ id, title, caption, svg, sql }: ChartData): Html {
  const width = Number(/<svg[^>]* width="(\d+)/.exec(svg)?.[1] ?? 0);
  return html`<figure id="${id}" class="chart${width > WIDE ? ' wide' : ''}">
<div class="head"><strong>${title}</strong><button type="button" class="enlarge" hidden aria-label="Enlarge: ${title}">⤢</button></div>
<div class="drawing" tabindex="0" role="group" aria-label="${title}">${
    // Drawn by a library that escapes what it is given.
    raw(svg)
  }</div>
<figcaption>${caption}</figcaption>
${sql === '' ? NOTHING : html`<details class="sql"><summary>SQL<span class="unseen"> behind ${title}</span></summary><pre tabindex="0">${sql}</pre></details>`}
</figure>`;
}
