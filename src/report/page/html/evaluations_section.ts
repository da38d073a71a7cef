// Results of benchmarks: who has answered how much right, how sure that is, and how far it is from the best.

import { html } from 'hono/html';
import { plural } from '../../../util/plural.ts';
import type { BenchmarkScore, BenchmarkScores } from '../../scoreboard.ts';
import { type Html, heading, NOTHING, roughly, scrolling } from './pieces.ts';

export function evaluationsSection(benchmarks: readonly BenchmarkScores[]): Html {
  if (benchmarks.length === 0) return NOTHING;
  return html`<section aria-labelledby="evaluations">
${heading(2, 'evaluations', 'Evaluations')}
<p class="soft">Results of cookbook eval. Score and difference are shares of right answers with their 95 % intervals; the difference is to the first one, on the examples that both have answered.</p>
${benchmarks.map(benchmarkTable)}</section>`;
}

function benchmarkTable({ benchmark, scores, n_more }: BenchmarkScores): Html {
  const isCompared = scores.some(({ difference }) => difference !== null);
  const head = html`<tr><th scope="col">model</th><th scope="col" class="number">step</th><th scope="col" class="number">score</th><th scope="col" class="number">95 % interval</th><th scope="col" class="number">n</th>${isCompared ? html`<th scope="col" class="number">difference</th><th scope="col" class="number">p</th>` : NOTHING}<th scope="col">notes</th></tr>`;
  return scrolling(
    `Evaluations of ${benchmark}`,
    html`<table class="evaluations"><caption>${benchmark}${n_more > 0 ? `: the first ${scores.length}, and ${n_more} more` : ''}</caption>
<thead>${head}</thead><tbody>${scores.map((score) => row(score, isCompared))}</tbody></table>`,
  );
}

function row(each: BenchmarkScore, isCompared: boolean): Html {
  const { evaluation, model, step, score, score_low, score_high, num_examples, difference } = each;
  return html`<tr><td title="${evaluation}">${model}</td><td class="number">${step ?? ''}</td><td class="number">${roughly(score)}</td><td class="number">${roughly(score_low)} to ${roughly(score_high)}</td><td class="number">${num_examples}</td>${
    isCompared
      ? html`<td class="number">${difference === null ? '' : `${roughly(difference.value)} (${roughly(difference.low)} to ${roughly(difference.high)})`}</td><td class="number">${difference === null ? '' : roughly(difference.p_value)}</td>`
      : NOTHING
  }<td class="notes">${notesOf(each).join('; ')}</td></tr>`;
}

function notesOf({ num_answers, num_examples, num_errors, difference }: BenchmarkScore): string[] {
  return [
    ...(num_answers > num_examples ? [plural(num_answers, 'answer')] : []),
    ...(num_errors > 0 ? [`${num_errors} failed, which count as wrong`] : []),
    ...(difference !== null && difference.num_examples < num_examples
      ? [`difference on ${plural(difference.num_examples, 'example')}`]
      : []),
    ...(difference !== null && difference.differing.length > 0 ? [`other ${difference.differing.join(', ')}`] : []),
  ];
}
