// How fast a run may ask for samples: all its sampling clients slow down together when the service says that it has enough.

import pLimit from 'p-limit';
import type { Clock } from './clock.ts';

/** Requests that are being handed over at once. */
const USUAL = 400;
/** The same for a while after the service had enough. */
const CAREFUL = 10;
const CAREFUL_MS = 10_000;
const SMALL_REQUEST_BYTES = 128 * 1024;
const SHORT_PAUSE_MS = 1_000;
const LONG_PAUSE_MS = 5_000;

export class Backpressure {
  readonly #clock: Clock;
  readonly #limit = pLimit(USUAL);
  #pausedUntil = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Hands a request over when it is its turn. */
  async dispatch<T>(send: () => Promise<T>, signal: AbortSignal): Promise<T> {
    this.#limit.concurrency = this.#clock.now() < this.#pausedUntil + CAREFUL_MS ? CAREFUL : USUAL;
    return await this.#limit(async () => {
      signal.throwIfAborted();
      while (this.#clock.now() < this.#pausedUntil) {
        await this.#clock.sleep(this.#pausedUntil - this.#clock.now(), signal);
      }
      return await send();
    });
  }

  /** The service had enough when it was sent a request of this size. */
  hold(bytes: number): void {
    const pause = bytes <= SMALL_REQUEST_BYTES ? SHORT_PAUSE_MS : LONG_PAUSE_MS;
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#clock.now() + pause);
    this.#limit.concurrency = CAREFUL;
  }
}
