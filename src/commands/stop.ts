// `cookbook stop`: asks a sweep, or runs of it, to save checkpoints and stop, wherever they are executed.

import { Args, Flags } from '@oclif/core';
import { printableScreen } from '../util/printable.ts';
import { BaseCommand } from './base.ts';

export default class Stop extends BaseCommand {
  static override summary = 'Ask a sweep, or some of its runs, to save checkpoints and stop, wherever they run.';
  static override description =
    'Leaves a request in the directory of the sweep, or of the runs that are named; whoever is at work there looks for it every second. What was asked to stop stays so until the sweep, or the run, is started again.';
  static override examples = [
    '<%= config.bin %> stop runs/lr_grid',
    '<%= config.bin %> stop runs/lr_grid learning_rate=0.1,seed=0',
    '<%= config.bin %> stop runs/sl_basic --now',
  ];
  static override args = {
    directory: Args.string({ required: true, description: 'The directory of a sweep, or of a run.' }),
    run: Args.string({ multiple: true, description: 'Of a sweep, runs by their names; else all of it.' }),
  };
  static override flags = {
    now: Flags.boolean({ description: 'End at once, as if killed: what is not saved is computed again.' }),
  };

  async run(): Promise<object> {
    const { args, flags } = await this.parse(Stop);
    const { stopCommand, stopScreen } = await import('../stop/command.ts');
    const { colorsFor } = await import('../util/colors.ts');
    const { widthOf } = await import('../util/wrapped.ts');
    const result = await stopCommand(args.directory, args.run ?? [], flags.now === true);
    for (const line of stopScreen(result, colorsFor(process.stdout), widthOf(process.stdout))) {
      this.log(printableScreen(line));
    }
    return result;
  }
}
