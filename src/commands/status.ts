// `cookbook status`: what runs where, how far it is, and who is at work on it.

import { Args, Flags } from '@oclif/core';
import { printableScreen } from '../util/printable.ts';
import { BaseCommand } from './base.ts';

export default class Status extends BaseCommand {
  static override summary = 'Show what of a sweep runs where, how far it is, and who is at work on it.';
  static override examples = ['<%= config.bin %> status runs/lr_grid', '<%= config.bin %> status runs/sl_basic --json'];
  static override args = {
    directory: Args.string({ required: true, description: 'The directory of a sweep, or of a run.' }),
  };
  static override flags = {
    all: Flags.boolean({ description: 'Show every run, and not only those that run or went wrong.' }),
  };

  async run(): Promise<object> {
    const { args, flags } = await this.parse(Status);
    const { statusCommand } = await import('../status/command.ts');
    const { statusScreen } = await import('../status/screen.ts');
    const { colorsFor } = await import('../util/colors.ts');
    const { widthOf } = await import('../util/wrapped.ts');
    const standing = await statusCommand(args.directory);
    if (this.jsonEnabled()) return standing;
    const options = {
      colors: colorsFor(process.stdout),
      width: widthOf(process.stdout),
      all: flags.all,
      now: Date.now(),
    };
    for (const line of statusScreen(standing, options)) this.log(printableScreen(line));
    return standing;
  }
}
