// Items that one side pushes whenever it has them, and the other takes one by one as they come.

export class Channel<T> implements AsyncIterable<T> {
  readonly #items: T[] = [];
  #end: { error: unknown } | null = null;
  #wake: () => void = () => undefined;

  push(item: T): void {
    this.#items.push(item);
    this.#wake();
  }

  /** Nothing follows; with an error, that is what follows. */
  end(error: unknown = null): void {
    this.#end ??= { error };
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      for (let item = this.#items.shift(); item !== undefined; item = this.#items.shift()) yield item;
      if (this.#end !== null) break;
      await new Promise<void>((wake) => {
        this.#wake = wake;
      });
    }
    if (this.#end.error !== null) throw this.#end.error;
  }
}
