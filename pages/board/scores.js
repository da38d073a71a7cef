// Results of evaluations: a table for each benchmark, of who has answered how much of it right. Empty where there are none.

import { element, scrolling } from '../shared/elements.js';
import { countText, numberText } from '../shared/numbers.js';
import { ask, messageOf } from './ask.js';
import { problemElement } from './parts.js';

/** @typedef {import('../../src/board/scores.ts').ScoresView} ScoresView */
/** @typedef {import('../../src/report/scoreboard.ts').BenchmarkScores} BenchmarkScores */
/** @typedef {import('../../src/report/scoreboard.ts').BenchmarkScore} BenchmarkScore */

/** Evaluations take minutes, and somebody else writes them. */
const AGAIN_MS = 60_000;

export class Scores {
  node = element('section', { 'aria-labelledby': 'evaluations', hidden: true });
  #timer = setInterval(() => {
    if (!document.hidden) void this.read();
  }, AGAIN_MS);

  async read() {
    try {
      /** @type {ScoresView} */
      const { benchmarks, problems } = await ask('/api/scores');
      this.#fill(benchmarks, problems);
    } catch (error) {
      // What was shown before stays.
      if (this.node.hidden) this.#fill([], [`The evaluations cannot be read: ${messageOf(error)}`]);
    }
  }

  close() {
    clearInterval(this.#timer);
  }

  /**
   * @param {readonly BenchmarkScores[]} benchmarks
   * @param {readonly string[]} problems
   */
  #fill(benchmarks, problems) {
    this.node.hidden = benchmarks.length === 0 && problems.length === 0;
    if (this.node.hidden) return;
    this.node.replaceChildren(
      element('h2', { id: 'evaluations' }, 'Evaluations'),
      element(
        'p',
        { class: 'soft' },
        'Results of cookbook eval. Score and difference are shares of right answers with their 95 % intervals; the difference is to the first one, on the examples that both have answered.',
      ),
      ...problems.map(problemElement),
      ...benchmarks.map(benchmarkTable),
    );
  }
}

/** @param {BenchmarkScores} benchmark */
function benchmarkTable({ benchmark, scores, n_more }) {
  const isCompared = scores.some(({ difference }) => difference !== null);
  const names = ['model', 'step', 'score', '95 % interval', 'n', ...(isCompared ? ['difference', 'p'] : []), 'notes'];
  const more = n_more > 0 ? `: the first ${scores.length}, and ${n_more} more` : '';
  return scrolling(
    `Evaluations of ${benchmark}`,
    element(
      'table',
      { class: 'evaluations' },
      element('caption', {}, benchmark, more),
      element(
        'thead',
        {},
        element(
          'tr',
          {},
          names.map((name) => element('th', { scope: 'col' }, name)),
        ),
      ),
      element(
        'tbody',
        {},
        scores.map((score) => scoreRow(score, isCompared)),
      ),
    ),
  );
}

/**
 * @param {BenchmarkScore} each
 * @param {boolean} isCompared
 */
function scoreRow(each, isCompared) {
  const { evaluation, model, step, score, score_low, score_high, num_examples, difference } = each;
  const compared = [
    difference === null
      ? ''
      : `${numberText(difference.value)} (${numberText(difference.low)} to ${numberText(difference.high)})`,
    difference === null ? '' : numberText(difference.p_value),
  ];
  const cells = [
    numberText(step, ''),
    numberText(score),
    `${numberText(score_low)} to ${numberText(score_high)}`,
    num_examples,
    ...(isCompared ? compared : []),
    notesOf(each).join('; '),
  ];
  return element(
    'tr',
    {},
    element('td', { title: evaluation }, model),
    cells.map((cell) => element('td', {}, cell)),
  );
}

/** @param {BenchmarkScore} score */
function notesOf({ num_answers, num_examples, num_errors, difference }) {
  return [
    ...(num_answers > num_examples ? [countText(num_answers, 'answer')] : []),
    ...(num_errors > 0 ? [`${num_errors} failed, which count as wrong`] : []),
    ...(difference !== null && difference.num_examples < num_examples
      ? [`difference on ${countText(difference.num_examples, 'example')}`]
      : []),
    ...(difference !== null && difference.differing.length > 0 ? [`other ${difference.differing.join(', ')}`] : []),
  ];
}
