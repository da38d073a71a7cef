// What a process writes to its standard error: told line by line up to a bound, and the end of it kept for when it has died.

import { printable } from '../../util/printable.ts';

/** Lines of one process that are told. */
const MOST_LINES = 200;
/** Characters of a line that are told. */
const LONGEST = 500;
const LAST_WORDS = 4000;
/** As Python, JavaScript and others end or begin a stack. */
const NAMED_ERROR = /^[\w.]*(Error|Exception|Exit|Interrupt)\b/;

export class StandardError {
  readonly #onLine: (line: string) => void;
  readonly #decoder = new TextDecoder('utf-8');
  #tail = '';
  #line = '';
  #told = 0;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  take(chunk: Buffer): void {
    const text = this.#decoder.decode(chunk, { stream: true });
    this.#tail = `${this.#tail}${text}`.slice(-LAST_WORDS);
    const [first = '', ...lines] = text.split('\n');
    this.#line = `${this.#line}${first}`.slice(0, LONGEST);
    for (const line of lines) {
      this.#tell(this.#line);
      this.#line = line.slice(0, LONGEST);
    }
  }

  /** To put behind how it ended. */
  lastWords(): string {
    const lines = this.#tail.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]));
    // All of them were told above: of a stack the line that names the error is what counts.
    const words = printable(lines.findLast((line) => NAMED_ERROR.test(line)) ?? lines.at(-1) ?? '');
    return words === '' ? ', without a word' : `; its last words: ${words}`;
  }

  #tell(line: string): void {
    if (line.trim() === '' || this.#told > MOST_LINES) return;
    this.#told++;
    this.#onLine(this.#told > MOST_LINES ? 'more of its standard error is left out' : printable(line));
  }
}
