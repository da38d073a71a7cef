// All runs: how many are in each state, their curves, and a table that filters and sorts.

import { element, scrolling } from '../shared/elements.js';
import { countText } from '../shared/numbers.js';
import { STATES, stateCount } from '../shared/states.js';
import { comparing, metricPlaces } from './order.js';
import { OverviewChart } from './overview_chart.js';
import { RunRow } from './run_row.js';
import { Scores } from './scores.js';
import { atMostEvery } from './soon.js';

/** @typedef {import('../../src/board/board_run.ts').BoardRun} BoardRun */
/** @typedef {import('../../src/board/runs.ts').BoardUpdate} BoardUpdate */
/** @typedef {import('./order.js').Column} Column */

const ROWS_AT_FIRST = 150;

/** @type {readonly (readonly [Column, string])[]} */
const COLUMNS = [
  ['run', 'run'],
  ['state', 'state'],
  ['step', 'step'],
  ['value', 'last value'],
  ['updated', 'updated'],
  ['tags', 'tags'],
];

/** What was chosen, kept while a run is looked at. */
const chosen = {
  /** @type {Column} */
  column: 'rank',
  isAscending: true,
  text: '',
  state: '',
  shown: ROWS_AT_FIRST,
};

export class Overview {
  node = element('div');
  #runs;
  #states = element('ul', { class: 'states' });
  #body = element('tbody');
  #count = element('p', { class: 'soft', 'aria-live': 'polite' });
  #more = element('button', { type: 'button', onclick: () => this.#showMore() }, 'Show more');
  #scores = new Scores();
  #chart;
  /** @type {Map<string, RunRow>} */
  #rows = new Map();
  #heads = COLUMNS.map(([column, text]) => this.#head(column, text));
  #fillSoon = atMostEvery(2000, () => this.#fill());
  #drawSoon = atMostEvery(3000, () => this.#draw());
  /** Whoever has asked for other lines waits for them. */
  #drawNow = atMostEvery(400, () => this.#draw());

  /**
   * @param {ReadonlyMap<string, BoardRun>} runs
   * @param {readonly string[]} directories
   */
  constructor(runs, directories) {
    this.#runs = runs;
    this.#chart = new OverviewChart(() => this.#sample());
    const head = element('thead', {}, element('tr', {}, this.#heads));
    this.node.append(
      element('h1', {}, directories.join(', ')),
      this.#states,
      element('section', { 'aria-label': 'Curves', class: 'charts' }, this.#chart.node),
      element('h2', { id: 'runs' }, 'Runs'),
      this.#controls(),
      this.#count,
      scrolling('Runs', element('table', { class: 'runs' }, head, this.#body)),
      this.#more,
      this.#scores.node,
    );
    this.refresh();
  }

  /** All of it, from the runs as they are now. */
  refresh() {
    this.#fill();
    this.#draw();
    void this.#scores.read();
  }

  /** @param {BoardUpdate} update */
  update({ runs: changed, gone, points, anew }) {
    this.#countStates();
    for (const run of changed) {
      const row = this.#rows.get(run.run);
      // The order goes by states first.
      if (row === undefined || row.run.state !== run.state) this.#fillSoon();
      row?.fill(run);
    }
    if (gone.length > 0) this.#fillSoon();
    const isNew = changed.some(({ state, run }) => state === 'running' && !this.#chart.wants(run));
    if (anew.length > 0 || isNew) this.#drawSoon();
    this.#chart.add(points);
  }

  close() {
    this.#chart.close();
    this.#scores.close();
  }

  #controls() {
    const states = element(
      'select',
      {
        'aria-label': 'State',
        onchange: () => {
          chosen.state = states.value;
          this.#changed();
        },
      },
      element('option', { value: '' }, 'all states'),
      STATES.map((state) => element('option', { value: state }, state)),
    );
    states.value = chosen.state;
    const search = element('input', {
      type: 'search',
      placeholder: 'Filter: name, axis=value, tag',
      'aria-label': 'Filter runs',
      value: chosen.text,
      oninput: () => {
        chosen.text = search.value;
        this.#changed();
      },
    });
    return element('div', { class: 'controls' }, search, states);
  }

  /**
   * @param {Column} column
   * @param {string} text
   */
  #head(column, text) {
    const onclick = () => {
      chosen.isAscending = chosen.column === column ? !chosen.isAscending : true;
      chosen.column = column;
      this.#changed();
    };
    return element('th', { scope: 'col' }, element('button', { type: 'button', class: 'sort', onclick }, text));
  }

  #changed() {
    chosen.shown = ROWS_AT_FIRST;
    this.#fill();
    this.#drawNow();
  }

  #showMore() {
    chosen.shown *= 4;
    this.#fill();
  }

  #chosen() {
    const wanted = chosen.text
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== '');
    const compare = comparing(chosen.column, chosen.isAscending, metricPlaces(this.#runs.values()));
    return [...this.#runs.values()]
      .filter((run) => chosen.state === '' || run.state === chosen.state)
      .filter((run) => wanted.length === 0 || wanted.every((word) => searchText(run).includes(word)))
      .sort(compare);
  }

  #fill() {
    this.#countStates();
    const fitting = this.#chosen();
    const shown = fitting.slice(0, chosen.shown);
    const before = this.#rows;
    this.#rows = new Map(shown.map((run) => [run.run, before.get(run.run) ?? new RunRow(run)]));
    for (const run of shown) this.#rows.get(run.run)?.fill(run);
    this.#body.replaceChildren(...[...this.#rows.values()].map(({ node }) => node));
    this.#sample();
    for (const [i, [column]] of COLUMNS.entries()) {
      if (column === chosen.column)
        this.#heads[i]?.setAttribute('aria-sort', chosen.isAscending ? 'ascending' : 'descending');
      else this.#heads[i]?.removeAttribute('aria-sort');
    }
    this.#more.hidden = shown.length === fitting.length;
    this.#count.textContent = countedText(shown.length, fitting.length, this.#runs.size);
  }

  #countStates() {
    /** @type {Map<BoardRun['state'], number>} */
    const counts = new Map();
    for (const { state } of this.#runs.values()) counts.set(state, (counts.get(state) ?? 0) + 1);
    this.#states.replaceChildren(
      ...STATES.flatMap((state) => {
        const count = counts.get(state);
        return count === undefined ? [] : [stateCount(state, count)];
      }),
    );
  }

  #draw() {
    void this.#chart.draw(
      this.#chosen().filter(({ state }) => state !== 'pending'),
      this.#runs.size,
    );
  }

  #sample() {
    for (const [run, row] of this.#rows) row.sample(this.#chart.sampleOf(run));
  }
}

/**
 * Empty where all of them are shown.
 * @param {number} shown
 * @param {number} fitting
 * @param {number} all
 */
function countedText(shown, fitting, all) {
  if (shown === all) return '';
  if (fitting === 0) return `None of ${countText(all, 'run')} fits`;
  return `${shown} of ${countText(fitting, 'run')}${fitting === all ? '' : ` that fit, of ${all}`}`;
}

/** @param {BoardRun} run */
function searchText({ run, state, tags, note, axes, error }) {
  const fields = Object.entries(axes).map(([axis, value]) => `${axis}=${value}`);
  return [run, state, ...tags, note, error ?? '', ...fields].join('\n').toLowerCase();
}
