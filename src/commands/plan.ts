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
    '<%= config.bin %> plan sweeps/lr_grid.yaml --explain 3',
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
    explain: Flags.string({
      helpValue: 'RUN',
      exclusive: ['all'],
      description:
        'Say of one run why it is new, stale, shared, to be resumed or done: by its name, by how that or its hash begins, or by its place in the plan.',
    }),
  };

  async run(): Promise<object | undefined> {
    const { args, flags } = await this.parse(Plan);
    const { explainCommand, planCommand } = await import('../sweep/command.ts');
    const { builtinRegistry } = await import('../builtin.ts');
    const overrides = args['key=value'] ?? [];
    if (flags.explain !== undefined) {
      const { document, screen } = await explainCommand(args.file, flags.explain, builtinRegistry(), overrides);
      if (this.jsonEnabled()) return document;
      for (const line of screen) this.log(printableScreen(line));
      return undefined;
    }
    const plan = await planCommand(args.file, builtinRegistry(), overrides);
    if (this.jsonEnabled()) return plan.document();
    for (const line of plan.screen(flags)) this.log(printableScreen(line));
    return undefined;
  }
}
