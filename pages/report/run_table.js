// A table of runs that filters, sorts, turns its pages, and opens each run.

import { element, scrolling } from '../shared/elements.js';
import { byName, exactText } from '../shared/numbers.js';
import { columnsOf } from './columns.js';
import { detailsOf } from './run_details.js';
import { RunFilter } from './run_filter.js';

/** @typedef {import('../../src/report/page/page_data.ts').PageRun} Run */
/** @typedef {import('../../src/report/page/page_data.ts').RunTable} Table */
/** @typedef {import('../../src/util/json.ts').JsonValue} JsonValue */

const ROWS = 50;
const CAPTION = 'Runs; the buttons in the head sort, the first one of a row opens its details';

export class RunTable {
  #table;
  #columns;
  #filter;
  #heads;
  #body = element('tbody');
  #pages = element('div', { class: 'pages' });
  #sorted = { column: -1, isDown: false };
  #page = 0;
  /** Names of the runs that are open. @type {Set<string>} */
  #open = new Set();

  /**
   * @param {HTMLElement} place
   * @param {Table} table
   * @param {string} name of the study
   */
  constructor(place, table, name) {
    this.#table = table;
    this.#columns = columnsOf(table);
    this.#filter = new RunFilter(table, name, () => this.#showFirst());
    this.#heads = this.#columns.map((_, i) => this.#head(i));
    const details = element('th', { scope: 'col' }, element('span', { class: 'unseen' }, 'details'));
    const whole = element(
      'table',
      {},
      element('caption', { class: 'unseen' }, CAPTION),
      element('thead', {}, element('tr', {}, details, this.#heads)),
      this.#body,
    );
    place.append(this.#filter.node, scrolling(`Runs of ${name}`, whole), this.#pages);
    this.#show();
  }

  /** @param {number} i */
  #head(i) {
    const { name = '', isNumber = false, of = null } = this.#columns[i] ?? {};
    const onclick = () => {
      const { column, isDown } = this.#sorted;
      this.#sorted = { column: i, isDown: column === i && !isDown };
      this.#showFirst();
    };
    return element(
      'th',
      { scope: 'col', class: isNumber ? 'number' : null },
      of === null ? name : element('button', { type: 'button', class: 'sort', onclick }, name),
    );
  }

  #showFirst() {
    this.#page = 0;
    this.#show();
  }

  #show() {
    const runs = this.#chosen();
    this.#page = Math.min(this.#page, Math.max(0, Math.ceil(runs.length / ROWS) - 1));
    const start = this.#page * ROWS;
    const shown = runs.slice(start, start + ROWS);
    for (const [i, head] of this.#heads.entries()) {
      if (i === this.#sorted.column) head.setAttribute('aria-sort', this.#sorted.isDown ? 'descending' : 'ascending');
      else head.removeAttribute('aria-sort');
    }
    this.#filter.tell(runs.length, this.#table.runs.length);
    this.#body.replaceChildren(...shown.flatMap((run) => this.#rows(run)));
    this.#turn(start, shown.length, runs.length);
  }

  #chosen() {
    const runs = this.#table.runs.filter((run) => this.#filter.fits(run));
    const of = this.#columns[this.#sorted.column]?.of ?? null;
    return of === null ? runs : runs.sort((a, b) => compare(of(a), of(b), this.#sorted.isDown));
  }

  /**
   * @param {number} start
   * @param {number} n
   * @param {number} all
   */
  #turn(start, n, all) {
    if (all <= ROWS) return this.#pages.replaceChildren();
    this.#pages.replaceChildren(
      this.#turner('Previous', this.#page - 1, start > 0),
      element('span', { class: 'soft' }, `${start + 1}–${start + n} of ${all}`),
      this.#turner('Next', this.#page + 1, start + n < all),
    );
  }

  /**
   * @param {string} name
   * @param {number} page
   * @param {boolean} isThere
   */
  #turner(name, page, isThere) {
    const onclick = () => {
      this.#page = page;
      this.#show();
      // The button that was pressed is gone.
      const buttons = [...this.#pages.querySelectorAll('button')];
      buttons.find((each) => each.textContent === name && !each.disabled)?.focus();
    };
    return element('button', { type: 'button', disabled: !isThere, onclick }, name);
  }

  /** @param {Run} run */
  #rows(run) {
    const isOpen = this.#open.has(run.run);
    const onclick = () => {
      const isNow = button.getAttribute('aria-expanded') !== 'true';
      button.setAttribute('aria-expanded', String(isNow));
      button.textContent = isNow ? '▾' : '▸';
      if (isNow) row.after(this.#details(run));
      else row.nextElementSibling?.remove();
      if (isNow) this.#open.add(run.run);
      else this.#open.delete(run.run);
    };
    const button = element(
      'button',
      {
        type: 'button',
        class: 'open',
        'aria-expanded': String(isOpen),
        'aria-label': `Details of ${run.run}`,
        onclick,
      },
      isOpen ? '▾' : '▸',
    );
    const cells = this.#columns.map(({ isNumber, cell }) =>
      element('td', { class: isNumber ? 'number' : null }, cell(run)),
    );
    const row = element('tr', { class: run.isBest ? 'best' : null }, element('td', {}, button), cells);
    return isOpen ? [row, this.#details(run)] : [row];
  }

  /** @param {Run} run */
  #details(run) {
    const cell = element('td', { colspan: this.#columns.length + 1 }, detailsOf(run, this.#table));
    return element('tr', { class: 'details' }, cell);
  }
}

/**
 * What has no value comes last, whichever way is up.
 * @param {JsonValue} a
 * @param {JsonValue} b
 * @param {boolean} isDown
 */
function compare(a, b, isDown) {
  const isLost = (/** @type {JsonValue} */ value) => value === null || value === 'NaN';
  if (isLost(a) || isLost(b)) return Number(isLost(a)) - Number(isLost(b));
  const [x, y] = [numberIn(a), numberIn(b)];
  const order = x !== null && y !== null ? x - y : byName(exactText(a), exactText(b));
  return isDown ? -order : order;
}

/**
 * Texts too, where they are the words for numbers that JSON lacks.
 * @param {JsonValue} value
 */
function numberIn(value) {
  const number = typeof value === 'number' || typeof value === 'string' ? Number(value) : Number.NaN;
  return Number.isNaN(number) ? null : number;
}
