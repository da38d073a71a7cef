// cookbook diff: what tells two runs apart, in their specs and in what they have learned.

import { Args, Flags } from '@oclif/core';
import { printable } from '../util/printable.ts';
import { widthOf, wrappedText } from '../util/wrapped.ts';
import { BaseCommand } from './base.ts';

export default class Diff extends BaseCommand {
  static override summary = 'Compare two runs: the fields that differ, their metrics, and where the curves part.';

  static override examples = [
    '<%= config.bin %> diff runs/a runs/b',
    '<%= config.bin %> diff runs/a runs/b --tolerance 0.05 --all',
    '<%= config.bin %> diff runs/a runs/b --json',
  ];

  static override args = {
    a: Args.string({ required: true, description: 'Directory of a run, also of the Python cookbook.' }),
    b: Args.string({ required: true, description: 'Directory of the run that it is held against.' }),
  };

  static override flags = {
    tolerance: Flags.string({
      summary: 'Share of the greater value by which two values must differ to part (default 0.01).',
    }),
    all: Flags.boolean({ summary: 'Leave out no metric.' }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Diff);
    const { diffCommand } = await import('../diff/command.ts');
    const { text, json } = await diffCommand({
      runs: [args.a, args.b],
      cwd: process.cwd(),
      tolerance: flags.tolerance,
      all: flags.all,
      width: widthOf(process.stdout),
      notify: (notice) => this.logToStderr(wrappedText(`note: ${printable(notice)}`, widthOf(process.stderr))),
    });
    this.log(text);
    return json;
  }
}
