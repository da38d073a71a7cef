// What a row of the table of runs opens: why it ended as it did, its metrics, its configuration, its checkpoints and its log.

import { element, scrolling } from '../shared/elements.js';
import { numberText } from '../shared/numbers.js';
import { sparkline } from './sparkline.js';

/** @typedef {import('../../src/report/page/page_data.ts').PageRun} Run */
/** @typedef {import('../../src/report/page/page_data.ts').RunTable} Table */

const NUMBERS = new Set(['first', 'last', 'least', 'greatest', 'before step']);

/**
 * @param {Run} run
 * @param {Table} table
 */
export function detailsOf(run, { metrics, shared }) {
  const said = [run.error, run.stopped, ...run.warnings].filter((line) => line !== null);
  const left = run.n_more_checkpoints;
  return [
    element('p', { class: 'path' }, run.run),
    ...said.map((line) => element('p', { class: 'error' }, line)),
    run.notes === '' ? '' : element('p', { class: 'written' }, run.notes),
    run.error === null ? '' : element('p', { class: 'soft path' }, run.look),
    element(
      'div',
      { class: 'parts' },
      part(
        'Metrics',
        ['metric', 'first', 'last', 'least', 'greatest', 'curve'],
        run.metrics.map(([metric, first, last, least, greatest, curve]) => [
          metrics[metric] ?? '',
          ...[first, last, least, greatest].map((value) => numberText(value)),
          sparkline(curve),
        ]),
      ),
      part('Configuration of its own', ['field', 'value'], run.config),
      part('Configuration that all share', ['field', 'value'], shared),
      part(
        'Checkpoints',
        ['name', 'before step', 'kind'],
        run.checkpoints.map(({ name, batch, kind }) => [name, numberText(batch), kind]),
      ),
      part('Origin', ['fact', 'value'], originOf(run)),
    ),
    left > 0 ? element('p', { class: 'soft' }, `${left} earlier checkpoints are left out`) : '',
    ...(run.log === null
      ? []
      : [
          element('p', { class: 'overline' }, 'The end of its log'),
          element('pre', { class: 'log', tabindex: 0 }, run.log),
        ]),
  ];
}

/** @param {Run} run */
function originOf({ commit, started_at }) {
  /** @type {[string, string | null][]} */
  const facts = [
    ['commit', commit],
    ['started', started_at],
  ];
  return facts.flatMap(([name, value]) => (value === null ? [] : [[name, value]]));
}

/**
 * A small table; nothing where it has no rows.
 * @param {string} title
 * @param {readonly string[]} columns
 * @param {readonly (readonly (Node | string)[])[]} rows
 */
function part(title, columns, rows) {
  if (rows.length === 0) return '';
  const head = columns.map((name) => element('th', { scope: 'col', class: NUMBERS.has(name) ? 'number' : null }, name));
  const body = rows.map((row) =>
    element(
      'tr',
      {},
      row.map((cell, i) => element('td', { class: NUMBERS.has(columns[i] ?? '') ? 'number' : 'fact' }, cell)),
    ),
  );
  const table = element(
    'table',
    {},
    element('caption', {}, title),
    element('thead', {}, element('tr', {}, head)),
    element('tbody', {}, body),
  );
  return scrolling(title, table);
}
