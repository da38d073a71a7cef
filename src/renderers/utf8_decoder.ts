// Tokens to text as they come: a character whose bytes are in several tokens is told when it is whole.

import type { Tokenizer } from '../tokenizers/types.ts';

const UNFINISHED = '\ufffd';
/** More tokens than one character can need: what waits longer is no UTF-8, and waits in vain. */
const MANY = 16;

export class Utf8Decoder {
  readonly #tokenizer: Tokenizer;
  #held: number[] = [];

  constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer;
  }

  /** The text that the token makes certain: all texts and that of `finish` join to what the tokens decode to as a whole. */
  decode(token: number): string {
    this.#held.push(token);
    const text = this.#textOf(this.#held);
    if (!text.endsWith(UNFINISHED)) {
      this.#held = [];
      return text;
    }
    return this.#held.length < MANY ? '' : this.#release(text);
  }

  finish(): string {
    const text = this.#textOf(this.#held);
    this.#held = [];
    return text;
  }

  /** The first half of what is held, up to where no character is cut. */
  #release(text: string): string {
    for (let end = MANY / 2; end > MANY / 4; end--) {
      const first = this.#textOf(this.#held.slice(0, end));
      const rest = this.#held.slice(end);
      if (first + this.#textOf(rest) !== text) continue;
      this.#held = rest;
      return first;
    }
    return '';
  }

  #textOf(tokens: readonly number[]): string {
    return this.#tokenizer.decode(tokens, { continues: true });
  }
}
