// The table of all runs, which the page's script fills, filters and opens; without script, its first rows.

import { html } from 'hono/html';
import { plural } from '../../../util/plural.ts';
import { formatExact, formatNumber, formatSeconds, formatValue } from '../../format.ts';
import type { PageRun, StudyData } from '../page_data.ts';
import { type Html, heading, NOTHING, scrolling, stateText } from './pieces.ts';

/** Of which a page without script is a sample. */
const MOST_ROWS = 50;

export function runsSection({ id, table }: StudyData, level: 2 | 3): Html {
  const { runs, axes, metric, n_logs } = table;
  const n = runs.length;
  const hasTags = runs.some(({ tags }) => tags.length > 0);
  const sample = scrolling(
    'Runs',
    html`<table><caption>${n > MOST_ROWS ? `A sample: the first ${MOST_ROWS} of ${n} runs. With script, all of them stand here` : plural(n, 'run')}</caption>
<thead><tr><th scope="col">state</th>${axes.map(({ field }) => html`<th scope="col">${field}</th>`)}<th scope="col" class="number">seed</th><th scope="col" class="number">${metric}</th><th scope="col" class="number">steps</th><th scope="col" class="number">time</th><th scope="col">run</th>${hasTags ? html`<th scope="col">tags</th>` : NOTHING}</tr></thead>
<tbody>${runs.slice(0, MOST_ROWS).map((run) => row(run, hasTags))}</tbody></table>`,
  );
  return html`<section aria-labelledby="${id}-runs">
${heading(level, `${id}-runs`, 'Runs')}
<div class="runs" data-study="${id}"></div>
<noscript>${sample}</noscript>
${n_logs < n && n > 1000 ? html`<p class="soft">Of ${n_logs} runs the end of the log is kept here, of those that ended badly first; that of the others is logs.log in their directories.</p>` : NOTHING}
</section>`;
}

function row({ state, axes, seed, value, steps, seconds, run, tags }: PageRun, hasTags: boolean): Html {
  return html`<tr><td>${stateText(state)}</td>${axes.map((each) => html`<td>${formatExact(each)}</td>`)}<td class="number">${seed ?? '—'}</td><td class="number">${formatValue(value)}</td><td class="number">${steps === null ? '—' : formatNumber(steps)}</td><td class="number">${seconds === null ? '—' : formatSeconds(seconds)}</td><td class="path">${run}</td>${hasTags ? html`<td>${tags.join(', ')}</td>` : NOTHING}</tr>`;
}
