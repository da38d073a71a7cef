// A rendered row as lines for a terminal: tokens apart, trained ones in colour or, without colours, in brackets.

import type { Colors } from 'picocolors/types.js';
import { colorOfWeight } from '../supervised/colorize.ts';
import { displayWidth } from '../util/display_width.ts';

/** Explains the lines to those who see them for the first time. */
export function legend({ isColorSupported }: Colors): string {
  const trained = isColorSupported ? 'green' : '⟦ ⟧';
  return `${trained} trained, │ between tokens, ⏎ line break, ◌ part of a character to come`;
}

const BOUNDARY = '│';
/** A token without a text of its own. */
const PART = '◌';

/** Lines of at most `width` columns. */
export function tokenLines(
  texts: readonly string[],
  weights: readonly number[],
  { width, colors }: { width: number; colors: Colors },
): string[] {
  const lines = new Lines(width, colors);
  for (const [index, text] of texts.entries()) {
    for (const [part, line] of text.split(/(?<=\n)/).entries()) {
      lines.add(index === 0 || part > 0 ? '' : BOUNDARY, visible(line), weights[index] ?? 0);
      if (line.endsWith('\n')) lines.break();
    }
  }
  return lines.finish();
}

class Lines {
  readonly #width: number;
  readonly #colors: Colors;
  readonly #lines: string[] = [];
  #line = '';
  #column = 0;
  /** Closes the bracket that is open on this line. */
  #closing = '';

  constructor(width: number, colors: Colors) {
    // The last column is for a closing bracket.
    this.#width = Math.max(width - 1, 8);
    this.#colors = colors;
  }

  add(boundary: string, text: string, weight: number): void {
    const [opening, closing] = this.#brackets(weight);
    const needed = boundary.length + opening.length + displayWidth(text);
    if (this.#column > 0 && this.#column + needed > this.#width) this.break();
    if (this.#closing !== closing) this.#close();
    this.#put(boundary, this.#colors.dim);
    if (closing !== '' && this.#closing === '') this.#put(opening);
    this.#closing = closing;
    const paint = colorOfWeight(weight, this.#colors);
    // A token that is wider than a line goes over several.
    let fitting = '';
    for (const character of text) {
      if (this.#column + displayWidth(fitting + character) > this.#width) {
        this.#put(fitting, paint);
        this.break();
        this.#put(opening);
        this.#closing = closing;
        fitting = '';
      }
      fitting += character;
    }
    this.#put(fitting, paint);
  }

  finish(): string[] {
    if (this.#line !== '') this.break();
    return this.#lines;
  }

  #brackets(weight: number): [opening: string, closing: string] {
    if (this.#colors.isColorSupported || weight === 0) return ['', ''];
    return weight > 0 ? ['⟦', '⟧'] : ['⟪', '⟫'];
  }

  #put(text: string, paint: (text: string) => string = (plain) => plain): void {
    if (text === '') return;
    this.#line += paint(text);
    this.#column += displayWidth(text);
  }

  #close(): void {
    this.#put(this.#closing);
    this.#closing = '';
  }

  break(): void {
    this.#close();
    this.#lines.push(this.#line);
    this.#line = '';
    this.#column = 0;
  }
}

/** What would steer the terminal, or be seen nowhere, in characters that show. */
function visible(text: string): string {
  if (text === '') return PART;
  return text.replaceAll('\n', '⏎').replace(/[\p{Cc}\u2028-\u202e\u2066-\u2069\u200b\ufeff]/gu, (character) => {
    const code = character.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code === 0x7f ? '␡' : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}
