// The filters that make numbers, as Python does: `round`, `int` and `float`.

import { DECIMAL_NUMBER } from '../../util/decimal.ts';
import { TemplateError } from './errors.ts';
import { strip } from './strings.ts';
import { plain } from './text.ts';
import { Float, isText, numberOf, type Value } from './values.ts';

export function rounded(value: Value, precision: number, method: string): Float {
  const number = value instanceof Float ? value.value : (numberOf(value) ?? missingNumber());
  const scale = 10 ** precision;
  if (method === 'ceil') return new Float(Math.ceil(number * scale) / scale);
  if (method === 'floor') return new Float(Math.floor(number * scale) / scale);
  const scaled = number * scale;
  const near = Math.round(scaled);
  // Halves go to the even neighbour.
  return new Float((Math.abs(scaled % 1) === 0.5 && near % 2 !== 0 ? near - 1 : near) / scale);
}

function missingNumber(): never {
  throw new TemplateError('round needs a number');
}

export function toInteger(value: Value, preset: Value): Value {
  if (value instanceof Float) return Number.isFinite(value.value) ? Math.trunc(value.value) : preset;
  const number = numberOf(value);
  if (number !== null) return number;
  const digits = isText(value) ? plain(strip(value, undefined)) : '';
  if (/^[+-]?\d+(?:\.\d*)?(?:e[+-]?\d+)?$/i.test(digits)) {
    const parsed = Math.trunc(Number(digits));
    if (Number.isSafeInteger(parsed)) return parsed;
    throw new TemplateError(`the number ${digits} is too large`);
  }
  return preset;
}

export function toFloat(value: Value, preset: Value): Value {
  const number = numberOf(value);
  if (number !== null) return new Float(number);
  const digits = isText(value) ? plain(strip(value, undefined)) : '';
  return DECIMAL_NUMBER.test(digits) ? new Float(Number(digits)) : preset;
}
