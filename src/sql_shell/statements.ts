// Cuts what is typed, line by line, into statements: up to a semicolon that is no part of a text, a name or a comment.

/** What DuckDB takes as one: a text, a quoted name, a comment, a text between dollar signs. The last of each may still be open. */
const PARTS =
  /'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|\$(\w*)\$[\s\S]*?(?:\$\1\$|$)|;/g;

export interface Statement {
  sql: string;
  /** The line of all that was read on which it begins, from 1. */
  line: number;
}

export class Statements {
  #text = '';
  /** That on which the text begins. */
  #line = 1;

  /** Whether a statement was begun and not ended. */
  get isOpen(): boolean {
    return isAnything(this.#text);
  }

  /** @returns the statements that this line ends */
  add(line: string): Statement[] {
    this.#text += `${line}\n`;
    const ended: Statement[] = [];
    let start = 0;
    for (const { 0: part, index } of this.#text.matchAll(PARTS)) {
      if (part !== ';') continue;
      ended.push({ sql: this.#text.slice(start, index), line: this.#line + linesIn(this.#text.slice(0, start)) });
      start = index + 1;
    }
    this.#drop(start);
    if (!this.isOpen) this.#drop(this.#text.length);
    return ended.filter(({ sql }) => isAnything(sql));
  }

  /** @returns what was begun, if anything was */
  end(): Statement[] {
    const rest = { sql: this.#text, line: this.#line };
    const { isOpen } = this;
    this.clear();
    return isOpen ? [rest] : [];
  }

  clear(): void {
    this.#drop(this.#text.length);
  }

  /** A line that is no part of a statement. */
  skipLine(): void {
    this.#line += 1;
  }

  #drop(end: number): void {
    this.#line += linesIn(this.#text.slice(0, end));
    this.#text = this.#text.slice(end);
  }
}

const linesIn = (text: string): number => text.split('\n').length - 1;

/** Comments and white space alone ask nothing; a comment that is still open may go on to. */
function isAnything(text: string): boolean {
  const rest = text.replace(PARTS, (part) => (/^--|^\/\*[\s\S]*\*\/$/.test(part) ? ' ' : part));
  return rest.trim() !== '';
}
