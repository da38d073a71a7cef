// oclif's pages of help, with commands as they are typed here and no line broken within a word.

import { Help } from '@oclif/core';
import { programName } from '../util/program_name.ts';

/** A flag stands with its value. */
const WORDS = /(?:--?[\w-]+ (?!-))?(?:"[^"]*"|'[^']*'|\S)+/g;

export default class HelpPage extends Help {
  protected override log(...texts: string[]): void {
    super.log(
      ...texts.map((text) =>
        text
          .split('\n')
          .map((line) => this.#line(line))
          .join('\n'),
      ),
    );
  }

  /** oclif breaks what is indented, and leaves a summary above it and commands to type as they are. */
  #line(line: string): string {
    const [, prompt] = /^( +\$ )/.exec(line) ?? [];
    if (prompt !== undefined) return this.#command(line.slice(prompt.length), prompt);
    return line.startsWith(' ') ? line : this.wrap(line);
  }

  /** A command that is too long goes on in the next line, as a shell reads it. */
  #command(text: string, prompt: string): string {
    const { bin } = this.config;
    const typed = text.startsWith(`${bin} `) ? programName() + text.slice(bin.length) : text;
    const lines: string[] = [];
    let line = prompt;
    for (const word of typed.match(WORDS) ?? []) {
      const longer = line.endsWith(' ') ? line + word : `${line} ${word}`;
      if (lines.length + line.trim().length > 1 && longer.length + ' \\'.length > this.opts.maxWidth) {
        lines.push(`${line} \\`);
        line = ' '.repeat(prompt.length + 2) + word;
      } else line = longer;
    }
    return [...lines, line].join('\n');
  }
}
