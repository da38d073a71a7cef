// Attributes and items of values, in the order in which jinja2 looks for them; methods that change a value are refused.

import { bind, expectInteger } from './arguments.ts';
import { TemplateError } from './errors.ts';
import { textMethod } from './strings.ts';
import { joinTexts } from './text.ts';
import {
  Attributes,
  Callable,
  characters,
  Dict,
  isEqual,
  isText,
  List,
  numberOf,
  sliceCharacters,
  Tuple,
  textLength,
  typeName,
  Undefined,
  undefinedError,
  type Value,
  View,
} from './values.ts';

/** Part of a sequence, as in `x[start:stop:step]`. */
export class Slice {
  readonly start: Value;
  readonly stop: Value;
  readonly step: Value;
  constructor(start: Value, stop: Value, step: Value) {
    this.start = start;
    this.stop = stop;
    this.step = step;
  }
}

const CHANGES_DICT = ['clear', 'pop', 'popitem', 'setdefault', 'update'];
const CHANGES_LIST = ['append', 'clear', 'extend', 'insert', 'pop', 'remove', 'reverse', 'sort'];

/** `value.name`: a method or attribute, else an item unless told otherwise. */
export function attributeOf(value: Value, name: string, orItem = true): Value {
  if (value instanceof Undefined) throw undefinedError(value);
  const own = ownAttribute(value, name);
  if (own !== undefined) return own;
  const item = orItem && value instanceof Dict ? value.get(name) : undefined;
  return item === undefined ? absent(value, name) : item;
}

/** `value[key]`: an item, else an attribute of that name. */
export function itemOf(value: Value, key: Value | Slice): Value {
  if (value instanceof Undefined) throw undefinedError(value);
  if (key instanceof Slice) return sliceOf(value, key);
  if (value instanceof Dict) {
    const found = value.get(key);
    if (found !== undefined) return found;
  } else {
    const index = typeof key === 'object' ? null : numberOf(key);
    const found = index === null ? undefined : memberAt(value, index);
    if (found !== undefined) return found;
  }
  if (!isText(key)) return absent(value, String(numberOf(key) ?? typeName(key)));
  const name = typeof key === 'string' ? key : key.text;
  const own = ownAttribute(value, name);
  return own === undefined ? absent(value, name) : own;
}

function absent(value: Value, name: string): Undefined {
  const owner = value === null ? 'None' : `'${typeName(value)} object'`;
  return new Undefined(`${owner} has no attribute '${name}'`);
}

function memberAt(value: Value, index: number): Value | undefined {
  if (isText(value)) {
    const length = textLength(value);
    const at = index < 0 ? index + length : index;
    return at >= 0 && at < length ? sliceCharacters(value, at, at + 1) : undefined;
  }
  return value instanceof List ? value.at(index) : sequence(value)?.at(index);
}

/** The items of what can be indexed. */
function sequence(value: Value): readonly Value[] | null {
  if (value instanceof List || value instanceof Tuple) return value.items;
  return value instanceof View && value.name === 'range' ? value.items : null;
}

function sliceOf(value: Value, { start, stop, step }: Slice): Value {
  if (value instanceof List && typeof start === 'number' && start >= 0 && stop === null && step === null)
    return value.from(start);
  const items = isText(value) ? characters(value) : sequence(value);
  if (items === null) return absent(value, 'slice');
  const by = step === null ? 1 : expectInteger(step, 'the step of a slice');
  if (by === 0) throw new TemplateError('slice step cannot be zero');
  const bound = (given: Value, preset: number): number => {
    if (given === null) return preset;
    const at = expectInteger(given, 'the bound of a slice');
    const [low, high] = by > 0 ? [0, items.length] : [-1, items.length - 1];
    return Math.min(high, Math.max(low, at < 0 ? at + items.length : at));
  };
  const from = bound(start, by > 0 ? 0 : items.length - 1);
  const to = bound(stop, by > 0 ? items.length : -1);
  if (isText(value) && by === 1) return sliceCharacters(value, from, Math.max(from, to));
  const taken: Value[] = [];
  for (let at = from; by > 0 ? at < to : at > to; at += by) taken.push(items[at]);
  if (isText(value)) return joinTexts(taken.filter(isText));
  return value instanceof Tuple ? new Tuple(taken) : new List(taken);
}

/** Undefined where there is none; an attribute may be None. */
function ownAttribute(value: Value, name: string): Value | undefined {
  if (isText(value)) return textMethod(value, name) ?? undefined;
  if (value instanceof Dict) return dictMethod(value, name) ?? undefined;
  if (value instanceof List || value instanceof Tuple) return listMethod(value, name) ?? undefined;
  return value instanceof Attributes ? value.read(name) : undefined;
}

function dictMethod(dict: Dict, name: string): Callable | null {
  if (CHANGES_DICT.includes(name)) throw unsafe(dict, name);
  const pairs = () => dict.entries().map((entry) => new Tuple(entry));
  switch (name) {
    case 'get':
      return new Callable(name, (call) => {
        const [key = null, preset = null] = bind(call, name, ['key', 'default']);
        return dict.has(key) ? (dict.get(key) ?? null) : preset;
      });
    case 'items':
      return new Callable(name, () => new View('dict_items', pairs()));
    case 'keys':
      return new Callable(
        name,
        () =>
          new View(
            'dict_keys',
            dict.entries().map(([key]) => key),
          ),
      );
    case 'values':
      return new Callable(
        name,
        () =>
          new View(
            'dict_values',
            dict.entries().map(([, member]) => member),
          ),
      );
    case 'copy':
      return new Callable(name, () => Dict.of(dict.entries()));
    default:
      return null;
  }
}

function listMethod(list: List | Tuple, name: string): Callable | null {
  if (list instanceof List && CHANGES_LIST.includes(name)) throw unsafe(list, name);
  switch (name) {
    case 'count':
      return new Callable(name, (call) => {
        const [sought = null] = bind(call, name, ['value']);
        return list.items.filter((item) => isEqual(item, sought)).length;
      });
    case 'index':
      return new Callable(name, (call) => {
        const [sought = null] = bind(call, name, ['value']);
        const at = list.items.findIndex((item) => isEqual(item, sought));
        if (at === -1) throw new TemplateError('the value is not in the list');
        return at;
      });
    case 'copy':
      return list instanceof List ? new Callable(name, () => new List(list.items)) : null;
    default:
      return null;
  }
}

/** transformers renders in a sandbox in which nothing that is given to a template can be changed. */
function unsafe(value: Value, name: string): TemplateError {
  return new TemplateError(`access to attribute '${name}' of '${typeName(value)}' object is unsafe`);
}
