// The columns of a table of runs: what stands in them, and by what they sort.

import { element } from '../shared/elements.js';
import { exactText, numberText, secondsText } from '../shared/numbers.js';
import { stateElement } from '../shared/states.js';
import { sparkline } from './sparkline.js';

/** @typedef {import('../../src/report/page/page_data.ts').PageRun} Run */
/** @typedef {import('../../src/report/page/page_data.ts').RunTable} Table */
/** @typedef {import('../../src/util/json.ts').JsonValue} JsonValue */
/**
 * `of`: what rows are sorted by; null where they are not.
 * @typedef {{ name: string, isNumber: boolean, of: ((run: Run) => JsonValue) | null, cell: (run: Run) => Node | string }} Column
 */

/**
 * Those that no run has a value in are left out.
 * @param {Table} table
 * @returns {Column[]}
 */
export function columnsOf({ axes, metric, runs }) {
  /** @type {(has: (run: Run) => boolean, column: Column) => Column[]} */
  const ifAny = (has, column) => (runs.some(has) ? [column] : []);
  return [
    { name: 'state', isNumber: false, of: ({ state }) => state, cell: ({ state }) => stateElement(state) },
    ...axes.map(({ field }, i) => axisColumn(field, i, runs)),
    ...ifAny(({ seed }) => seed !== null, {
      name: 'seed',
      isNumber: true,
      of: ({ seed }) => seed,
      cell: ({ seed }) => numberText(seed),
    }),
    {
      name: metric,
      isNumber: true,
      of: ({ value }) => value,
      cell: ({ value }) => element('span', { class: 'mean' }, numberText(value)),
    },
    ...ifAny(({ curve }) => curve.length > 0, {
      name: 'curve',
      isNumber: false,
      of: null,
      cell: ({ curve }) => sparkline(curve),
    }),
    { name: 'steps', isNumber: true, of: ({ steps }) => steps, cell: ({ steps }) => numberText(steps) },
    { name: 'time', isNumber: true, of: ({ seconds }) => seconds, cell: ({ seconds }) => secondsText(seconds) },
    ...ifAny(({ cost }) => cost !== null, {
      name: 'cost',
      isNumber: true,
      of: ({ cost }) => cost,
      cell: ({ cost }) => (cost === null ? '—' : `$${numberText(cost)}`),
    }),
    {
      name: 'run',
      isNumber: false,
      of: ({ run }) => run,
      cell: ({ run }) => element('span', { class: 'path' }, run.split('/').at(-1)),
    },
    ...ifAny(({ tags }) => tags.length > 0, {
      name: 'tags',
      isNumber: false,
      of: ({ tags }) => (tags.length === 0 ? null : tags.join(', ')),
      cell: ({ tags }) =>
        element(
          'span',
          {},
          tags.map((tag) => element('span', { class: 'tag' }, tag)),
        ),
    }),
  ];
}

/** @type {(field: string, i: number, runs: readonly Run[]) => Column} */
function axisColumn(field, i, runs) {
  return {
    name: field,
    isNumber: runs.every(({ axes }) => typeof axes[i] !== 'string'),
    of: ({ axes }) => axes[i] ?? null,
    cell: ({ axes }) => element('span', { class: 'value' }, exactText(axes[i])),
  };
}
