// Text for a terminal that comes piece by piece: a word is let go once it is whole, at the place that it has in the whole text.

import { displayWidth } from './display_width.ts';
import { wrapped } from './wrapped.ts';

export class WrappedPieces {
  readonly #columns: number;
  /** The line that is not over, as it came. */
  #line = '';
  /** How much of it, as it stands broken, was let go. */
  #given = 0;

  constructor(columns: number) {
    this.#columns = columns;
  }

  /** What can be written after another piece. All that is given, joined, is the whole text broken between words. */
  add(piece: string): string {
    const [line = '', ...later] = `${this.#line}${piece}`.split('\n');
    this.#line = line;
    const whole = later.map((next) => {
      const rest = this.#letGo(this.#line);
      this.#line = next;
      this.#given = 0;
      return `${rest}\n`;
    });
    return `${whole.join('')}${this.#letGo(wholeWords(this.#line, this.#columns))}`;
  }

  /** What was held back until nothing follows. */
  finish(): string {
    const rest = this.#letGo(this.#line);
    this.#line = '';
    this.#given = 0;
    return rest;
  }

  #letGo(line: string): string {
    const screen = broken(line, this.#columns);
    const rest = screen.slice(this.#given);
    this.#given = screen.length;
    return rest;
  }
}

/** The line up to its last whole word. One that is longer than a line stands where it stands, whatever follows. */
function wholeWords(line: string, columns: number): string {
  const end = line.lastIndexOf(' ') + 1;
  return displayWidth(line.slice(end)) > columns ? line : line.slice(0, end).trimEnd();
}

/** Later lines begin under the first word; of an item of a list, beside its mark. */
function broken(line: string, columns: number): string {
  const indent = /^ *(?:(?:[-*•]|\d+[.)]) +)?/.exec(line)?.[0].length ?? 0;
  return line.slice(0, indent) + wrapped(line.slice(indent), indent, columns);
}
