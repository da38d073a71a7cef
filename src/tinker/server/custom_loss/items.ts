// What stands for values in the graph of a custom loss: tensors, and what Python has besides.

import { RequestError } from '../../../util/errors.ts';
import type { Tape } from './tape.ts';
import { Value } from './tape.ts';
import { type Kind, scalar } from './tensor.ts';

export interface Slice {
  type: 'slice';
  start: number | null;
  stop: number | null;
  step: number | null;
}

/** A list or a tuple is an array; what says where a tensor lies means nothing here. */
export type Item =
  | Value
  | number
  | boolean
  | string
  | null
  | readonly Item[]
  | Slice
  | { type: 'ellipsis' }
  | { type: 'dtype'; kind: Kind }
  | { type: 'place' };

/** Arguments of one call, each by its position or its name. What a function does not ask for is refused at the end. */
export class Arguments {
  readonly name: string;
  readonly tape: Tape;
  readonly #positional: readonly Item[];
  readonly #named: ReadonlyMap<string, Item>;
  readonly #read = new Set<number | string>();

  constructor(name: string, tape: Tape, positional: readonly Item[], named: ReadonlyMap<string, Item>) {
    this.name = name;
    this.tape = tape;
    this.#positional = positional;
    this.#named = named;
  }

  /** Undefined where it is left out, or None. */
  item(position: number, name: string): Item | undefined {
    this.#read.add(position).add(name);
    return this.#positional[position] ?? this.#named.get(name) ?? undefined;
  }

  /** All from this position on: `x.view(2, 3)` and `x.view([2, 3])` are the same. */
  integers(position: number, name: string): number[] {
    const first = this.item(position, name);
    const isLone = !Array.isArray(first);
    const more = isLone ? this.#positional.slice(position + 1).filter((item) => typeof item === 'number') : [];
    for (const i of more.keys()) this.#read.add(position + 1 + i);
    return (isLone ? [first, ...more] : first).map((each) => {
      if (typeof each === 'number' && Number.isInteger(each)) return each;
      throw this.problem(`"${name}" must be integers`);
    });
  }

  value(position: number, name: string): Value {
    const value = this.valueOrNull(position, name);
    if (value !== null) return value;
    throw this.problem(`"${name}" is missing`);
  }

  valueOrNull(position: number, name: string): Value | null {
    const item = this.item(position, name);
    return item === undefined ? null : this.#valueOf(item, name);
  }

  values(position: number, name: string): Value[] {
    const items = this.item(position, name);
    if (Array.isArray(items) && items.length > 0) return items.map((item) => this.#valueOf(item, name));
    throw this.problem(`"${name}" must be tensors`);
  }

  number(position: number, name: string, absent?: number): number {
    const item = this.item(position, name) ?? absent;
    if (typeof item === 'number') return item;
    throw this.problem(`"${name}" must be a number`);
  }

  flag(position: number, name: string): boolean {
    const item = this.item(position, name) ?? false;
    if (typeof item === 'boolean') return item;
    throw this.problem(`"${name}" must be True or False`);
  }

  /** Where a tensor lies, and how, is of no consequence. */
  ignore(...names: string[]): void {
    for (const name of names) this.#read.add(name);
  }

  /** Throws for what was not asked for: to pass over it would be to compute something else. */
  done(): void {
    const position = [...this.#positional.keys()].find((i) => !this.#read.has(i) && this.#positional[i] !== null);
    const name = [...this.#named].find(([key, item]) => !this.#read.has(key) && item !== null)?.[0];
    const unknown = name === undefined ? position : `"${name}"`;
    if (unknown !== undefined) throw this.problem(`argument ${unknown} is not supported`);
  }

  /** Those among the arguments that are tensors. */
  get tensors(): Value[] {
    return [...this.#positional, ...this.#named.values()].filter((item) => item instanceof Value);
  }

  problem(what: string): RequestError {
    return new RequestError(`${this.name} in the custom loss: ${what}`);
  }

  #valueOf(item: Item, name: string): Value {
    if (item instanceof Value) return item;
    if (typeof item === 'number') return this.tape.constant(scalar(item, Number.isInteger(item) ? 'int' : 'float'));
    if (typeof item === 'boolean') return this.tape.constant(scalar(item ? 1 : 0, 'bool'));
    throw this.problem(`"${name}" must be a tensor or a number`);
  }
}
