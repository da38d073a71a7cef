// What tells two runs apart, as the server has compared them: fields that differ, and the metrics side by side.

import { element, scrolling } from '../shared/elements.js';
import { countText, numberText } from '../shared/numbers.js';
import { lineSample } from './curves.js';

/** @typedef {import('../../src/board/run_diffs.ts').RunDiffView} RunDiffView */
/** @typedef {RunDiffView['identity'][number]} FieldDiff */
/** @typedef {RunDiffView['metrics'][number]} MetricDiff */
/** @typedef {string | readonly (string | Node)[]} Cell */

/** Of the line of the run that another is held against. */
export const OTHER_DASH = [6, 3];

/** @param {RunDiffView} diff */
export function diffElement({ runs, identity, runtime, provenance, metrics, tolerance, notices }) {
  const names = () => runs.map(({ run }, i) => [i === 0 ? lineSample(0) : lineSample(1, OTHER_DASH), run]);
  const elsewhere = [...runtime, ...provenance];
  const shown = metrics.filter(({ is_detail }) => !is_detail);
  return element(
    'div',
    { class: 'card' },
    notices.map((notice) => element('p', { class: 'notices' }, notice)),
    element('h3', {}, identity.length === 0 ? 'No field that decides the result differs' : differText(identity.length)),
    fieldTable('Fields that differ', identity, names()),
    elsewhere.length === 0
      ? null
      : element(
          'details',
          {},
          element('summary', {}, `Where, how and by what code they ran: ${differText(elsewhere.length)}`),
          fieldTable('Where and how they ran', elsewhere, names()),
        ),
    element('h3', {}, 'Metrics'),
    table(
      'Metrics side by side',
      ['metric', ...names(), 'curves part'],
      shown.map((each) => [each.metric, ...each.runs.map(courseText), partingText(each, tolerance)]),
    ),
  );
}

/** @param {number} count */
const differText = (count) => `${countText(count, 'field')} ${count === 1 ? 'differs' : 'differ'}`;

/**
 * @param {string} label
 * @param {readonly FieldDiff[]} fields
 * @param {readonly Cell[]} names
 */
function fieldTable(label, fields, names) {
  return table(
    label,
    ['field', ...names],
    fields.map(({ field, values }) => [field, ...values.map(fieldText)]),
  );
}

/** @param {FieldDiff['values'][number]} side */
function fieldText({ value, is_default, is_there }) {
  return is_there
    ? `${typeof value === 'string' ? value : JSON.stringify(value)}${is_default ? ' (default)' : ''}`
    : 'not there';
}

/** @param {MetricDiff['runs'][number]} facts */
function courseText(facts) {
  if (facts === null) return '—';
  const { first, last, best, best_step } = facts;
  const most = best === null ? '' : `, best ${numberText(best)}${best_step === null ? '' : ` at step ${best_step}`}`;
  return `${numberText(first)} → ${numberText(last)}${most}`;
}

/**
 * @param {MetricDiff} metric
 * @param {number} tolerance
 */
function partingText({ shared_steps, parts_at, parts_beyond_at }, tolerance) {
  if (shared_steps === 0) return 'no step in common';
  if (parts_at === null) return 'never';
  const percent = `${numberText(tolerance * 100)} %`;
  return parts_beyond_at === null
    ? `step ${parts_at}, never by more than ${percent}`
    : `step ${parts_at}, by more than ${percent} at step ${parts_beyond_at}`;
}

/**
 * Nothing where it has no rows. The first cell of a row is its head.
 * @param {string} label
 * @param {readonly Cell[]} columns
 * @param {readonly (readonly string[])[]} rows
 */
function table(label, columns, rows) {
  if (rows.length === 0) return null;
  const head = columns.map((column) => element('th', { scope: 'col' }, column));
  const body = rows.map(([name, ...cells]) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, name),
      cells.map((cell) => element('td', {}, cell)),
    ),
  );
  return scrolling(
    label,
    element('table', {}, element('thead', {}, element('tr', {}, head)), element('tbody', {}, body)),
  );
}
