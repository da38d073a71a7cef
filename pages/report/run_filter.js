// What narrows a table of runs down: a text, a state, and values of axes.

import { element } from '../shared/elements.js';
import { exactText } from '../shared/numbers.js';

/** @typedef {import('../../src/report/page/page_data.ts').PageRun} Run */
/** @typedef {import('../../src/report/page/page_data.ts').RunTable} Table */

const MOST_CHOICES = 40;

export class RunFilter {
  node;
  #count = element('span', { class: 'count', role: 'status' });
  #texts;
  #text = '';
  #state = '';
  /** By the place of the axis, the text of the value that is wanted. @type {Map<number, string>} */
  #values = new Map();

  /**
   * @param {Table} table
   * @param {string} name of the study
   * @param {() => void} onChange
   */
  constructor({ runs, axes }, name, onChange) {
    this.#texts = new Map(runs.map((run) => [run, searchText(run)]));
    const search = element('input', {
      type: 'search',
      autocomplete: 'off',
      placeholder: 'names, fields, errors',
      oninput: () => {
        this.#text = search.value.toLowerCase();
        onChange();
      },
    });
    const states = [...new Set(runs.map(({ state }) => state))].sort();
    this.node = element(
      'div',
      { class: 'filter', role: 'search', 'aria-label': `Filter the runs of ${name}` },
      element('label', {}, 'Find', search),
      states.length < 2
        ? null
        : choice('state', states, (state) => {
            this.#state = state;
            onChange();
          }),
      axes.map(({ field, values }, i) =>
        values.length < 2 || values.length > MOST_CHOICES
          ? null
          : choice(field, values.map(exactText), (value) => {
              if (value === '') this.#values.delete(i);
              else this.#values.set(i, value);
              onChange();
            }),
      ),
      this.#count,
    );
  }

  /** @param {Run} run */
  fits(run) {
    return (
      (this.#state === '' || run.state === this.#state) &&
      [...this.#values].every(([i, value]) => exactText(run.axes[i]) === value) &&
      (this.#text === '' || (this.#texts.get(run) ?? '').includes(this.#text))
    );
  }

  /**
   * @param {number} shown
   * @param {number} all
   */
  tell(shown, all) {
    this.#count.textContent = `${shown === all ? '' : `${shown} of `}${all} ${all === 1 ? 'run' : 'runs'}`;
  }
}

/**
 * @param {string} name
 * @param {readonly string[]} values
 * @param {(value: string) => void} onChange told an empty text for all
 */
function choice(name, values, onChange) {
  // By its place, since any text may be a value.
  const options = values.map((value, i) => element('option', { value: i }, value));
  const select = element(
    'select',
    {
      onchange: () => {
        onChange(select.value === '' ? '' : (values[Number(select.value)] ?? ''));
      },
    },
    element('option', { value: '' }, 'all'),
    options,
  );
  return element('label', {}, name, select);
}

/** @param {Run} run */
function searchText({ run, state, error, config, axes, warnings, tags, notes }) {
  const fields = config.map(([field, value]) => `${field}=${value}`);
  const texts = [run, state, error ?? '', ...warnings, ...tags, notes, ...fields, ...axes.map(exactText)];
  return texts.join('\n').toLowerCase();
}
