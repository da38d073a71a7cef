// Parts that several views of the board have: the question behind a chart, and tables of names and values.

import { element } from '../shared/elements.js';

/**
 * The question behind a chart, folded away.
 * @param {string} sql
 */
export function sqlElement(sql) {
  const onclick = async () => {
    await navigator.clipboard?.writeText(sql).catch(() => undefined);
    copy.textContent = 'Copied';
    setTimeout(() => {
      copy.textContent = 'Copy';
    }, 1500);
  };
  const copy = element('button', { type: 'button', onclick }, 'Copy');
  return element(
    'details',
    { class: 'sql' },
    element('summary', {}, 'SQL'),
    element('pre', { tabindex: 0 }, sql),
    copy,
  );
}

/** @param {readonly (readonly [name: string, value: string])[]} rows */
export function factRows(rows) {
  return rows.map(([name, value]) =>
    element('tr', {}, element('th', { scope: 'row' }, name), element('td', {}, value)),
  );
}

/** @param {readonly (readonly [name: string, value: string])[]} rows */
export function factsElement(rows) {
  return element('table', { class: 'facts' }, element('tbody', {}, factRows(rows)));
}

/** @param {string} text */
export const problemElement = (text) => element('p', { class: 'problems' }, text);
