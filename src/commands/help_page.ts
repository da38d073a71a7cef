// oclif's pages of help, with commands as they are typed here and no line broken within a word.

import { Help } from '@oclif/core';
import { programName } from '../util/program_name.ts';

/** A flag stands with its value. */
const WORDS = /(?:--?[\w-]+ (?!-))?(?:"[^"]*"|'[^']*'|\S)+/g;

/** The section of how a command is called: its title, colored or not, and its lines, which oclif has broken already. */
const USAGE = /^(\S*USAGE\S*\n)((?: {2,}\S.*(?:\n|$))+)/m;
/** What stands or falls together there: a flag with its value, and whatever is in brackets. */
const PARTS = /\[[^\]]*\]\S*|--?[\w-]+ <[^>]*>\S*|\S+/g;

export default class HelpPage extends Help {
  protected override log(...texts: string[]): void {
    super.log(
      ...texts.map((text) =>
        text
          .replace(USAGE, (_, title: string, body: string) => title + this.#usage(body))
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

  /** How a command is called is nothing to type as it stands: what is too long goes on below without the sign for a shell. */
  #usage(body: string): string {
    const calls = body.trim().split(/\n +(?=\$ )/);
    const lines = calls.flatMap((call) => {
      const [sign = '', ...parts] =
        call.replaceAll(/\s+/g, ' ').replace(`$ ${this.config.bin}`, `$ ${programName()}`).match(PARTS) ?? [];
      const broken: string[] = [`  ${sign}`];
      for (const part of parts.map((each) => this.#short(each))) {
        const longer = `${broken.at(-1)} ${part}`;
        if (longer.length + ' \\'.length <= this.opts.maxWidth) broken.splice(-1, 1, longer);
        else broken.push(`    ${part}`);
      }
      return broken;
    });
    return `${lines.join('\n')}\n`;
  }

  /** Choices that fill more than a line stand with the flag's description alone. */
  #short(part: string): string {
    return part.length + 6 <= this.opts.maxWidth ? part : part.replace(/^(\[?--?[\w-]+) .*?(\]?)$/, '$1 <value>$2');
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
