// How far a download is, told every few seconds: what is over in a moment is not worth a line.

import { formatBytes } from '../util/bytes.ts';
import { printable } from '../util/printable.ts';

const INTERVAL_MS = 5_000;

export class Progress {
  readonly #notify: (message: string) => void;
  readonly #now: () => number;
  #told: number;

  constructor(notify: (message: string) => void, now: () => number = () => performance.now()) {
    this.#notify = notify;
    this.#now = now;
    this.#told = now();
  }

  /** @param what named by a service */
  at(what: string, received: number, total: number | null): void {
    if (this.#now() - this.#told < INTERVAL_MS) return;
    this.#told = this.#now();
    const of = total === null ? '' : ` of ${formatBytes(total)} (${Math.floor((100 * received) / total)} %)`;
    this.#notify(`${printable(what)}: ${formatBytes(received)}${of}`);
  }
}
