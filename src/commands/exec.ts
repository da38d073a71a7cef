// `cookbook exec`: executes one prepared run directory; what a sweep starts for each of its runs.

import { Args } from '@oclif/core';
import { BaseCommand } from './base.ts';

export default class Exec extends BaseCommand {
  static override description = 'Execute a prepared run directory, with its events as JSON Lines on stdout.';
  static override hidden = true;
  static override enableJsonFlag = false;
  static override args = { directory: Args.string({ required: true, description: 'A run directory.' }) };

  async run(): Promise<void> {
    const { args } = await this.parse(Exec);
    const { execCommand } = await import('../run/exec_command.ts');
    const { builtinRegistry } = await import('../builtin.ts');
    process.exitCode = await execCommand(args.directory, builtinRegistry());
  }
}
