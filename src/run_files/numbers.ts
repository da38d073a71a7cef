// Numbers in JSON files: those that JSON has no word for are written as the strings "NaN", "Infinity" and "-Infinity".

import type { Metrics } from '../training/types.ts';

const SPELLED = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]);

/** The value of a metric as it was before it was written. */
export function unspellNumber(value: Metrics[string]): Metrics[string] {
  return typeof value === 'string' ? (SPELLED.get(value) ?? value) : value;
}
