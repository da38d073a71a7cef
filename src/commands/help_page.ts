// oclif's pages of help, with commands as they are typed here and no line broken within a word.

import { Help } from '@oclif/core';
import { programName } from '../util/program_name.ts';

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

  /** oclif breaks what is indented, and leaves a summary above it as it is. */
  #line(line: string): string {
    const typed = line.replace(`$ ${this.config.bin} `, `$ ${programName()} `);
    return typed.startsWith(' ') ? typed : this.wrap(typed);
  }
}
