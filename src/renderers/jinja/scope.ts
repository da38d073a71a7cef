// The names that a part of a template sees, and the account of the work that its rendering has done.

import { TemplateError, TemplateLimitError } from './errors.ts';
import type { Prefixes } from './prefixes.ts';
import { setNoted } from './trial.ts';
import { Undefined, type Value } from './values.ts';

/** Python's own limit lets macros call each other about this deep. */
const MAX_CALLS = 250;

/** Counts what one rendering does. */
export class Work {
  readonly #limit: number;
  /** Beginnings of the conversation that are rendered on the way; null for none. */
  readonly prefixes: Prefixes | null;
  #done = 0;
  #calls = 0;

  constructor(limit: number, prefixes: Prefixes | null = null) {
    this.#limit = limit;
    this.prefixes = prefixes;
  }

  add(amount: number): void {
    this.#done += amount;
    if (this.#done > this.#limit)
      throw new TemplateLimitError('it does far more work than the rendering of a conversation takes');
  }

  /** What is done in `run` does not count. */
  apart<T>(run: () => T): T {
    const done = this.#done;
    try {
      return run();
    } finally {
      this.#done = done;
    }
  }

  /** Runs one call deeper. */
  call<T>(body: () => T): T {
    if (this.#calls >= MAX_CALLS) throw new TemplateError('maximum recursion depth exceeded');
    this.#calls += 1;
    try {
      return body();
    } finally {
      this.#calls -= 1;
    }
  }
}

export class Scope {
  readonly work: Work;
  readonly #values: Map<string, Value>;
  readonly #parent: Scope | null;

  constructor(work: Work, values = new Map<string, Value>(), parent: Scope | null = null) {
    this.work = work;
    this.#values = values;
    this.#parent = parent;
  }

  inner(): Scope {
    return new Scope(this.work, new Map(), this);
  }

  get(name: string): Value {
    for (let scope: Scope | null = this; scope !== null; scope = scope.#parent) {
      const value = scope.#values.get(name);
      if (value !== undefined) return value;
    }
    return new Undefined(`'${name}' is undefined`);
  }

  set(name: string, value: Value): void {
    setNoted(this.#values, name, value);
  }
}
