// The messages of a conversation, as a list that knows how much of it a template has looked at: what was rendered before it
// looked further is what it would have rendered of a conversation that ends there.

import { List, type Value } from './values.ts';

/** What the list, and those that begin later in it, have in common. */
export class Watch {
  readonly #items: readonly Value[];
  /** As if the list were shorter, and its last item another. */
  #instead: { length: number; last: Value | undefined } | null = null;
  #seen = 0;
  #read = 0;

  constructor(items: readonly Value[]) {
    this.#items = items;
  }

  /** So many items are known to be there or not to be there; infinite once the end is known. */
  get seen(): number {
    return this.#seen;
  }

  /** The items before this one are all that have been looked into. */
  get read(): number {
    return this.#read;
  }

  has(index: number): boolean {
    const { length } = this.#instead ?? this.#items;
    this.#seen = Math.max(this.#seen, index < length ? index + 1 : Number.POSITIVE_INFINITY);
    return index < length;
  }

  at(index: number): Value | undefined {
    if (!this.has(index)) return undefined;
    this.#read = Math.max(this.#read, index + 1);
    const isLast = this.#instead !== null && index === this.#instead.length - 1;
    return isLast && this.#instead?.last !== undefined ? this.#instead.last : this.#items[index];
  }

  /** All of them, so that the end is known. */
  from(start: number): readonly Value[] {
    this.#seen = Number.POSITIVE_INFINITY;
    this.#read = Number.POSITIVE_INFINITY;
    if (this.#instead === null) return this.#items.slice(start);
    const { length, last } = this.#instead;
    const items = this.#items.slice(0, length);
    return (last === undefined ? items : [...items.slice(0, -1), last]).slice(start);
  }

  /** What `run` returns where the list has `length` items only. What it looks at does not count as seen. */
  shortened<Result>(length: number, last: Value | undefined, run: () => Result): Result {
    const [seen, read] = [this.#seen, this.#read];
    this.#instead = { length, last };
    try {
      return run();
    } finally {
      this.#instead = null;
      this.#seen = seen;
      this.#read = read;
    }
  }
}

export class WatchedList extends List {
  readonly watch: Watch;
  /** Where in the whole list it begins. */
  readonly offset: number;

  constructor(watch: Watch, weight: number, offset = 0) {
    super([], weight);
    this.watch = watch;
    this.offset = offset;
  }

  override get items(): readonly Value[] {
    return this.watch.from(this.offset);
  }

  override get isEmpty(): boolean {
    return !this.watch.has(this.offset);
  }

  override has(index: number): boolean {
    return this.watch.has(this.offset + index);
  }

  override at(index: number): Value | undefined {
    return index < 0 ? this.items.at(index) : this.watch.at(this.offset + index);
  }

  override from(start: number): List {
    return new WatchedList(this.watch, this.weight, this.offset + start);
  }
}
