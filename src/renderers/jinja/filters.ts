// The filters of Python's jinja2, as transformers sets them up (`tojson` is `json.dumps`, and nothing is escaped for HTML).

import { bind, expectInteger, expectText } from './arguments.ts';
import { TemplateError } from './errors.ts';
import { formatPercent } from './formatting.ts';
import { WHITE_SPACE } from './lexer.ts';
import { attributeOf, itemOf } from './members.ts';
import { rounded, toFloat, toInteger } from './number_filters.ts';
import { add } from './operators.ts';
import { PLAIN_JSON, repr, str, toJson } from './printing.ts';
import { capitalize, LINE_BREAK, pad, replace, strip } from './strings.ts';
import { testOf } from './tests.ts';
import { derivedText, joinTexts, mapSpans, plain, sliceText, type Text } from './text.ts';
import {
  type Call,
  characters,
  compare,
  Dict,
  Float,
  Generator,
  isEqual,
  isText,
  isTrue,
  iterate,
  List,
  lengthOf,
  numberOf,
  SafeText,
  Tuple,
  Undefined,
  type Value,
} from './values.ts';

export type Filter = (value: Value, call: Call) => Value;

/** A filter that takes these arguments after its operand. */
function filter(
  name: string,
  parameters: readonly string[],
  apply: (value: Value, ...args: (Value | undefined)[]) => Value,
) {
  return [name, (value: Value, call: Call) => apply(value, ...bind(call, name, parameters))] as const;
}

export function filterOf(name: string): Filter {
  const found = FILTERS.get(name);
  if (found !== undefined) return found;
  throw new TemplateError(
    UNSUPPORTED.includes(name)
      ? `the filter "${name}" is not supported in chat templates`
      : `no filter named "${name}"`,
  );
}

/** `x.a.0`: reads members along a path with dots, or the member of that number. */
function memberReader(attribute: Value | undefined, preset?: Value): (value: Value) => Value {
  if (attribute === undefined || attribute === null) return (value) => value;
  const path = isText(attribute) ? plain(attribute).split('.') : [attribute];
  return (value) => {
    let found = value;
    for (const key of path) {
      found = itemOf(found, typeof key === 'string' && /^\d+$/.test(key) ? Number(key) : key);
      if (found instanceof Undefined && preset !== undefined) return preset;
    }
    return found;
  };
}

/** Lower case of text unless asked otherwise: jinja2 sorts and groups without regard to case. */
function caseless(
  caseSensitive: Value | undefined,
  read: (value: Value) => Value = (value) => value,
): (value: Value) => Value {
  if (caseSensitive !== undefined && isTrue(caseSensitive)) return read;
  return (value) => {
    const key = read(value);
    return isText(key) ? plain(key).toLowerCase() : key;
  };
}

function sorted(items: readonly Value[], key: (value: Value) => Value, descending: boolean): Value[] {
  const keyed = items.map((item) => ({ item, key: key(item) }));
  return keyed.sort((a, b) => (descending ? compare(b.key, a.key) : compare(a.key, b.key))).map(({ item }) => item);
}

function extreme(name: string, sign: 1 | -1) {
  return filter(name, ['case_sensitive', 'attribute'], (value, caseSensitive, attribute) => {
    const key = caseless(caseSensitive, memberReader(attribute));
    const items = iterate(value);
    if (items.length === 0) return new Undefined('No aggregated item, sequence was empty.');
    return items.reduce((best, item) => (compare(key(item), key(best)) * sign > 0 ? item : best));
  });
}

/** `select`, `reject` and their like: items for which a test holds, or which are true. */
function selecting(name: string, byAttribute: boolean, wanted: boolean): readonly [string, Filter] {
  return [
    name,
    (value, { positional, named }) => {
      const [read, rest] = byAttribute
        ? [memberReader(positional[0] ?? missing(name)), positional.slice(1)]
        : [(item: Value) => item, positional];
      const [test, ...args] = rest;
      const holds = test === undefined ? isTrue : testOf(plain(expectText(test, `the test of ${name}`)));
      // What is false, None too, has no items here.
      const items = (isTrue(value) ? iterate(value) : []).filter(
        (item) => holds(read(item), { positional: args, named }) === wanted,
      );
      return new Generator('generator', items);
    },
  ];
}

function missing(name: string): never {
  throw new TemplateError(`${name} needs an attribute`);
}

function mapped(value: Value, { positional, named }: Call): Value {
  const [name, ...args] = positional;
  let change: (item: Value) => Value;
  if (name === undefined) {
    const attribute = named.get('attribute') ?? missing('map');
    change = memberReader(attribute, named.get('default'));
  } else {
    const apply = filterOf(plain(expectText(name, 'the filter of map')));
    change = (item) => apply(item, { positional: args, named });
  }
  return new Generator('generator', (isTrue(value) ? iterate(value) : []).map(change));
}

function joined(value: Value, separator: Value | undefined, attribute: Value | undefined): Text {
  return joinTexts(
    iterate(value).map((item) => str(memberReader(attribute)(item))),
    str(separator ?? ''),
  );
}

function indented(text: Text, width: Value, first: boolean, blank: boolean): Text {
  const indent = isText(width) ? width : ' '.repeat(expectInteger(width, 'the width of indent'));
  // A line break at the end is a line of its own.
  const parts = splitLines(joinTexts([text, '\n']));
  const rest = parts.slice(1).map((line) => (blank || plain(line) !== '' ? joinTexts([indent, line]) : line));
  const whole = joinTexts([parts[0] ?? '', ...rest], '\n');
  return first ? joinTexts([indent, whole]) : whole;
}

function splitLines(text: Text): Text[] {
  const lines: Text[] = [];
  let start = 0;
  for (const { index, 0: end } of plain(text).matchAll(LINE_BREAK)) {
    lines.push(sliceText(text, start, index));
    start = index + end.length;
  }
  return lines;
}

function grouped(
  value: Value,
  attribute: Value | undefined,
  preset: Value | undefined,
  caseSensitive: Value | undefined,
): List {
  const read = memberReader(attribute, preset);
  const key = caseless(caseSensitive, read);
  const groups: { key: Value; shown: Value; items: Value[] }[] = [];
  for (const item of sorted(iterate(value), key, false)) {
    const found = key(item);
    const last = groups.at(-1);
    if (last !== undefined && isEqual(last.key, found)) last.items.push(item);
    else groups.push({ key: found, shown: read(item), items: [item] });
  }
  return new List(groups.map(({ shown, items }) => new Tuple([shown, new List(items)])));
}

function unique(value: Value, caseSensitive: Value | undefined, attribute: Value | undefined): Generator {
  const key = caseless(caseSensitive, memberReader(attribute));
  const seen = new Dict();
  const items = iterate(value).filter((item) => {
    const isNew = !seen.has(key(item));
    seen.set(key(item), null);
    return isNew;
  });
  return new Generator('generator', items);
}

function chunks(value: Value, size: number, fill: Value | undefined): Generator {
  if (size < 1) throw new TemplateError('batch needs a positive number');
  const items = iterate(value);
  const lists: Value[] = [];
  for (let start = 0; start < items.length; start += size) {
    const chunk = items.slice(start, start + size);
    const missingItems = fill === undefined || fill === null ? 0 : size - chunk.length;
    lists.push(new List([...chunk, ...new Array<Value>(missingItems).fill(fill ?? null)]));
  }
  return new Generator('generator', lists);
}

function upper(text: Text): Text {
  return mapSpans(text, (part) => part.toUpperCase());
}

function lower(text: Text): Text {
  return mapSpans(text, (part) => part.toLowerCase());
}

const WORD = new RegExp(`([-${WHITE_SPACE}({\\[<]+)`, 'u');

const FILTERS: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  filter('abs', [], (value) => {
    const number = numberOf(value);
    if (number === null) throw new TemplateError('bad operand type for abs()');
    return value instanceof Float ? new Float(Math.abs(number)) : Math.abs(number);
  }),
  filter('attr', ['name'], (value, name) => attributeOf(value, plain(expectText(name, 'the argument of attr')), false)),
  filter('batch', ['linecount', 'fill_with'], (value, size, fill) =>
    chunks(value, expectInteger(size, 'linecount'), fill),
  ),
  filter('capitalize', [], (value) => capitalize(str(value))),
  filter('center', ['width'], (value, width) => pad(str(value), expectInteger(width, 'width', 80), ' ', 'both')),
  filter('count', [], lengthOf),
  filter('d', ['default_value', 'boolean'], defaulted),
  filter('default', ['default_value', 'boolean'], defaulted),
  filter('dictsort', ['case_sensitive', 'by', 'reverse'], (value, caseSensitive, by = 'key', reverse = false) => {
    const position = isText(by) && plain(by) === 'value' ? 1 : 0;
    const items = value instanceof Dict ? value.entries().map((entry) => new Tuple(entry)) : iterate(value);
    const key = caseless(caseSensitive, (item) => (item instanceof Tuple ? item.items[position] : item));
    return new List(sorted(items, key, isTrue(reverse)));
  }),
  filter('first', [], (value) => {
    const items = iterate(value);
    return items.length > 0 ? items[0] : new Undefined('No first item, sequence was empty.');
  }),
  filter('float', ['default'], (value, preset = new Float(0)) => toFloat(value, preset)),
  [
    'format',
    (value, { positional, named }) =>
      formatPercent(str(value), named.size > 0 ? namedDict(named) : new Tuple(positional)),
  ],
  filter('groupby', ['attribute', 'default', 'case_sensitive'], grouped),
  filter('indent', ['width', 'first', 'blank'], (value, width = 4, first = false, blank = false) =>
    indented(str(value), width, isTrue(first), isTrue(blank)),
  ),
  filter('int', ['default', 'base'], (value, preset = 0, base = 10) => {
    if (base !== 10) throw new TemplateError('the filter int is supported for base 10 only');
    return toInteger(value, preset);
  }),
  filter('items', [], (value) => {
    if (value instanceof Undefined) return new Generator('generator', []);
    if (!(value instanceof Dict)) throw new TemplateError('Can only get item pairs from a mapping.');
    return new Generator(
      'generator',
      value.entries().map((entry) => new Tuple(entry)),
    );
  }),
  filter('join', ['d', 'attribute'], joined),
  filter('last', [], (value) => {
    const items = iterate(value);
    return items.length > 0 ? items[items.length - 1] : new Undefined('No last item, sequence was empty.');
  }),
  filter('length', [], lengthOf),
  filter('list', [], (value) => new List([...iterate(value)])),
  filter('lower', [], (value) => lower(str(value))),
  ['map', mapped],
  extreme('max', 1),
  extreme('min', -1),
  filter('pprint', [], (value) => repr(value)),
  selecting('reject', false, false),
  selecting('rejectattr', true, false),
  filter('replace', ['old', 'new', 'count'], (value, old, by, count) =>
    replace(
      str(value),
      str(old ?? ''),
      str(by ?? ''),
      count === undefined || count === null ? -1 : expectInteger(count, 'count'),
    ),
  ),
  filter('reverse', [], (value) => {
    if (isText(value)) return joinTexts(characters(value).toReversed());
    return new Generator('list_reverseiterator', iterate(value).toReversed());
  }),
  filter('round', ['precision', 'method'], (value, precision, method = 'common') =>
    rounded(value, expectInteger(precision, 'precision', 0), plain(str(method))),
  ),
  filter('safe', [], (value) => new SafeText(str(value))),
  selecting('select', false, true),
  selecting('selectattr', true, true),
  filter('sort', ['reverse', 'case_sensitive', 'attribute'], (value, reverse = false, caseSensitive, attribute) => {
    const readers = isText(attribute ?? null) ? plain(expectText(attribute, 'attribute')).split(',') : [attribute];
    const keys = readers.map((name) => caseless(caseSensitive, memberReader(name)));
    const key = (item: Value): Value => (keys.length === 1 ? keys[0](item) : new Tuple(keys.map((read) => read(item))));
    return new List(sorted(iterate(value), key, isTrue(reverse)));
  }),
  filter('string', [], (value) => (value instanceof SafeText ? value : str(value))),
  filter('sum', ['attribute', 'start'], (value, attribute, start = 0) =>
    iterate(value).reduce((total, item) => add(total, memberReader(attribute)(item)), start),
  ),
  filter('title', [], (value) => {
    const text = str(value);
    const words = plain(text).split(WORD);
    let end = 0;
    return joinTexts(
      words.map((word) => {
        end += word.length;
        const [first = ''] = word;
        const start = end - word.length;
        const rest = sliceText(text, start + first.length, end);
        return joinTexts([upper(sliceText(text, start, start + first.length)), lower(rest)]);
      }),
    );
  }),
  filter(
    'tojson',
    ['ensure_ascii', 'indent', 'separators', 'sort_keys'],
    (value, ascii, indent, separators, sortKeys) => {
      const pair = separators instanceof Tuple || separators instanceof List ? separators.items : null;
      return toJson(value, {
        ...PLAIN_JSON,
        ensureAscii: ascii !== undefined && isTrue(ascii),
        indent:
          indent === undefined || indent === null
            ? null
            : isText(indent)
              ? plain(indent)
              : ' '.repeat(expectInteger(indent, 'indent')),
        separators: pair === null ? null : [expectText(pair[0], 'separators'), expectText(pair[1], 'separators')],
        sortKeys: sortKeys !== undefined && isTrue(sortKeys),
      });
    },
  ),
  filter('trim', ['chars'], (value, chars) => strip(str(value), chars)),
  filter(
    'truncate',
    ['length', 'killwords', 'end', 'leeway'],
    (value, length, killWords = false, end = '...', leeway = 5) => {
      const text = str(value);
      const limit = expectInteger(length, 'length', 255);
      const points = characters(text);
      if (points.length <= limit + expectInteger(leeway, 'leeway')) return text;
      const kept = joinTexts(points.slice(0, limit - lengthOf(end)));
      const space = plain(kept).lastIndexOf(' ');
      return joinTexts([isTrue(killWords) || space === -1 ? kept : sliceText(kept, 0, space), str(end)]);
    },
  ),
  filter('unique', ['case_sensitive', 'attribute'], unique),
  filter('upper', [], (value) => upper(str(value))),
  filter('urlencode', [], (value) => {
    const encoded = encodeURIComponent(plain(str(value))).replace(
      /[!'()*]/g,
      (unit) => `%${unit.charCodeAt(0).toString(16).toUpperCase()}`,
    );
    return derivedText(encoded.replaceAll('%2F', '/'), str(value));
  }),
  filter('wordcount', [], (value) => plain(str(value)).match(/[\p{L}\p{N}\p{M}_]+/gu)?.length ?? 0),
]);

const UNSUPPORTED = [
  'e',
  'escape',
  'filesizeformat',
  'forceescape',
  'random',
  'slice',
  'striptags',
  'urlize',
  'wordwrap',
  'xmlattr',
];

function defaulted(value: Value, preset: Value = '', boolean: Value = false): Value {
  return value instanceof Undefined || (isTrue(boolean) && !isTrue(value)) ? preset : value;
}

function namedDict(named: ReadonlyMap<string, Value>): Dict {
  return Dict.of([...named].map(([key, value]) => [key, value] as const));
}
