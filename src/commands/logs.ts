// `cookbook logs`: the log of a run, or of the driver of a sweep, to its end and on.

import { Args, Flags } from '@oclif/core';
import { printable } from '../util/printable.ts';
import { BaseCommand } from './base.ts';

export default class Logs extends BaseCommand {
  static override summary = 'Show the end of the log of a run, or of a sweep that was detached, and follow it.';
  static override examples = [
    '<%= config.bin %> logs runs/sl_basic',
    '<%= config.bin %> logs runs/sl_basic -f --lines 100',
    '<%= config.bin %> logs runs/lr_grid learning_rate=0.1,seed=0',
  ];
  static override args = {
    directory: Args.string({ required: true, description: 'The directory of a run, or of a sweep.' }),
    run: Args.string({ description: 'Of a sweep, a run by its name; else what its driver says.' }),
  };
  static override flags = {
    follow: Flags.boolean({
      char: 'f',
      description: 'Go on with the lines that come, across attempts, until the run is finished.',
    }),
    lines: Flags.integer({ default: 20, min: 0, helpValue: 'N', description: 'How many of the lines that are there.' }),
  };

  async run(): Promise<object> {
    const { args, flags } = await this.parse(Logs);
    const { logsCommand } = await import('../logs/command.ts');
    const { ConfigurationError } = await import('../util/errors.ts');
    if (flags.follow && this.jsonEnabled()) {
      throw new ConfigurationError(
        '--json prints one document at the end, and --follow may have none: give one of them',
      );
    }
    // A signal ends it as it ends any process: there is nothing to save.
    const stop = new AbortController().signal;
    return await logsCommand(args.directory, {
      ...flags,
      run: args.run ?? null,
      stop,
      print: (line) => this.log(printable(line)),
    });
  }
}
