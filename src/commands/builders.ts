// `cookbook builders`: what a spec can name, and what each of them takes.

import { Args, Flags } from '@oclif/core';
import { BaseCommand } from './base.ts';

export default class Builders extends BaseCommand {
  static override summary = 'List the registered builders, or the parameters of one.';
  static override examples = [
    '<%= config.bin %> builders',
    '<%= config.bin %> builders supervised',
    '<%= config.bin %> builders renderer',
    '<%= config.bin %> builders --spec my_spec.yaml',
  ];
  static override args = {
    name: Args.string({ description: 'A builder, to show its parameters; or a slot, to list its builders.' }),
  };
  static override flags = {
    slot: Flags.string({ description: 'Only those that fit in this place of a spec.' }),
    spec: Flags.string({ helpValue: 'FILE', description: 'Those of the plugins of this run or sweep spec too.' }),
  };

  async run(): Promise<object> {
    const { args, flags } = await this.parse(Builders);
    const { buildersCommand } = await import('../builders/command.ts');
    const { builtinRegistry } = await import('../builtin.ts');
    const options = {
      name: args.name,
      slot: flags.slot,
      spec: flags.spec,
      width: process.stdout.columns ?? Number.POSITIVE_INFINITY,
      cwd: process.cwd(),
      env: process.env,
    };
    const { builders, text } = await buildersCommand(options, builtinRegistry());
    this.log(text);
    return { builders };
  }
}
