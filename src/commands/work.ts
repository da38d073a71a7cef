// `cookbook work`: takes runs of a sweep that are free, on whatever machine sees its directory.

import { Args, Flags } from '@oclif/core';
import { printableScreen, printableText } from '../util/printable.ts';
import { BaseCommand } from './base.ts';

export default class Work extends BaseCommand {
  static override summary = 'Take runs of a sweep that are free, and execute them here.';
  static override description =
    'On any machine that sees the directory of the sweep under the same path: leases in the run directories decide who executes what, each run once. Goes on until all runs are finished, or until it is stopped: the first Ctrl-C saves checkpoints, the second ends at once. A run of a worker that is gone is taken over by another one, from its last checkpoint.';
  static override examples = [
    '<%= config.bin %> work runs/lr_grid',
    '<%= config.bin %> work runs/lr_grid --concurrency 4 --once',
  ];
  static override args = {
    directory: Args.string({ required: true, description: 'The directory of a sweep, its log_path.' }),
  };
  static override flags = {
    concurrency: Flags.integer({ default: 1, min: 1, helpValue: 'N', description: 'How many runs run at a time.' }),
    once: Flags.boolean({ description: 'End when nothing is free, and wait for nobody.' }),
  };

  async run(): Promise<object> {
    const { args, flags } = await this.parse(Work);
    const { exitCodeOf, workCommand, workScreen } = await import('../work/command.ts');
    const { sweepSignals } = await import('../sweep/signals.ts');
    const { colorsFor } = await import('../util/colors.ts');
    const { widthOf } = await import('../util/wrapped.ts');
    const { stop, kill, dispose } = sweepSignals();
    try {
      const result = await workCommand(args.directory, {
        ...flags,
        once: flags.once === true,
        argv: ['work', ...this.argv],
        stop,
        kill,
        notify: (line) => {
          if (!this.jsonEnabled()) this.logToStderr(printableText(line));
        },
      });
      const width = widthOf(process.stdout);
      for (const line of workScreen(result, colorsFor(process.stdout), width)) this.log(printableScreen(line));
      process.exitCode = exitCodeOf(result);
      return result;
    } finally {
      dispose();
    }
  }
}
