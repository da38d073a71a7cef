// The methods of Python's `str`.

import { bind, expectInteger, expectText } from './arguments.ts';
import { TemplateError } from './errors.ts';
import { format } from './formatting.ts';
import { WHITE_SPACE } from './lexer.ts';
import { joinTexts, mapSpans, plain, sliceText, type Text } from './text.ts';
import {
  type Call,
  Callable,
  iterate,
  List,
  sliceCharacters,
  Tuple,
  textLength,
  typeName,
  type Value,
} from './values.ts';

const LEADING = new RegExp(`^[${WHITE_SPACE}]+`);
const TRAILING = new RegExp(`[${WHITE_SPACE}]+$`);
const RUN = new RegExp(`[${WHITE_SPACE}]+`, 'g');
const INFORMATION_SEPARATORS = '\\x1c-\\x1e';
/** What Python takes for the end of a line. */
export const LINE_BREAK = new RegExp(`\\r\\n|[\\n\\r\\v\\f${INFORMATION_SEPARATORS}\\x85\\u2028\\u2029]`, 'g');
const ALL_SPACE = new RegExp(`^[${WHITE_SPACE}]+$`);

export type Sides = 'both' | 'left' | 'right';

/** Without these characters, or white space, at its ends. */
export function strip(text: Text, chars: Value | undefined, sides: Sides = 'both'): Text {
  const whole = plain(text);
  let [start, end] = [0, whole.length];
  if (chars === undefined || chars === null) {
    if (sides !== 'right') start = LEADING.exec(whole)?.[0].length ?? 0;
    if (sides !== 'left' && start < end) end -= TRAILING.exec(whole)?.[0].length ?? 0;
    return sliceText(text, start, end);
  }
  const stripped = new Set(plain(expectText(chars, 'the argument of strip')));
  const points = Array.from(whole);
  let [first, last] = [0, points.length];
  if (sides !== 'right') while (first < last && stripped.has(points[first])) start += points[first++].length;
  if (sides !== 'left') while (last > first && stripped.has(points[last - 1])) end -= points[--last].length;
  return sliceText(text, start, end);
}

function split(text: Text, separator: Value | undefined, limit: number, fromRight = false): Text[] {
  const whole = plain(text);
  const cuts: [number, number][] = [];
  if (separator === undefined || separator === null) {
    const trimmed = strip(text, undefined);
    if (plain(trimmed) === '') return [];
    const offset = LEADING.exec(whole)?.[0].length ?? 0;
    for (const { index, 0: run } of plain(trimmed).matchAll(RUN))
      cuts.push([offset + index, offset + index + run.length]);
    const kept = limited(cuts, limit, fromRight);
    // What is left over keeps the white space at its far end, as in Python.
    const [start, end] = [
      fromRight && kept.length < cuts.length ? 0 : offset,
      !fromRight && kept.length < cuts.length ? whole.length : offset + plain(trimmed).length,
    ];
    return between(text, kept, start, end);
  }
  const mark = plain(expectText(separator, 'the separator'));
  if (mark === '') throw new TemplateError('empty separator');
  if (fromRight && limit >= 0) {
    let before = whole.length;
    while (cuts.length < limit) {
      const at = before < mark.length ? -1 : whole.lastIndexOf(mark, before - mark.length);
      if (at === -1) break;
      cuts.unshift([at, at + mark.length]);
      before = at;
    }
    return between(text, cuts, 0, whole.length);
  }
  for (
    let at = whole.indexOf(mark);
    at !== -1 && (limit < 0 || cuts.length < limit);
    at = whole.indexOf(mark, at + mark.length)
  )
    cuts.push([at, at + mark.length]);
  return between(text, cuts, 0, whole.length);
}

function limited(cuts: [number, number][], limit: number, fromRight: boolean): [number, number][] {
  if (limit < 0) return cuts;
  return fromRight ? cuts.slice(Math.max(0, cuts.length - limit)) : cuts.slice(0, limit);
}

function between(text: Text, cuts: readonly [number, number][], start: number, end: number): Text[] {
  const starts = [start, ...cuts.map(([, after]) => after)];
  return starts.map((from, index) => sliceText(text, from, cuts[index]?.[0] ?? end));
}

export function replace(text: Text, old: Text, by: Text, limit: number): Text {
  const mark = plain(old);
  if (mark === '') {
    const units = Array.from({ length: textLength(text) }, (_, index) => sliceCharacters(text, index, index + 1));
    const bounded = limit < 0 ? units.length + 1 : limit;
    return joinTexts(
      units
        .flatMap((unit, index) => (index < bounded ? [by, unit] : [unit]))
        .concat(units.length < bounded ? [by] : []),
    );
  }
  return joinTexts(split(text, old, limit), by);
}

export function capitalize(text: Text): Text {
  const first = sliceCharacters(text, 0, 1);
  const rest = sliceText(text, plain(first).length);
  return joinTexts([mapSpans(first, titleCase), mapSpans(rest, (part) => part.toLowerCase())]);
}

/** The digraphs whose title case is not their upper case. */
const DIGRAPHS = /^[\u01c4-\u01cc\u01f1-\u01f3]$/;

function titleCase(character: string): string {
  const [first = '', ...rest] = character.toUpperCase();
  if (!DIGRAPHS.test(character)) return first + rest.join('').toLowerCase();
  const point = first.codePointAt(0) ?? 0;
  return String.fromCodePoint(point + 1);
}

/** Upper case after what is no letter. */
function title(text: Text): Text {
  return mapSpans(text, (part) =>
    part.replace(/\p{L}[\p{L}\p{M}]*/gu, (word) => {
      const [first = ''] = word;
      return titleCase(first) + word.slice(first.length).toLowerCase();
    }),
  );
}

function lines(text: Text, keepEnds: boolean): Text[] {
  const whole = plain(text);
  const found: Text[] = [];
  let start = 0;
  for (const { index, 0: end } of whole.matchAll(LINE_BREAK)) {
    found.push(sliceText(text, start, index + (keepEnds ? end.length : 0)));
    start = index + end.length;
  }
  return start < whole.length ? [...found, sliceText(text, start)] : found;
}

/** Text of that many characters, with fill on one side or both. */
export function pad(text: Text, width: number, fill: string, side: Sides): Text {
  const missing = Math.max(0, width - textLength(text));
  // CPython puts the odd one on the left only where the width is odd too.
  const left = side === 'right' ? 0 : side === 'left' ? missing : Math.floor(missing / 2) + (missing & width & 1);
  return joinTexts([fill.repeat(left), text, fill.repeat(missing - left)]);
}

function affixes(value: Value | undefined, name: string): string[] {
  if (value instanceof Tuple) return value.items.map((item) => plain(expectText(item, `the arguments of ${name}`)));
  return [plain(expectText(value, `the argument of ${name}`))];
}

function partition(text: Text, separator: Text, fromRight: boolean): Tuple {
  const mark = plain(separator);
  if (mark === '') throw new TemplateError('empty separator');
  const at = fromRight ? plain(text).lastIndexOf(mark) : plain(text).indexOf(mark);
  if (at === -1) return new Tuple(fromRight ? ['', '', text] : [text, '', '']);
  return new Tuple([sliceText(text, 0, at), mark, sliceText(text, at + mark.length)]);
}

function zeroFill(text: Text, width: number): Text {
  const sign = /^[+-]/.exec(plain(text))?.[0] ?? '';
  return joinTexts([sign, pad(sliceText(text, sign.length), width - sign.length, '0', 'left')]);
}

const KINDS: Readonly<Record<string, RegExp>> = {
  isdigit: /^[\p{Nd}\u00b2\u00b3\u00b9\u2070\u2074-\u2079\u2080-\u2089]+$/u,
  isdecimal: /^\p{Nd}+$/u,
  isnumeric: /^\p{N}+$/u,
  isalpha: /^\p{L}+$/u,
  isalnum: /^[\p{L}\p{N}]+$/u,
  isspace: ALL_SPACE,
  isascii: /^\p{ASCII}*$/u,
  isidentifier: /^[\p{L}_][\p{L}\p{N}\p{M}_]*$/u,
};

type Method = (text: Text, call: Call) => Value;

function stripping(name: string, sides: Sides): Method {
  return (text, call) => strip(text, bind(call, name, ['chars'])[0], sides);
}

function splitting(name: string, fromRight: boolean): Method {
  return (text, call) => {
    const [sep, maxsplit] = bind(call, name, ['sep', 'maxsplit']);
    return new List(split(text, sep, expectInteger(maxsplit, 'maxsplit', -1), fromRight));
  };
}

function finding(name: string, fromRight: boolean, mustExist: boolean): Method {
  return (text, call) => {
    const [sought, from, to] = bind(call, name, ['sub', 'start', 'end']);
    const mark = plain(expectText(sought, `the argument of ${name}`));
    const [start, end] = range(text, from, to);
    const within = plain(sliceCharacters(text, start, end));
    const at = fromRight ? within.lastIndexOf(mark) : within.indexOf(mark);
    if (at === -1 && mustExist) throw new TemplateError('substring not found');
    return at === -1 ? -1 : start + textLength(within.slice(0, at));
  };
}

/** Start and end of a part, which count from the end where they are negative. */
function range(text: Text, from: Value | undefined, to: Value | undefined): [number, number] {
  const length = textLength(text);
  const clamp = (value: number) => Math.min(length, Math.max(0, value < 0 ? value + length : value));
  const start = from === null ? 0 : expectInteger(from, 'start', 0);
  return [clamp(start), clamp(to === null ? length : expectInteger(to, 'end', length))];
}

function matching(name: string, matches: (text: string, affix: string) => boolean): Method {
  return (text, call) => {
    const [prefix, from, to] = bind(call, name, ['prefix', 'start', 'end']);
    const part = plain(sliceCharacters(text, ...range(text, from, to)));
    return affixes(prefix, name).some((affix) => matches(part, affix));
  };
}

function padding(name: string, side: Sides): Method {
  return (text, call) => {
    const [width, fill = ' '] = bind(call, name, ['width', 'fillchar']);
    return pad(text, expectInteger(width, 'width'), plain(expectText(fill, 'fillchar')), side);
  };
}

function changing(change: (part: string) => string): Method {
  return (text) => mapSpans(text, change);
}

const METHODS: ReadonlyMap<string, Method> = new Map<string, Method>([
  ['strip', stripping('strip', 'both')],
  ['lstrip', stripping('lstrip', 'left')],
  ['rstrip', stripping('rstrip', 'right')],
  ['split', splitting('split', false)],
  ['rsplit', splitting('rsplit', true)],
  ['splitlines', (text, call) => new List(lines(text, bind(call, 'splitlines', ['keepends'])[0] === true))],
  ['find', finding('find', false, false)],
  ['rfind', finding('rfind', true, false)],
  ['index', finding('index', false, true)],
  ['rindex', finding('rindex', true, true)],
  ['startswith', matching('startswith', (text, affix) => text.startsWith(affix))],
  ['endswith', matching('endswith', (text, affix) => text.endsWith(affix))],
  ['upper', changing((part) => part.toUpperCase())],
  ['lower', changing((part) => part.toLowerCase())],
  ['casefold', changing((part) => part.toLowerCase().replaceAll('ß', 'ss'))],
  ['title', (text) => title(text)],
  ['capitalize', (text) => capitalize(text)],
  ['ljust', padding('ljust', 'right')],
  ['rjust', padding('rjust', 'left')],
  ['center', padding('center', 'both')],
  ['zfill', (text, call) => zeroFill(text, expectInteger(bind(call, 'zfill', ['width'])[0], 'width'))],
  ['isupper', (text) => /\p{Lu}/u.test(plain(text)) && !/[\p{Ll}\p{Lt}]/u.test(plain(text))],
  ['islower', (text) => /\p{Ll}/u.test(plain(text)) && !/[\p{Lu}\p{Lt}]/u.test(plain(text))],
  ['partition', (text, call) => partition(text, expectText(bind(call, 'partition', ['sep'])[0], 'sep'), false)],
  ['rpartition', (text, call) => partition(text, expectText(bind(call, 'rpartition', ['sep'])[0], 'sep'), true)],
  ['format', (text, call) => format(text, call)],
  [
    'join',
    (text, call) => {
      const items = iterate(bind(call, 'join', ['iterable'])[0] ?? null);
      return joinTexts(
        items.map((item, index) => expectText(item, `item ${index} of the joined sequence`)),
        text,
      );
    },
  ],
  [
    'replace',
    (text, call) => {
      const [old, by, count] = bind(call, 'replace', ['old', 'new', 'count']);
      const from = expectText(old, 'the first argument of replace');
      return replace(text, from, expectText(by, 'the second argument of replace'), expectInteger(count, 'count', -1));
    },
  ],
  [
    'count',
    (text, call) => {
      const [sub, from, to] = bind(call, 'count', ['sub', 'start', 'end']);
      const mark = expectText(sub, 'the argument of count');
      const part = sliceCharacters(text, ...range(text, from, to));
      return plain(mark) === '' ? textLength(part) + 1 : split(part, mark, -1).length - 1;
    },
  ],
  [
    'removeprefix',
    (text, call) => {
      const prefix = plain(expectText(bind(call, 'removeprefix', ['prefix'])[0], 'prefix'));
      return plain(text).startsWith(prefix) ? sliceText(text, prefix.length) : text;
    },
  ],
  [
    'removesuffix',
    (text, call) => {
      const suffix = plain(expectText(bind(call, 'removesuffix', ['suffix'])[0], 'suffix'));
      const whole = plain(text);
      return suffix !== '' && whole.endsWith(suffix) ? sliceText(text, 0, whole.length - suffix.length) : text;
    },
  ],
]);
/** Methods that Python has and that are not here: an error rather than an undefined value. */
const UNSUPPORTED = [
  'encode',
  'expandtabs',
  'format_map',
  'istitle',
  'isprintable',
  'maketrans',
  'swapcase',
  'translate',
];

export function textMethod(text: Text, name: string): Callable | null {
  const method = METHODS.get(name);
  if (method !== undefined) return new Callable(name, (call) => method(text, call));
  if (Object.hasOwn(KINDS, name)) return new Callable(name, () => KINDS[name].test(plain(text)));
  if (UNSUPPORTED.includes(name)) throw new TemplateError(`the method ${name} of ${typeName(text)} is not supported`);
  return null;
}
