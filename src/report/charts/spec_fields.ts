// The columns that somebody's Vega-Lite spec asks for: one that the answer lacks would draw an empty chart without a word.

import { closestNames, didYouMean } from '../../registry/suggest.ts';
import { ConfigurationError } from '../../util/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../util/json.ts';

/** @throws ConfigurationError for a field that no column has; where a spec makes fields in ways of its own, nothing is known */
export function checkFields(spec: JsonObject, columns: readonly string[]): void {
  const made = madeFields(spec);
  if (made === null) return;
  const known = new Set([...columns, ...made]);
  for (const field of new Set(fieldsIn(spec))) {
    if (known.has(headOf(field))) continue;
    if (known.has(field)) {
      throw new ConfigurationError(`the field "${field}" of its spec means a member of another one`, {
        hint: `Vega-Lite takes a dot for the name of a member: write "${field.replaceAll('.', '\\\\.')}".`,
      });
    }
    const near = closestNames(field, [...known]);
    throw new ConfigurationError(`its SQL gives no column "${field}", which its spec draws${didYouMean(near)}`, {
      hint: `There is ${columns.join(', ') || 'none'}.`,
    });
  }
}

/** Names of fields wherever a spec has them: in encodings, their orders and their conditions. */
function fieldsIn(value: JsonValue): string[] {
  if (Array.isArray(value)) return value.flatMap(fieldsIn);
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    name === 'field' && typeof member === 'string' ? member : fieldsIn(member),
  );
}

/** What filters and calculations make; null where there are other transformations, which make fields of many names. */
function madeFields(value: JsonValue): string[] | null {
  if (Array.isArray(value)) return together(value.map(madeFields));
  if (!isJsonObject(value)) return [];
  return together(
    Object.entries(value).map(([name, member]) => {
      if (name === 'repeat' || name === 'params') return null;
      return name === 'transform' ? transformed(member) : madeFields(member);
    }),
  );
}

function transformed(list: JsonValue): string[] | null {
  if (!Array.isArray(list)) return null;
  return together(
    list.map((each) => {
      if (!isJsonObject(each)) return null;
      if (Object.hasOwn(each, 'filter')) return [];
      return Object.hasOwn(each, 'calculate') && typeof each.as === 'string' ? [each.as] : null;
    }),
  );
}

function together(parts: readonly (string[] | null)[]): string[] | null {
  const known = parts.flatMap((part) => (part === null ? [] : [part]));
  return known.length === parts.length ? known.flat() : null;
}

/** The column of `a.b`, `a['b']` and `a[0]`; a backslash takes the meaning from what is behind it. */
function headOf(field: string): string {
  const [head = ''] = /^(?:\\.|[^\\.[])*/.exec(field) ?? [];
  return head.replaceAll(/\\(.)/g, '$1');
}
