// Work that is done one piece after the other, because each takes what a machine that trains has little of.

import { ConfigurationError } from '../util/errors.ts';

/** More than people who look at a board ask for at once. */
const MOST_WAITING = 8;

export class Turns {
  readonly #refusal: string;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** @param refusal what is told to whoever comes while too many wait */
  constructor(refusal: string) {
    this.#refusal = refusal;
  }

  /** @throws ConfigurationError while too many others wait */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting === MOST_WAITING) throw new ConfigurationError(this.#refusal);
    this.#waiting += 1;
    const own = this.#last.then(work);
    this.#last = own.catch(() => undefined);
    try {
      return await own;
    } finally {
      this.#waiting -= 1;
    }
  }

  /** What is under way comes to its end. */
  async done(): Promise<void> {
    await this.#last;
  }
}
