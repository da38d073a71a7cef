// What the models were asked and what they said, the worst and the best first.

import { html } from 'hono/html';
import { plural } from '../../../util/plural.ts';
import { formatNumber } from '../../format.ts';
import type { TranscriptData, TranscriptsData } from '../page_data.ts';
import { type Html, heading, NOTHING } from './pieces.ts';

export function transcriptsSection({ shown, n }: TranscriptsData): Html {
  if (shown.length === 0) return NOTHING;
  return html`<section aria-labelledby="transcripts">
${heading(2, 'transcripts', 'Samples and transcripts')}
<p class="soft">${shown.length < n ? `A sample: ${shown.length} of ${n}` : plural(n, 'transcript')}; of the newest step of each run the worst and the best by score come first.</p>
<div class="filter" data-filters="transcript-list" hidden><label>Find in transcripts <input type="search" autocomplete="off"></label> <span role="status" class="soft"></span></div>
<div id="transcript-list">${shown.map(transcript)}</div></section>`;
}

function transcript({ run, label, score, step, file, messages }: TranscriptData): Html {
  return html`<details class="transcript"><summary><span class="score">${score === null ? '—' : formatNumber(score)}</span> <span>${label}</span>${step === null ? NOTHING : html` <span class="soft">step ${step}</span>`} <span class="soft path">${run}</span></summary>
<p class="soft path">${file}</p>
${messages.map(
  ({ role, text, score: own }) =>
    html`<div class="message"><p class="role">${role}${own === null ? NOTHING : html` <span class="soft">${formatNumber(own)}</span>`}</p><pre tabindex="0">${text}</pre></div>`,
)}</details>`;
}
