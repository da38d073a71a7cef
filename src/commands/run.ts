// `cookbook run`: trains from one spec file, or goes on where it was left.

import { Args, Flags } from '@oclif/core';
import { printableScreen } from '../util/printable.ts';
import { BaseCommand } from './base.ts';

export default class Run extends BaseCommand {
  static override description =
    'Train from a spec file. The same command again goes on from the last checkpoint, or says that the run is done.';
  static override args = {
    file: Args.string({ required: true, description: 'A run spec.' }),
    'key=value': Args.string({
      multiple: true,
      description: 'Fields to set in it, like learning_rate=3e-4 or dataset.batch_size=8.',
    }),
  };
  static override flags = {
    quiet: Flags.boolean({ char: 'q', description: 'Show warnings and the result, and no progress.' }),
  };
  static override examples = [
    '<%= config.bin %> run configs/sl_basic.yaml',
    '<%= config.bin %> run configs/sl_basic.yaml learning_rate=3e-4 log_path=runs/low',
  ];

  async run(): Promise<object> {
    const { args, flags } = await this.parse(Run);
    const { runCommand } = await import('../run/command.ts');
    const { builtinRegistry } = await import('../builtin.ts');
    const { result, screen, exitCode } = await runCommand(args.file, builtinRegistry(), {
      overrides: args['key=value'] ?? [],
      argv: ['run', ...this.argv],
      quiet: flags.quiet,
      json: this.jsonEnabled(),
    });
    for (const line of screen) this.log(printableScreen(line));
    process.exitCode = exitCode;
    return result;
  }
}
