// Axes that are no list of values but a range to draw from, as they are written in a sweep file.

import { closestNames, didYouMean } from '../../registry/suggest.ts';
import type { Distribution } from '../../study/types.ts';
import { isJsonObject, type JsonValue } from '../../util/json.ts';

export type Range = Exclude<Distribution, { kind: 'choice' }>;

interface Kind {
  /** What its list holds, for messages. */
  of: string;
  read(numbers: readonly number[]): Range | null;
}

const bounds =
  (kind: 'uniform' | 'log_uniform' | 'int_uniform') =>
  ([low = 0, high = 0]: readonly number[]) =>
    low < high ? { kind, low, high } : null;

const KINDS = new Map<string, Kind>([
  ['uniform', { of: '[low, high], low below high', read: bounds('uniform') }],
  [
    'log_uniform',
    {
      of: '[low, high], low below high, both above 0: values, not exponents',
      read: (it) => ((it[0] ?? 0) > 0 ? bounds('log_uniform')(it) : null),
    },
  ],
  [
    'int_uniform',
    {
      of: '[low, high], low below high, whole numbers, both included',
      read: (it) => (it.every(Number.isSafeInteger) ? bounds('int_uniform')(it) : null),
    },
  ],
  [
    'quantised',
    {
      of: '[low, high, step], low below high',
      read: ([low = 0, high = 0, step = 0]) =>
        low < high && step > 0 && step <= high - low ? { kind: 'quantised', low, high, step } : null,
    },
  ],
  [
    'normal',
    { of: '[mean, standard deviation]', read: ([mean = 0, sd = 0]) => (sd > 0 ? { kind: 'normal', mean, sd } : null) },
  ],
]);

export const RANGES = [...KINDS.keys()];

const CHOICE = 'choice';

/** The values of `{choice: [...]}`, which is another spelling of a list; null where it is something else. */
export function choicesIn(axis: JsonValue): JsonValue[] | null {
  if (!isJsonObject(axis) || Object.keys(axis).length !== 1 || !Array.isArray(axis.choice)) return null;
  return axis.choice.length === 0 ? null : axis.choice;
}

/** The range that the axis of a field names, or what is wrong with it. */
export function rangeIn(field: string, axis: JsonValue): Range | string {
  const names = isJsonObject(axis) ? Object.keys(axis) : [];
  const [name = ''] = names;
  const kind = KINDS.get(name);
  if (!isJsonObject(axis) || kind === undefined || names.length !== 1) return noRange(field, axis);
  const numbers = axis[name];
  const expected = `expected ${name}: ${kind.of}`;
  if (!Array.isArray(numbers) || !numbers.every((it) => typeof it === 'number' && Number.isFinite(it))) return expected;
  const parameters = numbers.filter((it) => typeof it === 'number');
  const length = name === 'quantised' ? 3 : 2;
  return (parameters.length === length ? kind.read(parameters) : null) ?? expected;
}

function noRange(field: string, axis: JsonValue): string {
  const [name = 'name'] = isJsonObject(axis) ? Object.keys(axis) : [];
  if (isJsonObject(axis) && Array.isArray(axis.values)) {
    return `an axis is a list; write ${field}: ${JSON.stringify(axis.values)}`;
  }
  if (name === CHOICE) return `expected ${CHOICE}: a list of at least one value`;
  const near = didYouMean(closestNames(name, [...RANGES, CHOICE]));
  if (near !== '') return EXPECTED + near;
  return `an axis is a list or a range; an axis over a field in it is written ${field}.${name}: [ … ]`;
}

const EXPECTED = `expected a list of values, or a range as one of ${[...RANGES, CHOICE].map((name) => `{${name}: […]}`).join(', ')}`;

/** Digits of a drawn number: more would make names of runs longer, and nothing else better. */
const DIGITS = 6;

/** The value of a field for what was drawn, in few digits, within the bounds. */
export function drawnValue(range: Range, drawn: number): number {
  switch (range.kind) {
    case 'int_uniform':
      return drawn;
    case 'quantised': {
      // A multiple of 0.1 is to be read as 0.3, not as 0.30000000000000004.
      return Number(drawn.toPrecision(12));
    }
    case 'normal':
      return Number(drawn.toPrecision(DIGITS));
    default:
      return Math.min(Math.max(Number(drawn.toPrecision(DIGITS)), range.low), range.high);
  }
}
