// Requests that are sent together are computed together: the first to something idle is held back until no more come.

import { setTimeout as sleep } from 'node:timers/promises';

/** A client sends many requests at shorter intervals than this. */
const QUIET_MS = 1;
/** Of somebody who never stops sending. */
const LONGEST_MS = 20;

export class Gathering {
  #gathered: Promise<void> | null = null;
  #lastAt = 0;
  #computed = 0;

  /** Does the work when those that came with it are there, or at once where others are computed already. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    this.#lastAt = performance.now();
    if (this.#computed === 0) {
      this.#gathered ??= this.#quiet().finally(() => {
        this.#gathered = null;
      });
    }
    await this.#gathered;
    this.#computed += 1;
    try {
      return await work();
    } finally {
      this.#computed -= 1;
    }
  }

  async #quiet(): Promise<void> {
    const until = performance.now() + LONGEST_MS;
    let now: number;
    do {
      await sleep(QUIET_MS);
      now = performance.now();
    } while (now - this.#lastAt < QUIET_MS && now < until);
  }
}
