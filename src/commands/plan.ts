// `cookbook plan`: what a spec asks for against what lies on disk. Starts and writes nothing.

import { Args, Flags } from '@oclif/core';
import { printableScreen } from '../util/printable.ts';
import { BaseCommand } from './base.ts';

export default class Plan extends BaseCommand {
  static override summary =
    'Show what a run or sweep spec would run, and what of it is done, to be resumed or retried.';
  static override examples = [
    '<%= config.bin %> plan sweeps/lr_grid.yaml',
    '<%= config.bin %> plan sweeps/lr_grid.yaml seeds=5 max_steps=100 --json',
  ];
  static override args = {
    file: Args.string({ required: true, description: 'A run or sweep spec.' }),
    'key=value': Args.string({
      multiple: true,
      description: 'Fields to set: of the sweep, as seeds=5, or else of its base, as max_steps=100.',
    }),
  };
  static override flags = {
    all: Flags.boolean({ description: 'Show every run, and not the first ten only.' }),
  };

  async run(): Promise<object | undefined> {
    const { args, flags } = await this.parse(Plan);
    const { planCommand } = await import('../sweep/command.ts');
    const { builtinRegistry } = await import('../builtin.ts');
    const plan = await planCommand(args.file, builtinRegistry(), args['key=value'] ?? []);
    if (this.jsonEnabled()) return plan.document();
    for (const line of plan.screen(flags)) this.log(printableScreen(line));
    return undefined;
  }
}
