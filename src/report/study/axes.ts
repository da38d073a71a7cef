// The axes of a table: the fields that tell its configurations apart, with their values in order and the scale that suits them.

import { canonicalJson, type JsonValue } from '../../util/json.ts';
import type { Summary } from '../summary.ts';
import type { Axis } from './study.ts';

/** Names of single runs: they tell all of them apart and say nothing about any. */
const OF_RUNS = new Set(['name', 'run', 'directory', 'hash', 'config_id']);

export function axesOf({ shown, configurations }: Pick<Summary, 'shown' | 'configurations'>): Axis[] {
  return shown
    .filter((field) => !OF_RUNS.has(field))
    .map((field) =>
      axisOf(
        field,
        configurations.map(({ fields }) => fields[field] ?? null),
      ),
    )
    .filter(({ values }) => values.length > 1);
}

/** Where some lack the field or have no number in it, the others' numbers are categories too. */
function axisOf(field: string, values: readonly JsonValue[]): Axis {
  const distinct = [...new Map(values.map((value) => [canonicalJson(value), value])).values()];
  const numbers = distinct.filter((value) => typeof value === 'number').sort((a, b) => a - b);
  if (numbers.length === distinct.length) return { field, scale: scaleOf(numbers), values: numbers };
  return { field, scale: 'category', values: distinct.sort(compareValues) };
}

/** Numbers first, then everything else by its text; null is last. */
function compareValues(a: JsonValue, b: JsonValue): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const rank = (value: JsonValue) => (value === null ? 2 : typeof value === 'number' ? 0 : 1);
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  return canonicalJson(a) < canonicalJson(b) ? -1 : 1;
}

const TWO_DECADES = 100;

/** @param numbers in their order */
function scaleOf(numbers: readonly number[]): 'linear' | 'log' {
  const [first = 0, second = 0] = numbers;
  const last = numbers.at(-1) ?? first;
  if (first <= 0) return 'linear';
  const ratio = second / first;
  const isGeometric =
    numbers.length > 2 &&
    numbers.slice(1).every((number, i) => Math.abs(number / (numbers[i] ?? number) / ratio - 1) < 1e-6);
  return isGeometric || last / first >= TWO_DECADES ? 'log' : 'linear';
}
