// Where the numbers come from: code, versions, machines and commands.

import { html } from 'hono/html';
import { plural } from '../../../util/plural.ts';
import type { Provenance } from '../provenance.ts';
import { type Html, heading, NOTHING, scrolling } from './pieces.ts';

export function provenanceSection({ facts, diffs, n_more_diffs, from, to }: Provenance): Html {
  const span =
    from === null && to === null
      ? []
      : [{ name: 'time', values: [{ text: `${from ?? '?'} to ${to ?? '?'}`, n: 0 }], n_more: 0 }];
  const rows = [...facts, ...span].map(
    ({ name, values, n_more }) =>
      html`<tr><th scope="row">${name}</th><td>${values.map(
        ({ text, n }) =>
          html`<div class="fact"><code>${text}</code>${n > 0 && values.length > 1 ? html` <span class="soft">${plural(n, 'run')}</span>` : NOTHING}</div>`,
      )}${n_more > 0 ? html`<div class="soft">and ${n_more} more</div>` : NOTHING}</td></tr>`,
  );
  return html`<section aria-labelledby="provenance">
${heading(2, 'provenance', 'Provenance')}
${rows.length === 0 ? html`<p class="soft">The runs do not say what code made them.</p>` : scrolling('Provenance', html`<table class="facts"><caption class="unseen">Code, versions, machines and commands of the runs</caption><tbody>${rows}</tbody></table>`)}
${diffs.map(diff)}
${n_more_diffs > 0 ? html`<p class="soft">${plural(n_more_diffs, 'more difference')}: code.diff in the runs’ directories</p>` : NOTHING}
</section>`;
}

function diff({ runs, n_runs, text, n_cut }: Provenance['diffs'][number]): Html {
  const lines = text.split('\n').map((line) => html`<span class="${lineKind(line)}">${line}\n</span>`);
  return html`<details class="diff"><summary>Changes to the commit, in ${plural(n_runs, 'run')}</summary>
<p class="soft path">${runs.join(', ')}${n_runs > runs.length ? ` and ${n_runs - runs.length} more` : ''}</p>
<pre tabindex="0">${lines}${n_cut > 0 ? `… ${n_cut} more characters in code.diff` : ''}</pre></details>`;
}

function lineKind(line: string): string {
  if (/^(\+\+\+|---|diff |index |@@)/.test(line)) return 'about';
  return line.startsWith('+') ? 'added' : line.startsWith('-') ? 'removed' : 'same';
}
