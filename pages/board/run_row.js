// A run as a row of the table of all runs.

import { element } from '../shared/elements.js';
import { agoText, numberText } from '../shared/numbers.js';
import { stateElement } from '../shared/states.js';

/** @typedef {import('../../src/board/board_run.ts').BoardRun} BoardRun */

/** @param {string} run */
export const addressOf = (run) => `#run=${encodeURIComponent(run)}`;

export class RunRow {
  node = element('tr');
  #name = element('td');
  #state = element('td');
  #step = element('td', { class: 'number' });
  #value = element('td', { class: 'number' });
  #updated = element('td', { class: 'soft' });
  #tags = element('td');
  #shown = '';

  /** @param {BoardRun} run */
  constructor(run) {
    this.run = run;
    this.node.append(this.#name, this.#state, this.#step, this.#value, this.#updated, this.#tags);
    this.#name.append(element('a', { href: addressOf(run.run) }, run.run));
    this.fill(run);
  }

  /** @param {BoardRun} run */
  fill(run) {
    this.run = run;
    const text = JSON.stringify(run);
    if (this.#shown === text) return;
    this.#shown = text;
    const { state, error, step, total_steps, value, metric, updated_at, tags, note } = run;
    this.#state.replaceChildren(
      stateElement(state),
      ...(error === null ? [] : [element('div', { class: 'error soft' }, error)]),
    );
    this.#step.textContent = step === null ? '' : total_steps === null ? String(step) : `${step} / ${total_steps}`;
    this.#value.replaceChildren(
      element('span', {}, numberText(value, '')),
      ...(metric === null || value === null ? [] : [element('div', { class: 'soft' }, metric)]),
    );
    this.#updated.replaceChildren(
      ...(updated_at === null ? [] : [element('time', { datetime: updated_at }, agoText(updated_at))]),
    );
    this.#tags.replaceChildren(
      ...tags.map((tag) => element('span', { class: 'tag' }, tag)),
      ...(note === '' ? [] : [noteMark(note)]),
    );
  }

  /**
   * The table is the legend of the chart.
   * @param {Node | null} sample of its line
   */
  sample(sample) {
    this.#name.querySelector('.line-sample')?.remove();
    if (sample !== null) this.#name.prepend(sample);
  }
}

/** @param {string} note */
function noteMark(note) {
  return element('span', { class: 'soft', title: note }, ' ✎ ', element('span', { class: 'unseen' }, 'has a note'));
}
