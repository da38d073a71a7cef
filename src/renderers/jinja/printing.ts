// Values as text, as Python's `str`, `repr` and `json.dumps` write them.

import { TemplateError } from './errors.ts';
import { joinTexts, mapSpans, plain, type Text } from './text.ts';
import {
  Callable,
  Dict,
  Float,
  isText,
  List,
  SafeText,
  Tuple,
  typeName,
  Undefined,
  type Value,
  View,
} from './values.ts';

export function str(value: Value): Text {
  if (isText(value)) return value;
  if (value instanceof SafeText) return value.text;
  return value instanceof Undefined ? '' : repr(value);
}

export function repr(value: Value): Text {
  if (isText(value)) return reprText(value);
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (value instanceof Float) return floatText(value.value);
  if (value instanceof Undefined) return 'Undefined';
  if (value instanceof List) return enclose('[', value.items.map(repr), ']');
  if (value instanceof Tuple) {
    const items = value.items.map(repr);
    return items.length === 1 ? joinTexts(['(', ...items, ',)']) : enclose('(', items, ')');
  }
  if (value instanceof Dict) {
    return enclose(
      '{',
      value.entries().map(([key, member]) => joinTexts([repr(key), ': ', repr(member)])),
      '}',
    );
  }
  if (value instanceof View && value.name !== 'range')
    return joinTexts([value.name, '(', repr(new List(value.items)), ')']);
  throw notPrintable(value);
}

function notPrintable(value: Value): TemplateError {
  const name = value instanceof Callable ? value.name : typeName(value);
  return new TemplateError(`it prints ${value instanceof Callable ? 'the function' : 'an object of type'} ${name}`);
}

function enclose(open: string, items: Text[], close: string): Text {
  return joinTexts([open, joinTexts(items, ', '), close]);
}

/** The shortest digits that give the number back, with an exponent below 1e-4 and from 1e16. */
function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude < 1e-4 || magnitude >= 1e16)) {
    const [mantissa, exponent = ''] = value.toExponential().split('e');
    return `${mantissa}e${exponent.replace(/^([+-])(\d)$/, '$10$2')}`;
  }
  const text = Object.is(value, -0) ? '-0' : String(value);
  return text.includes('.') ? text : `${text}.0`;
}

const NOT_PRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;
const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function reprText(text: Text): Text {
  const whole = plain(text);
  const quote = whole.includes("'") && !whole.includes('"') ? '"' : "'";
  const escaped = mapSpans(text, (part) =>
    part
      .replaceAll('\\', '\\\\')
      .replaceAll(quote, quote === "'" ? "\\'" : quote)
      .replace(NOT_PRINTABLE, (character) => SHORT_ESCAPES[character] ?? pointEscape(character)),
  );
  return joinTexts([quote, escaped, quote]);
}

function pointEscape(character: string): string {
  const point = character.codePointAt(0) ?? 0;
  const hex = point.toString(16);
  if (point < 0x100) return `\\x${hex.padStart(2, '0')}`;
  return point < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

export interface JsonStyle {
  ensureAscii: boolean;
  /** What one level is indented by; null writes everything on one line. */
  indent: string | null;
  separators: [Text, Text] | null;
  sortKeys: boolean;
}

export const PLAIN_JSON: JsonStyle = { ensureAscii: false, indent: null, separators: null, sortKeys: false };

/** `json.dumps` of a value. */
export function toJson(value: Value, style: JsonStyle = PLAIN_JSON, level = 0): Text {
  if (isText(value)) return jsonText(value, style.ensureAscii);
  if (value === null) return 'null';
  if (typeof value === 'boolean' || typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (value instanceof Float) return jsonFloat(value.value);
  const [comma, colon] = style.separators ?? [style.indent === null ? ', ' : ',', ': '];
  const lay = (open: string, items: Text[], close: string): Text => {
    if (items.length === 0) return `${open}${close}`;
    if (style.indent === null) return joinTexts([open, joinTexts(items, comma), close]);
    const line = `\n${style.indent.repeat(level + 1)}`;
    return joinTexts([open, line, joinTexts(items, joinTexts([comma, line])), '\n', style.indent.repeat(level), close]);
  };
  if (value instanceof List || value instanceof Tuple)
    return lay(
      '[',
      value.items.map((item) => toJson(item, style, level + 1)),
      ']',
    );
  if (value instanceof Dict) {
    const entries = value.entries().map(([key, member]) => [jsonKey(key), member] as const);
    if (style.sortKeys) entries.sort(([a], [b]) => (plain(a) < plain(b) ? -1 : 1));
    const members = entries.map(([key, member]) =>
      joinTexts([jsonText(key, style.ensureAscii), colon, toJson(member, style, level + 1)]),
    );
    return lay('{', members, '}');
  }
  throw new TemplateError(`Object of type ${typeName(value)} is not JSON serializable`);
}

function jsonKey(key: Value): Text {
  if (isText(key)) return key;
  if (key === null || typeof key !== 'object') return toJson(key);
  if (key instanceof Float) return jsonFloat(key.value);
  throw new TemplateError('keys must be str, int, float, bool or None');
}

function jsonFloat(value: number): string {
  if (Number.isFinite(value)) return floatText(value);
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? 'Infinity' : '-Infinity';
}

const JSON_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\b': '\\b',
  '\f': '\\f',
};

function jsonText(text: Text, ensureAscii: boolean): Text {
  const pattern = ensureAscii ? /["\\]|[^ -~]/g : /["\\]|(?![\x7f-\x9f])\p{Cc}/gu;
  const escaped = mapSpans(text, (part) =>
    part.replace(pattern, (unit) => JSON_ESCAPES[unit] ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  );
  return joinTexts(['"', escaped, '"']);
}
