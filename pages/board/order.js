// The order in which runs stand: by a column, or as people look for them, those that go on first and then the best.

import { byName } from '../shared/numbers.js';

/** @typedef {import('../../src/board/board_run.ts').BoardRun} BoardRun */
/** @typedef {'rank' | 'run' | 'state' | 'step' | 'value' | 'updated' | 'tags'} Column */

/**
 * The metrics that runs go by, those of most runs first, with their places.
 * @param {Iterable<BoardRun>} runs
 * @returns {Map<string, number>}
 */
export function metricPlaces(runs) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { metric } of runs) if (metric !== null) counts.set(metric, (counts.get(metric) ?? 0) + 1);
  const sorted = [...counts].sort(([a, m], [b, n]) => n - m || byName(a, b));
  return new Map(sorted.map(([metric], place) => [metric, place]));
}

/**
 * @param {Column} column
 * @param {boolean} isAscending
 * @param {ReadonlyMap<string, number>} places of metrics
 * @returns {(a: BoardRun, b: BoardRun) => number}
 */
export function comparing(column, isAscending, places) {
  const placeOf = (/** @type {BoardRun} */ { metric }) => places.get(metric ?? '') ?? places.size;
  /** Values of different metrics are no better and no worse than each other. @type {Compare} */
  const byWorth = (a, b) => placeOf(a) - placeOf(b) || worth(a) - worth(b) || 0;
  const compare = column === 'rank' ? byRank(byWorth) : column === 'value' ? byWorth : COMPARE[column];
  return (a, b) => (isAscending ? 1 : -1) * compare(a, b);
}

/** @typedef {(a: BoardRun, b: BoardRun) => number} Compare */

/** @type {(byWorth: Compare) => Compare} */
const byRank = (byWorth) => (a, b) => rankOf(a) - rankOf(b) || byWorth(a, b) || byName(a.run, b.run);

/** @type {Record<Exclude<Column, 'rank' | 'value'>, Compare>} */
const COMPARE = {
  run: (a, b) => byName(a.run, b.run),
  state: (a, b) => byName(a.state, b.state),
  step: (a, b) => (a.step ?? -1) - (b.step ?? -1),
  updated: (a, b) => byName(b.updated_at ?? '', a.updated_at ?? ''),
  tags: (a, b) => byName(a.tags.join(' '), b.tags.join(' ')),
};

/** @param {BoardRun} run */
const rankOf = ({ state }) => (state === 'running' ? 0 : state === 'done' || state === 'stopped' ? 1 : 2);

/**
 * Less is better; what is no number is worst.
 * @param {BoardRun} run
 */
function worth({ value, goal }) {
  if (typeof value !== 'number') return Number.MAX_VALUE;
  return goal === 'maximize' ? -value : value;
}
