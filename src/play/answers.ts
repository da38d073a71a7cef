// What a person answers, at a terminal or through a pipe: whole lines, up to an empty one.

import { createInterface, type Interface } from 'node:readline/promises';

export interface PlayStreams {
  input: NodeJS.ReadableStream;
  /** What the policy sees, and what became of its action. */
  output: NodeJS.WritableStream;
  /** Prompts and remarks. */
  prose: NodeJS.WritableStream;
  /** A person types. */
  interactive: boolean;
}

export class Answers {
  readonly #lines: Interface;
  readonly #read: AsyncIterator<string>;
  readonly #interactive: boolean;
  readonly #prose: NodeJS.WritableStream;

  constructor({ input, prose, interactive }: PlayStreams) {
    this.#lines = createInterface({ input, ...(interactive ? { output: prose } : {}), terminal: interactive });
    this.#lines.setPrompt('› ');
    // The reader takes Ctrl-C for itself: it means the same as Ctrl-D.
    this.#lines.on('SIGINT', () => this.#lines.close());
    // Begun at once: lines that come before anybody asks are kept.
    this.#read = this.#lines[Symbol.asyncIterator]();
    this.#interactive = interactive;
    this.#prose = prose;
  }

  /** The next answer, without the empty lines around it; null when the input has ended and there is none. */
  async next(): Promise<string | null> {
    const said: string[] = [];
    while (true) {
      if (this.#interactive) this.#lines.prompt();
      const { value, done } = await this.#read.next();
      if (done === true) {
        if (this.#interactive) this.#prose.write('\n');
        return said.length === 0 ? null : said.join('\n');
      }
      if (value.trim() !== '') said.push(value);
      else if (said.length > 0) return said.join('\n');
    }
  }

  close(): void {
    this.#lines.close();
  }
}
