// The course of a metric in the size of a word.

import { svgElement } from '../shared/elements.js';
import { numberText } from '../shared/numbers.js';

/**
 * Empty where the metric has no value.
 * @param {readonly (number | null)[]} curve
 */
export function sparkline(curve) {
  const known = curve.filter((value) => value !== null);
  if (known.length === 0) return '';
  const [least, greatest] = [Math.min(...known), Math.max(...known)];
  const x = (/** @type {number} */ i) => 3 + (i / Math.max(1, curve.length - 1)) * 90;
  const y = (/** @type {number} */ value) =>
    19 - (greatest === least ? 0.5 : (value - least) / (greatest - least)) * 16;
  const points = curve.flatMap((value, i) => (value === null ? [] : `${x(i).toFixed(1)},${y(value).toFixed(1)}`));
  const last = curve.findLastIndex((value) => value !== null);
  return svgElement(
    'svg',
    {
      class: 'spark',
      viewBox: '0 0 96 22',
      width: 96,
      height: 22,
      role: 'img',
      'aria-label': `from ${numberText(known[0])} to ${numberText(known.at(-1))}`,
    },
    svgElement('polyline', { points: points.join(' ') }),
    svgElement('circle', { cx: x(last), cy: y(curve[last] ?? 0), r: 2.2 }),
  );
}
