// The states of runs: a word with a sign before it, which the style has, for who sees no colors.

import { element } from './elements.js';

/** @typedef {import('../../src/run_files/types.ts').SeenState} State */

/** @type {readonly State[]} */
export const STATES = [
  'pending',
  'running',
  'done',
  'stopped',
  'diverged',
  'failed',
  'interrupted',
  'killed',
  'damaged',
  'unknown',
];

/** @param {State} state */
export const stateElement = (state) => element('span', { class: `state ${state}` }, sign(), state);

/**
 * For a list of how many there are of each.
 * @param {State} state
 * @param {number} count
 */
export const stateCount = (state, count) =>
  element('li', { class: `state ${state}` }, sign(), element('b', {}, count), ` ${state}`);

const sign = () => element('span', { class: 'sign', 'aria-hidden': 'true' });
