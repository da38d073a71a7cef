// Tuples and intervals: the elements between brackets.

import { withoutThousands } from './number_text.ts';

const BRACKETS = '()[]';

/**
 * The elements of `(1,2)` or `[0,1)`, or the one text that anything else is. The reference splits no tuple with brackets inside
 * it (`strict`); otherwise commas within inner brackets stay where they are.
 */
export function splitTuple(text: string, strict: boolean): string[] {
  const plain = withoutThousands(text, strict);
  if (plain === '') return [];
  const inside = plain.slice(1, -1);
  const isBracketed = plain.length > 2 && BRACKETS.includes(plain[0]) && BRACKETS.includes(plain.slice(-1));
  if (!isBracketed) return [plain];
  if (/[()[\]]/.test(inside)) return strict ? [plain] : (splitOutside(inside) ?? [plain]);
  return inside.split(',').map((element) => element.trim());
}

/** Splits at the commas outside of all brackets; null where those within do not pair, as in `(a)(b)`. */
function splitOutside(inside: string): string[] | null {
  const elements = [''];
  let depth = 0;
  for (const sign of inside) {
    if ('(['.includes(sign)) depth += 1;
    if (')]'.includes(sign)) depth -= 1;
    if (depth < 0) return null;
    if (sign === ',' && depth === 0) elements.push('');
    else elements[elements.length - 1] += sign;
  }
  return depth === 0 ? elements : null;
}
