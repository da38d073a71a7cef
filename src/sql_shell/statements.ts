// Cuts what is typed, line by line, into statements: up to a semicolon that is no part of a text, a name or a comment.

/** What DuckDB takes as one: a text, a quoted name, a comment, a text between dollar signs. The last of each may still be open. */
const PARTS =
  /'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|\$(\w*)\$[\s\S]*?(?:\$\1\$|$)|;/g;

export class Statements {
  #text = '';

  /** Whether a statement was begun and not ended. */
  get isOpen(): boolean {
    return isAnything(this.#text);
  }

  /** @returns the statements that this line ends */
  add(line: string): string[] {
    this.#text += `${line}\n`;
    const ended: string[] = [];
    let start = 0;
    for (const { 0: part, index } of this.#text.matchAll(PARTS)) {
      if (part !== ';') continue;
      ended.push(this.#text.slice(start, index));
      start = index + 1;
    }
    this.#text = this.#text.slice(start);
    if (!this.isOpen) this.#text = '';
    return ended.filter(isAnything);
  }

  /** @returns what was begun, if anything was */
  end(): string[] {
    const [rest, isOpen] = [this.#text, this.isOpen];
    this.clear();
    return isOpen ? [rest] : [];
  }

  clear(): void {
    this.#text = '';
  }
}

/** Comments and white space alone ask nothing; a comment that is still open may go on to. */
function isAnything(text: string): boolean {
  const rest = text.replace(PARTS, (part) => (/^--|^\/\*[\s\S]*\*\/$/.test(part) ? ' ' : part));
  return rest.trim() !== '';
}
