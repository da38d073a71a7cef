// The configurations, the best first: what each has reached, how sure that is, and how its metric ran.

import { html } from 'hono/html';
import { plural } from '../../../util/plural.ts';
import { formatMean, formatNumber } from '../../format.ts';
import type { Ranked } from '../answer.ts';
import type { StudyData } from '../page_data.ts';
import { type Html, heading, NOTHING, roughly, scrolling } from './pieces.ts';
import { intervalMark, type Scale, scaleOf, sparkline } from './small_charts.ts';

export function configurationsSection(study: StudyData, level: 2 | 3): Html {
  const { id, answer, metric, objective, replicates } = study;
  const { configurations, n_more_configurations: n_more, isPriced } = answer;
  const fields = configurations[0]?.settings.map(({ field }) => field) ?? [];
  const scale = scaleOf(configurations);
  const n = configurations.length + n_more;
  const hasNotes = configurations.some(({ notes }) => notes.length > 0);
  const hasCurves = configurations.some(({ curve }) => curve.some(Number.isFinite));
  const head = html`<tr><th scope="col" class="number">rank</th>${fields.map((field) => html`<th scope="col">${field}</th>`)}
<th scope="col" class="number">${metric}</th>${scale === null ? NOTHING : html`<th scope="col" class="range">${rangeHead(scale)}</th>`}
<th scope="col" class="number">n</th>${hasCurves ? html`<th scope="col">curve</th>` : NOTHING}${isPriced ? html`<th scope="col" class="number">cost</th>` : NOTHING}${hasNotes ? html`<th scope="col">notes</th>` : NOTHING}</tr>`;
  const rows = configurations.map((each) => row(each, { scale, isPriced, hasNotes, hasCurves }));
  return html`<section aria-labelledby="${id}-configurations">
${heading(level, `${id}-configurations`, 'Configurations')}
${scrolling(
  'Configurations',
  html`<table class="configurations"><caption>${plural(n, 'configuration')}, the best first: ${objective}; mean ± sd over ${replicates}s, the line is the 95 % interval${n_more > 0 ? `. The first ${configurations.length} are shown; the table of runs has all` : ''}</caption>
<thead>${head}</thead><tbody>${rows}</tbody></table>`,
)}</section>`;
}

function rangeHead({ low, high, isLog }: Scale): Html {
  return html`<span class="ends"><span>${roughly(low)}</span><span>${isLog ? 'log' : ''}</span><span>${roughly(high)}</span></span>`;
}

function row(
  each: Ranked,
  shown: { scale: Scale | null; isPriced: boolean; hasNotes: boolean; hasCurves: boolean },
): Html {
  const { rank, settings, mean, sd, n, n_runs, isBest, cost, notes, curve } = each;
  return html`<tr${isBest ? html` class="best"` : NOTHING}><td class="number">${isBest ? html`<span title="best">★</span>` : rank}</td>${settings.map(({ value }) => html`<td class="value">${value}</td>`)}
<td class="number mean">${formatMean(mean, sd)}</td>${shown.scale === null ? NOTHING : html`<td class="range">${intervalMark(each, shown.scale)}</td>`}
<td class="number">${n}/${n_runs}</td>${shown.hasCurves ? html`<td>${sparkline(curve)}</td>` : NOTHING}${shown.isPriced ? html`<td class="number">${cost === null ? '' : `$${formatNumber(cost)}`}</td>` : NOTHING}${shown.hasNotes ? html`<td class="notes">${notes.join(', ')}</td>` : NOTHING}</tr>`;
}
