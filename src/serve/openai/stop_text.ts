// Text up to the first stop string, which is no part of it, as the text comes.

import { certainEnd } from '../../completers/spoken.ts';

export class StopText {
  readonly #stops: readonly string[];
  /** What may be the beginning of a stop string. */
  #held = '';
  #isOver = false;

  constructor(stops: readonly string[]) {
    this.#stops = stops;
  }

  /** The text that is certain now. */
  add(piece: string): string {
    if (this.#isOver) return '';
    const text = this.#held + piece;
    const end = certainEnd(text, this.#stops);
    this.#held = text.slice(end);
    this.#isOver = this.#stops.some((stop) => this.#held.startsWith(stop));
    return text.slice(0, end);
  }

  /** What was held, where nothing follows: the beginning of one stop string may hold another. */
  finish(): string {
    const ends = this.#stops.map((stop) => this.#held.indexOf(stop)).filter((at) => at !== -1);
    const rest = this.#isOver ? '' : this.#held.slice(0, Math.min(...ends, this.#held.length));
    this.#isOver = true;
    return rest;
  }
}
