// LaTeX as the plain text of a formula: `\frac{1}{2}` is 1/2, `\sqrt{3}` is sqrt(3), commands nobody knows are dropped. What
// pylatexenc makes of it is followed closely, because answers are compared by this text.

import { grouped, type Macro, macrosOf } from './latex_macros.ts';
import { MORE_SYMBOLS, SYMBOLS } from './latex_symbols.ts';

/** LaTeX that cannot be read. Whoever asked goes on with what was written. */
export class UnreadableLatex extends Error {}

/** Longer and deeper texts are no answers. */
const MAX_LENGTH = 10_000;
const MAX_DEPTH = 100;

/**
 * `strict` writes what the reference writes, which loses the grouping of fractions, roots and exponents.
 * @throws UnreadableLatex
 */
export function latexToText(latex: string, strict: boolean): string {
  if (latex.length > MAX_LENGTH) throw new UnreadableLatex('too long');
  // A space in front keeps the whole part of a mixed number apart from the fraction.
  const spaced = latex.replaceAll(/\\[td]?frac/g, ' \\frac');
  // Digits that repeat for ever stand in brackets: 0.1[6].
  const repeating = strict ? spaced : spaced.replaceAll(/(?<=\.\d{0,20})\\overline\{(\d+)\}/g, '[$1]');
  const text = new LatexReader(repeating, strict).text();
  return text.replaceAll(/[√π∞∪·×]/g, (sign) => WORDS[sign]).trim();
}

const WORDS: Record<string, string> = { '√': 'sqrt', π: 'pi', '∞': 'inf', '∪': 'U', '·': '*', '×': '*' };

/** Two or more signs that stand for one, and signs with a meaning of their own. */
const LIGATURES: [string, string][] = [
  ['---', '—'],
  ['--', '–'],
  ['``', '“'],
  ["''", '”'],
  ['!`', '¡'],
  ['?`', '¿'],
  ['~', '\u00a0'],
  ['&', '   '],
];

/** Those that are plain text when alone. */
const SIGNS = "`'!?-]";

const MATRICES = new Set(['array', 'pmatrix', 'bmatrix', 'smallmatrix', 'psmallmatrix', 'bsmallmatrix']);
const DISPLAYS = new Set(
  'equation equation* eqnarray eqnarray* align align* multline multline* gather gather* dmath dmath*'.split(' '),
);
const ENVIRONMENT_NAME = /\s*\{([^{}\\]*)\}/y;
const ENVIRONMENT_ARGS = new Map([
  ['array', '[{'],
  ['tabular', '{'],
]);

/** What one construct became. Cells and rows of a matrix end at those marked so. */
interface Piece {
  text: string;
  ends?: 'cell' | 'row';
}

class LatexReader {
  readonly #latex: string;
  readonly #strict: boolean;
  readonly #macros: ReadonlyMap<string, Macro>;
  #at = 0;
  #depth = 0;
  /** How many formulas within formulas this is: there, spaces behind commands stay, and others go. */
  #formulas = 0;
  /** What the last name of a command took along. */
  #spacesBehind = '';
  /** Arguments that turn out to be missing are read again, in braces within braces ever more often. */
  #constructsLeft: number;

  constructor(latex: string, strict: boolean) {
    this.#latex = latex;
    this.#strict = strict;
    this.#macros = macrosOf(strict);
    this.#constructsLeft = 4 * latex.length;
  }

  text(): string {
    return joined(this.#until(null));
  }

  /** What stands before the closing sign, which is skipped; all the rest where it is missing. */
  #until(close: RegExp | null): Piece[] {
    const pieces: Piece[] = [];
    while (this.#at < this.#latex.length && (close === null || this.#take(close) === null)) {
      const isExponent = !this.#strict && (pieces.at(-1)?.text.endsWith('^') ?? false);
      const piece = this.#piece();
      pieces.push(isExponent && this.#latex[piece.start] === '{' ? { text: grouped(piece.text) } : piece);
    }
    return pieces;
  }

  #piece(): Piece & { start: number } {
    const start = this.#at;
    this.#constructsLeft -= 1;
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH || this.#constructsLeft < 0) throw new UnreadableLatex('nested too deep');
    const piece = this.#construct();
    this.#depth -= 1;
    return { ...piece, start };
  }

  #construct(): Piece {
    const plain = this.#take(/[^\\{}\]$%&~`'!?-]+/y);
    if (plain !== null) return { text: this.#formulas > 0 && this.#isBetweenCommands(plain[0]) ? '' : plain[0] };
    switch (this.#latex[this.#at]) {
      case '\\':
        return this.#command();
      case '{':
        return { text: this.#group() };
      case '}':
        this.#at += 1;
        return { text: '' };
      case '&':
        return { text: this.#sign(), ends: 'cell' };
      case '%':
        // A comment goes to the end of its line.
        this.#take(/%[^\n]*/y);
        return { text: '' };
      case '$':
        if (this.#skip('$$')) return { text: this.#display(/\$\$/y) };
        this.#at += 1;
        return { text: this.#inline(/\$/y) };
      default:
        return { text: this.#sign() };
    }
  }

  #sign(): string {
    for (const [signs, text] of LIGATURES) {
      if (this.#skip(signs)) return text;
    }
    return this.#take(/[\s\S]/uy)?.[0] ?? '';
  }

  #group(): string {
    this.#at += 1;
    return joined(this.#until(/\}/y));
  }

  #inline(close: RegExp): string {
    this.#formulas += 1;
    const text = joined(this.#until(close)).trim();
    this.#formulas -= 1;
    return text;
  }

  #display(close: RegExp): string {
    return `\n    ${this.#inline(close).replaceAll('\n', '\n    ')}\n`;
  }

  /** Of spaces that have just been read, whether nothing but commands and braces is beside them. */
  #isBetweenCommands(plain: string): boolean {
    const beside = [this.#latex[this.#at - plain.length - 1], this.#latex[this.#at]];
    return plain.trim() === '' && !beside.some((sign) => sign !== undefined && SIGNS.includes(sign));
  }

  #command(): Piece {
    if (this.#skip('\\(')) return { text: this.#inline(/\\\)/y) };
    if (this.#skip('\\[')) return { text: this.#display(/\\\]/y) };
    const name = this.#name();
    if (name === '\\') {
      this.#take(/\*?(?:\[[^\]]{0,20}\])?/y);
      return { text: '\n', ends: 'row' };
    }
    if (name === 'begin') return { text: this.#environment() };
    if (name === 'end') return { text: this.#take(ENVIRONMENT_NAME) === null ? '\\end' : '' };
    const macro = this.#macros.get(name);
    if (macro !== undefined) return { text: this.#applied(macro) };
    const spaces = this.#formulas > 0 && !/[\\{}$&%]/.test(this.#latex[this.#at] ?? '$') ? this.#spacesBehind : '';
    return { text: this.#symbol(name) + spaces };
  }

  /** Of a command; spaces after a word belong to it, but not a blank line. */
  #name(): string {
    const [, name] = this.#take(/\\([a-zA-Z]+|[\s\S]|$)/uy) ?? ['', ''];
    const start = this.#at;
    this.#spacesBehind = (/^[a-zA-Z]/.test(name) ? this.#take(/\s*/y)?.[0] : null) ?? '';
    if (!/\n\s*\n/.test(this.#spacesBehind)) return name;
    this.#at = start;
    this.#spacesBehind = '';
    return name;
  }

  #symbol(name: string): string {
    return SYMBOLS.get(name) ?? (this.#strict ? '' : (MORE_SYMBOLS.get(name) ?? ''));
  }

  #applied(macro: Macro): string {
    const start = this.#at;
    const args = this.#args(macro.args);
    if (args !== null) return macro.text(args);
    this.#at = start;
    if (macro.bare === null) throw new UnreadableLatex('an argument is missing');
    return macro.bare;
  }

  /** One text an argument; null where a mandatory one is missing. */
  #args(signature: string): string[] | null {
    const args: string[] = [];
    for (const kind of signature) {
      if (kind === '*') this.#take(/\s*\*/y);
      else if (kind === '{') {
        const arg = this.#arg();
        if (arg === null) return null;
        args.push(arg);
      } else {
        args.push(this.#take(/\s*\[/y) === null ? '' : joined(this.#until(/\]/y)));
      }
    }
    return args;
  }

  /** A group, or else a single sign or command. */
  #arg(): string | null {
    this.#take(/\s*/y);
    const first = this.#latex[this.#at];
    if (first === undefined) return null;
    if (first === '}') return '';
    if (first === '{') return this.#group();
    if (first !== '\\') return this.#sign();
    if (!this.#strict) return this.#piece().text;
    const name = this.#name();
    const macro = this.#macros.get(name);
    if (macro?.bare === null) throw new UnreadableLatex('an argument is missing');
    return macro?.bare ?? this.#symbol(name);
  }

  #environment(): string {
    const name = this.#take(ENVIRONMENT_NAME)?.[1];
    if (name === undefined) return '\\begin';
    this.#args(ENVIRONMENT_ARGS.get(name) ?? '');
    const end = /\\end\s*\{[^{}\\]*\}/y;
    if (DISPLAYS.has(name)) return this.#display(end);
    const pieces = this.#until(end);
    return MATRICES.has(name) ? matrix(pieces) : joined(pieces);
  }

  /** Moves past what matches here. */
  #take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#latex);
    if (match !== null) this.#at += match[0].length;
    return match;
  }

  #skip(signs: string): boolean {
    const isThere = this.#latex.startsWith(signs, this.#at);
    if (isThere) this.#at += signs.length;
    return isThere;
  }
}

function joined(pieces: readonly Piece[]): string {
  return pieces.map(({ text }) => text).join('');
}

/** `[ 1 2; 3 4 ]`, all cells as wide as the widest. */
function matrix(pieces: readonly Piece[]): string {
  const rows: string[][] = [[]];
  let cell: string[] = [];
  const endCell = () => {
    if (cell.length > 0) rows.at(-1)?.push(cell.join('').trim());
    cell = [];
  };
  for (const { text, ends } of pieces) {
    if (ends === undefined) cell.push(text);
    else endCell();
    if (ends === 'row') rows.push([]);
  }
  endCell();
  const widths = rows.flat().map((text) => Array.from(text).length);
  if (widths.length === 0) throw new UnreadableLatex('an empty matrix');
  const width = Math.max(...widths);
  const lines = rows.map((row) => row.map((text) => ' '.repeat(width - Array.from(text).length) + text).join(' '));
  return `[ ${lines.join('; ')} ]`;
}
