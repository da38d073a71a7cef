// Text with values put in: `'{} {name}'.format(…)` and `'%s %d' % …`.

import { TemplateError } from './errors.ts';
import { repr, str } from './printing.ts';
import { plain, sliceText, type Text, TextBuilder } from './text.ts';
import { type Call, Dict, Float, numberOf, Tuple, typeName, type Value } from './values.ts';

/** Fields are names and positions without a format of their own. */
export function format(text: Text, { positional, named }: Call): Text {
  let automatic = 0;
  return fillIn(text, /\{\{|\}\}|\{([^{}]*)\}|[{}]/g, ([whole, field]) => {
    if (whole === '{{' || whole === '}}') return whole[0];
    if (field === undefined) throw new TemplateError(`single '${whole}' encountered in format string`);
    if (!/^\w*$/.test(field)) throw new TemplateError(`the format {${field}} is not supported`);
    const value = /^\d*$/.test(field) ? positional[field === '' ? automatic++ : Number(field)] : named.get(field);
    if (value === undefined) throw new TemplateError(`format() got no value for {${field}}`);
    return str(value);
  });
}

/** `%s`, `%r`, `%d`, `%f` with a precision, and `%%`; names in parentheses take from a dict. */
export function formatPercent(text: Text, value: Value): Text {
  const values = value instanceof Tuple ? value.items : [value];
  let used = 0;
  const take = (name: string | undefined): Value => {
    const taken = name === undefined ? values[used++] : value instanceof Dict ? value.get(name) : undefined;
    if (taken === undefined) throw new TemplateError('not enough arguments for format string');
    return taken;
  };
  const filled = fillIn(text, /%(?:%|(?:\((\w+)\))?(?:\.(\d+))?([a-zA-Z])|.?)/g, ([whole, name, precision, kind]) => {
    if (whole === '%%') return '%';
    if (kind === 's' && precision === undefined) return str(take(name));
    if (kind === 'r' && precision === undefined) return repr(take(name));
    if ((kind === 'd' || kind === 'i') && precision === undefined) return String(Math.trunc(expectNumber(take(name))));
    if (kind === 'f') return expectNumber(take(name)).toFixed(Number(precision ?? 6));
    throw new TemplateError(`the format ${whole} is not supported`);
  });
  if (!(value instanceof Dict) && used < values.length)
    throw new TemplateError('not all arguments converted during string formatting');
  return filled;
}

function expectNumber(value: Value): number {
  const number = value instanceof Float ? value.value : numberOf(value);
  if (number === null) throw new TemplateError(`a number is required, not ${typeName(value)}`);
  return number;
}

function fillIn(text: Text, field: RegExp, show: (match: RegExpMatchArray) => Text): Text {
  const builder = new TextBuilder();
  let end = 0;
  for (const match of plain(text).matchAll(field)) {
    builder.append(sliceText(text, end, match.index));
    builder.append(show(match));
    end = match.index + match[0].length;
  }
  builder.append(sliceText(text, end));
  return builder.build();
}
