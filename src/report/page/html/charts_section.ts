// The charts of a study, drawn already: each with what it says in words, and the SQL that gives its numbers.

import { html, raw } from 'hono/html';
import { plural } from '../../../util/plural.ts';
import type { ChartData, StudyData } from '../page_data.ts';
import { type Html, heading, NOTHING } from './pieces.ts';

export function chartsSection({ id, charts }: Pick<StudyData, 'id' | 'charts'>, level: 2 | 3): Html {
  if (charts.length === 0) return NOTHING;
  const further = charts.filter(({ isFurther }) => isFurther);
  return html`<section aria-labelledby="${id}-charts">
${heading(level, `${id}-charts`, 'Charts')}
<div class="charts">${charts.filter(({ isFurther }) => !isFurther).map(figure)}</div>
${further.length === 0 ? NOTHING : html`<details class="further"><summary>${plural(further.length, 'more learning curve')}</summary><div class="charts">${further.map(figure)}</div></details>`}
</section>`;
}

function figure({ id, title, caption, svg, sql, width, isWide }: ChartData): Html {
  return html`<figure id="${id}" class="chart${isWide ? ' wide' : ''}" style="--drawn: ${width}px">
<div class="head"><strong>${title}</strong><button type="button" class="enlarge" hidden aria-label="Enlarge: ${title}">⤢</button></div>
<div class="drawing" tabindex="0" role="group" aria-label="${title}">${
    // Drawn by a library that escapes what it is given.
    raw(svg)
  }</div>
<figcaption>${caption}</figcaption>
${sql === '' ? NOTHING : html`<details class="sql"><summary>SQL<span class="unseen"> behind ${title}</span></summary><pre tabindex="0">${sql}</pre></details>`}
</figure>`;
}
