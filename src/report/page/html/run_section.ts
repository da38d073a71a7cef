// A single run, in the shape of a run: how it stands, its metrics from first to last, its configuration, checkpoints and log.

import { html } from 'hono/html';
import { plural } from '../../../util/plural.ts';
import { formatNumber, formatSeconds, formatValue } from '../../format.ts';
import type { MetricData, PageRun, StudyData } from '../page_data.ts';
import { chartsSection } from './charts_section.ts';
import { type Html, heading, NOTHING, scrolling, stateText } from './pieces.ts';
import { sparkline } from './small_charts.ts';

/** @param said what its models said, which stands before what it was told to do */
export function runSections(study: StudyData, run: PageRun, said: Html): Html {
  const { id, table } = study;
  return html`<section class="answer" aria-labelledby="${id}-answer">
${heading(2, `${id}-answer`, 'How it stands')}
<div class="card"><div class="winner"><div><p class="overline">State</p><p class="big">${stateText(run.state)}</p>${standing(run)}</div>
<div><p class="overline">${table.metric}</p><p class="big">${run.value === null ? '—' : formatValue(run.value)}</p><p class="soft">${study.objective}</p></div></div>
${run.error === null ? NOTHING : html`<p class="lead wrong"><span class="sign" aria-hidden="true">✕</span><span>${run.error}<br><span class="soft path">${run.look}</span></span></p>`}
${run.stopped === null ? NOTHING : html`<p class="lead">${run.stopped}</p>`}
${run.warnings.map((warning) => html`<p class="lead unsure"><span class="sign" aria-hidden="true">!</span><span>${warning}</span></p>`)}
${notes(run)}</div>
${study.answer.again === null ? NOTHING : html`<p class="again">Go on: <code>${study.answer.again}</code></p>`}
</section>
${chartsSection(study, 2)}
${metricsSection(study, run)}
${said}
${configSection(study, run)}
${checkpointsSection(study, run)}
${run.log === null ? NOTHING : html`<section aria-labelledby="${id}-log">${heading(2, `${id}-log`, 'The end of its log')}<pre class="log" tabindex="0">${run.log}</pre></section>`}`;
}

/** What people keep beside it. */
function notes({ tags, notes: text }: PageRun): Html {
  if (tags.length === 0 && text === '') return NOTHING;
  return html`<p class="written">${tags.map((tag) => html`<span class="tag">${tag}</span>`)} ${text}</p>`;
}

function standing({ steps, total_steps, seconds, seed, cost }: PageRun): Html {
  const facts = [
    ...(steps === null
      ? []
      : [`${formatNumber(steps)}${total_steps === null ? '' : ` of ${formatNumber(total_steps)}`} steps`]),
    ...(seconds === null ? [] : [formatSeconds(seconds)]),
    ...(seed === null ? [] : [`seed ${seed}`]),
    ...(cost === null ? [] : [`$${formatNumber(cost)}`]),
  ];
  return html`<p class="soft">${facts.join(' · ')}</p>`;
}

function metricsSection({ id, table }: StudyData, { metrics }: PageRun): Html {
  if (metrics.length === 0) return NOTHING;
  const row = ([
    place,
    first,
    last,
    least,
    greatest,
    curve,
  ]: MetricData) => html`<tr><th scope="row">${table.metrics[place]}</th>
<td class="number">${formatValue(first)}</td><td class="number">${formatValue(last)}</td><td class="number">${least === null ? '' : formatNumber(least)}</td><td class="number">${greatest === null ? '' : formatNumber(greatest)}</td><td>${sparkline(curve)}</td></tr>`;
  return html`<section aria-labelledby="${id}-metrics">${heading(2, `${id}-metrics`, 'Metrics')}
${scrolling(
  'Metrics',
  html`<table><caption>${plural(metrics.length, 'metric')}, from the first value to the last</caption>
<thead><tr><th scope="col">metric</th><th scope="col" class="number">first</th><th scope="col" class="number">last</th><th scope="col" class="number">least</th><th scope="col" class="number">greatest</th><th scope="col">curve</th></tr></thead>
<tbody>${metrics.map(row)}</tbody></table>`,
)}</section>`;
}

function configSection({ id, table }: StudyData, { config }: PageRun): Html {
  const fields = [...config, ...table.shared].sort(([a], [b]) => (a < b ? -1 : 1));
  if (fields.length === 0) return NOTHING;
  return html`<section aria-labelledby="${id}-config">${heading(2, `${id}-config`, 'Configuration')}
${scrolling('Configuration', html`<table class="facts"><caption class="unseen">Fields of its spec</caption><tbody>${fields.map(([field, value]) => html`<tr><th scope="row">${field}</th><td><code>${value}</code></td></tr>`)}</tbody></table>`)}</section>`;
}

function checkpointsSection({ id }: StudyData, { checkpoints, n_more_checkpoints }: PageRun): Html {
  if (checkpoints.length === 0) return NOTHING;
  return html`<section aria-labelledby="${id}-checkpoints">${heading(2, `${id}-checkpoints`, 'Checkpoints')}
<ul class="plain">${checkpoints.map(({ name, batch, kind }) => html`<li><code>${name}</code> <span class="soft">${batch === null ? '' : `before step ${batch}`} ${kind}</span></li>`)}</ul>
${n_more_checkpoints === 0 ? NOTHING : html`<p class="soft">and ${plural(n_more_checkpoints, 'earlier one')}</p>`}</section>`;
}
