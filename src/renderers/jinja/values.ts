// The values that a template computes with, and what Python says of them: truth, equality, order, length and iteration.

import { TemplateError } from './errors.ts';
import { plain, sliceText, type Text, TrackedText } from './text.ts';
import { noteChange, setNoted } from './trial.ts';

/** A number with a fraction, in Python's eyes: 1.0 is not printed as 1. Integers are plain numbers. */
export class Float {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/**
 * Text after the filter `safe`. Printed and joined with `~` it is text; what is added to it with `+` is escaped for HTML.
 * Everything else that takes text does not take it.
 */
export class SafeText {
  readonly text: Text;
  constructor(text: Text) {
    this.text = text;
  }
}

/** Nothing, under a name that an error can tell: empty text, an empty list, false; anything more raises. */
export class Undefined {
  readonly what: string;
  constructor(what: string) {
    this.what = what;
  }
}

export class List {
  readonly #items: readonly Value[];
  readonly weight: number;
  constructor(items: readonly Value[], weight: number = totalWeight(items)) {
    this.#items = items;
    this.weight = weight;
  }
  get items(): readonly Value[] {
    return this.#items;
  }
  get isEmpty(): boolean {
    return this.#items.length === 0;
  }
  has(index: number): boolean {
    return index < this.#items.length;
  }
  /** Counted from the end where it is negative. */
  at(index: number): Value | undefined {
    return this.#items.at(index);
  }
  /** What is left of it from there on. */
  from(start: number): List {
    return new List(this.#items.slice(start));
  }
}

export class Tuple {
  readonly items: readonly Value[];
  readonly weight: number;
  constructor(items: readonly Value[]) {
    this.items = items;
    this.weight = totalWeight(items);
  }
}

/** What filters such as `map` and `select` return: can be walked through once, always true, and has no length. */
export class Generator {
  readonly name: string;
  readonly weight: number;
  #items: readonly Value[];
  constructor(name: string, items: readonly Value[]) {
    this.name = name;
    this.weight = totalWeight(items);
    this.#items = items;
  }
  take(): readonly Value[] {
    const items = this.#items;
    noteChange(() => {
      this.#items = items;
    });
    this.#items = [];
    return items;
  }
}

/** `dict.items()` and the like, and ranges: a sequence that prints under a name of its own. */
export class View {
  readonly name: string;
  readonly items: readonly Value[];
  readonly weight: number;
  constructor(name: string, items: readonly Value[]) {
    this.name = name;
    this.items = items;
    this.weight = totalWeight(items);
  }
}

export class Dict {
  readonly #entries = new Map<string, readonly [Value, Value]>();
  #weight = 1;

  static of(entries: Iterable<readonly [Value, Value]>): Dict {
    const dict = new Dict();
    for (const [key, value] of entries) dict.set(key, value);
    return dict;
  }

  get weight(): number {
    return this.#weight;
  }

  get size(): number {
    return this.#entries.size;
  }

  set(key: Value, value: Value): void {
    this.#weight += weightOf(key) + weightOf(value);
    this.#entries.set(keyOf(key), [key, value]);
  }

  get(key: Value): Value | undefined {
    return this.#entries.get(keyOf(key))?.[1];
  }

  has(key: Value): boolean {
    return this.#entries.has(keyOf(key));
  }

  entries(): (readonly [Value, Value])[] {
    return [...this.#entries.values()];
  }
}

/** An object with attributes, such as `loop`. */
export class Attributes {
  readonly name: string;
  readonly read: (attribute: string) => Value | undefined;
  constructor(name: string, read: (attribute: string) => Value | undefined) {
    this.name = name;
    this.read = read;
  }
}

/** The one object whose attributes a template can set. */
export class Namespace extends Attributes {
  readonly #values: Map<string, Value>;
  constructor(values: Map<string, Value>) {
    super('Namespace', (attribute) => values.get(attribute));
    this.#values = values;
  }
  set(attribute: string, value: Value): void {
    setNoted(this.#values, attribute, value);
  }
}

export interface Call {
  positional: readonly Value[];
  named: ReadonlyMap<string, Value>;
}

export class Callable {
  readonly name: string;
  readonly call: (args: Call) => Value;
  constructor(name: string, call: (args: Call) => Value) {
    this.name = name;
    this.call = call;
  }
}

export type Value =
  | null
  | boolean
  | number
  | bigint
  | Float
  | Text
  | SafeText
  | Undefined
  | List
  | Tuple
  | Generator
  | View
  | Dict
  | Attributes
  | Callable;

/**
 * An upper bound of the work that going through a value takes, with everything in it as often as it occurs: a list that
 * holds itself twice, forty times over, is small in memory and endless to print.
 */
export function weightOf(value: Value): number {
  if (isText(value)) return 1 + plain(value).length / 16;
  if (value instanceof SafeText) return weightOf(value.text);
  if (value instanceof List || value instanceof Tuple || value instanceof View) return value.weight;
  return value instanceof Dict || value instanceof Generator ? value.weight : 1;
}

function totalWeight(items: readonly Value[]): number {
  return items.reduce<number>((total, item) => total + weightOf(item), 1);
}

export function isText(value: Value): value is Text {
  return typeof value === 'string' || value instanceof TrackedText;
}

/** The number a value is in arithmetic, where True is 1. */
export function numberOf(value: Value): number | null {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  return value instanceof Float ? value.value : null;
}

/** What Python's dict tells keys apart by: 1 and True are one key, 1 and "1" are two. */
function keyOf(key: Value): string {
  if (isText(key)) return `'${plain(key)}`;
  const number = numberOf(key);
  if (number !== null) return `#${number}`;
  if (key === null || typeof key === 'bigint') return `#${key}`;
  if (key instanceof Tuple)
    return `(${key.items
      .map(keyOf)
      .map((text) => `${text.length}:${text}`)
      .join('')})`;
  throw new TemplateError(`unhashable type: ${typeName(key)}`);
}

export function typeName(value: Value): string {
  if (isText(value)) return 'str';
  if (value === null) return 'NoneType';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number' || typeof value === 'bigint') return 'int';
  if (value instanceof Float) return 'float';
  if (value instanceof List) return 'list';
  if (value instanceof Tuple) return 'tuple';
  if (value instanceof Dict) return 'dict';
  if (value instanceof Undefined) return 'Undefined';
  if (value instanceof Callable) return 'function';
  if (value instanceof SafeText) return 'Markup';
  return value.name;
}

export function undefinedError({ what }: Undefined): TemplateError {
  return new TemplateError(what);
}

export function isTrue(value: Value): boolean {
  if (isText(value)) return plain(value) !== '';
  if (value instanceof SafeText) return isTrue(value.text);
  if (value === null || value instanceof Undefined) return false;
  if (value instanceof Float) return value.value !== 0;
  if (value instanceof List) return !value.isEmpty;
  if (value instanceof Tuple || value instanceof View) return value.items.length > 0;
  if (value instanceof Dict) return value.size > 0;
  return typeof value === 'object' ? true : Boolean(value);
}

export function isEqual(a: Value, b: Value): boolean {
  if (a instanceof SafeText) return isEqual(a.text, b);
  if (b instanceof SafeText) return isEqual(a, b.text);
  if (isText(a) || isText(b)) return isText(a) && isText(b) && plain(a) === plain(b);
  const [x, y] = [numberOf(a), numberOf(b)];
  if (x !== null || y !== null) return x === y;
  if (a instanceof Undefined) return b instanceof Undefined;
  if ((a instanceof List && b instanceof List) || (a instanceof Tuple && b instanceof Tuple)) {
    return a.items.length === b.items.length && a.items.every((item, index) => isEqual(item, b.items[index]));
  }
  if (a instanceof Dict && b instanceof Dict) {
    return a.size === b.size && a.entries().every(([key, value]) => b.has(key) && isEqual(value, b.get(key) ?? null));
  }
  if (a instanceof View && b instanceof View) return isEqual(new Tuple(a.items), new Tuple(b.items));
  return a === b;
}

/** Negative, zero or positive. Python has no order between values of different types. */
export function compare(a: Value, b: Value, operator = '<'): number {
  if (isText(a) && isText(b)) return comparePoints(plain(a), plain(b));
  const [x, y] = [numberOf(a), numberOf(b)];
  if (x !== null && y !== null) return x - y;
  if ((a instanceof List && b instanceof List) || (a instanceof Tuple && b instanceof Tuple)) {
    const differing = a.items.findIndex((item, index) => index >= b.items.length || !isEqual(item, b.items[index]));
    if (differing === -1) return a.items.length - b.items.length;
    return differing >= b.items.length ? 1 : compare(a.items[differing], b.items[differing], operator);
  }
  for (const value of [a, b]) if (value instanceof Undefined) throw undefinedError(value);
  throw new TemplateError(`'${operator}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`);
}

/** By code points, as Python orders text; JavaScript's `<` goes by UTF-16 units. */
function comparePoints(a: string, b: string): number {
  if (a === b) return 0;
  const [x, y] = [Array.from(a), Array.from(b)];
  const differing = x.findIndex((character, index) => character !== y[index]);
  if (differing === -1) return x.length - y.length;
  return (x[differing].codePointAt(0) ?? 0) - (y[differing]?.codePointAt(0) ?? -1);
}

const ASTRAL = /[\ud800-\udbff]/;

/** Its characters, which are code points. */
export function characters(text: Text): Text[] {
  const whole = plain(text);
  if (typeof text === 'string') return Array.from(whole);
  let at = 0;
  return Array.from(whole, (character) => {
    at += character.length;
    return sliceText(text, at - character.length, at);
  });
}

/** Its length in code points. */
export function textLength(text: Text): number {
  const whole = plain(text);
  return ASTRAL.test(whole) ? Array.from(whole).length : whole.length;
}

/** Code points [start, end). */
export function sliceCharacters(text: Text, start: number, end: number): Text {
  const whole = plain(text);
  if (!ASTRAL.test(whole)) return sliceText(text, start, end);
  const points = Array.from(whole);
  const from = points.slice(0, start).join('').length;
  return sliceText(text, from, from + points.slice(start, end).join('').length);
}

/** What a loop over the value goes through. */
export function iterate(value: Value): readonly Value[] {
  if (value instanceof List || value instanceof Tuple || value instanceof View) return value.items;
  if (isText(value)) return characters(value);
  if (value instanceof Dict) return value.entries().map(([key]) => key);
  if (value instanceof Generator) return value.take();
  if (value instanceof Undefined) return [];
  throw new TemplateError(`'${typeName(value)}' object is not iterable`);
}

export function lengthOf(value: Value): number {
  if (isText(value)) return textLength(value);
  if (value instanceof List || value instanceof Tuple || value instanceof View) return value.items.length;
  if (value instanceof Dict) return value.size;
  if (value instanceof Undefined) return 0;
  throw new TemplateError(`object of type '${typeName(value)}' has no len()`);
}

export function contains(container: Value, item: Value): boolean {
  if (isText(container)) {
    if (isText(item)) return plain(container).includes(plain(item));
    throw new TemplateError(`'in <string>' requires string as left operand, not ${typeName(item)}`);
  }
  if (container instanceof Dict) return container.has(item);
  return iterate(container).some((member) => isEqual(member, item));
}
