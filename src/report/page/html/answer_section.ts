// The answer in plain sight: the best configuration, how far it is ahead and how sure that is, and what went wrong.

import { html } from 'hono/html';
import { plural } from '../../../util/plural.ts';
import { formatMean, formatNumber } from '../../format.ts';
import type { Answer, Lead, Ranked } from '../answer.ts';
import type { StudyData } from '../page_data.ts';
import { type Html, heading, NOTHING, roughly, scrolling, stateList, stateText } from './pieces.ts';

export function answerSection({ id, answer, metric, replicates }: StudyData, level: 2 | 3): Html {
  return html`<section class="answer" aria-labelledby="${id}-answer">
${heading(level, `${id}-answer`, 'The answer')}
<div class="card">
${answer.best.length === 0 ? noBest(answer, metric, replicates) : answer.best.length === 1 ? bestOne(answer, metric, replicates) : tie(answer.best, metric)}
</div>
${stateList(answer.states)}
${problems(answer)}
${answer.again === null ? NOTHING : html`<p class="again">Run what is missing: <code>${answer.again}</code></p>`}
</section>`;
}

/** What one of the runs of a configuration is called. */
type Replicate = StudyData['replicates'];

function bestOne({ best, lead, configurations }: Answer, metric: string, replicate: Replicate): Html {
  const [first] = best;
  if (first === undefined) return NOTHING;
  return html`<div class="winner">
<div><p class="overline">★ Best configuration</p>
${settingsList(first)}
${first.best_run === null ? NOTHING : html`<p class="soft run">${first.n_runs === 1 ? 'Its run' : 'Its best run'}: <code>${first.best_run}</code></p>`}</div>
<div><p class="overline">${metric}</p>
${bigNumber(first)}
${certainty(first, replicate)}</div>
</div>
${lead === null ? (configurations.length > 1 ? html`<p class="lead soft">No other configuration has a value to compare it with.</p>` : NOTHING) : leadText(lead, replicate)}`;
}

/** The number on which all else rests. */
function bigNumber({ mean, sd }: Pick<Ranked, 'mean' | 'sd'>): Html {
  const [value = '—', deviation] = formatMean(mean, sd).split(' ± ');
  return html`<p class="big">${value}${deviation === undefined ? NOTHING : html`<span class="deviation"> ± ${deviation}</span>`}</p>`;
}

function certainty({ interval, sd, n, preliminary }: Ranked, replicate: Replicate): Html {
  const so_far = preliminary ? 'so far, ' : '';
  if (sd === null) {
    return html`<p class="soft">${so_far}one ${replicate}: how much ${replicate}s vary is not known</p>`;
  }
  if (sd === 0) {
    return html`<p class="soft">${so_far}several ${replicate}s, which do not differ: how much ${replicate}s vary is not known</p>`;
  }
  // Those that have not ended do not count, so that there is no number of them, and no interval.
  if (interval === null) return html`<p class="soft">${so_far}mean ± sd over ${replicate}s that have not ended</p>`;
  return html`<p class="soft">${so_far}mean ± sd over ${plural(n, replicate)}; 95 % interval ${roughly(interval.low)} to ${roughly(interval.high)}</p>`;
}

function leadText({ next, by, interval, exceedsSpread }: Lead, replicate: Replicate): Html {
  const settings = inline(next);
  const gap = html`<b>${roughly(by)}</b> ahead of the next, <span class="inline">${settings}</span> (${formatMean(next.mean, next.sd)}).`;
  if (interval === null) {
    return html`<p class="lead unsure"><span class="sign" aria-hidden="true">?</span><span>${gap} With a single ${replicate} on either side, nothing tells whether that is more than ${replicate}s vary.</span></p>`;
  }
  if (exceedsSpread === null) {
    return html`<p class="lead unsure"><span class="sign" aria-hidden="true">?</span><span>${gap} The ${replicate}s did not differ at all: nothing tells how much others would.</span></p>`;
  }
  return exceedsSpread
    ? html`<p class="lead sure"><span class="sign" aria-hidden="true">✓</span><span>${gap} That is more than ${replicate}s vary: the difference’s 95 % interval is ${roughly(interval.low)} to ${roughly(interval.high)}.</span></p>`
    : html`<p class="lead unsure"><span class="sign" aria-hidden="true">≈</span><span>${gap} How ${replicate}s vary can explain that: the difference’s 95 % interval, ${roughly(interval.low)} to ${roughly(interval.high)}, holds 0.</span></p>`;
}

function tie(best: readonly Ranked[], metric: string): Html {
  const [first] = best;
  return html`<p class="overline">★ ${best.length} configurations tie by ${metric}</p>
${first === undefined ? NOTHING : bigNumber(first)}
<ul>${best.slice(0, 8).map((each) => html`<li class="inline">${inline(each)}</li>`)}</ul>
${best.length > 8 ? html`<p class="soft">and ${best.length - 8} more</p>` : NOTHING}`;
}

function noBest({ undecided, configurations }: Answer, metric: string, replicate: Replicate): Html {
  const [first] = configurations;
  if (undecided === null && first !== undefined && first.mean !== null) {
    return html`<div class="winner"><div><p class="overline">${first.preliminary ? 'So far' : 'The only configuration'}</p>${settingsList(first)}</div>
<div><p class="overline">${metric}</p>${bigNumber(first)}${certainty(first, replicate)}</div></div>`;
  }
  return html`<p class="overline">No configuration is the best by ${metric}</p>
<p class="lead">${undecided ?? 'no run has a value yet'}</p>`;
}

function settingsList({ settings }: Ranked): Html {
  return html`<dl class="settings">${settings.map(({ field, value }) => html`<div><dt>${field}</dt><dd>${value}</dd></div>`)}</dl>`;
}

function inline({ settings }: Ranked): string {
  return settings.map(({ field, value }) => `${field}=${value}`).join(' ');
}

function problems({ problems: found, n_more_problems, states }: Answer): Html {
  const running = states.find(({ state }) => state === 'running')?.n ?? 0;
  const under_way =
    running === 0 ? NOTHING : html`<p>${plural(running, 'run')} still running: the values may change.</p>`;
  if (found.length === 0) return html`${under_way}<p class="soft">No run failed, diverged or was killed.</p>`;
  const rows = found.map(
    ({ problem, steps, run, error, look }) => html`<tr>
<td>${problem === 'not finite' ? problem : stateText(problem)}</td><td class="number">${steps === null ? '—' : formatNumber(steps)}</td>
<td class="path">${run}</td><td class="error">${error}${error === '' ? NOTHING : html`<br>`}<span class="soft path">${look}</span></td></tr>`,
  );
  return html`${under_way}<div class="problems">${scrolling(
    'Runs that need a look',
    html`<table><caption>${plural(found.length + n_more_problems, 'run')} that ${found.length + n_more_problems === 1 ? 'needs' : 'need'} a look</caption>
<thead><tr><th scope="col">problem</th><th scope="col" class="number">steps</th><th scope="col">run</th><th scope="col">error, and where to look</th></tr></thead>
<tbody>${rows}</tbody></table>`,
  )}${n_more_problems === 0 ? NOTHING : html`<p class="soft">and ${n_more_problems} more: filter the table of runs by state</p>`}</div>`;
}
