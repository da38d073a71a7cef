// `cookbook sweep`: runs what a sweep spec asks for and is not done yet.

import { Args, Flags } from '@oclif/core';
import { printableScreen } from '../util/printable.ts';
import { BaseCommand } from './base.ts';

export default class Sweep extends BaseCommand {
  static override summary = 'Run all that a sweep spec asks for. The same command again runs only what is missing.';
  static override examples = [
    '<%= config.bin %> sweep sweeps/lr_grid.yaml',
    '<%= config.bin %> sweep sweeps/lr_grid.yaml --max-concurrency 4 seeds=5 max_steps=100',
    '<%= config.bin %> sweep sweeps/lr_grid.yaml --detach',
  ];
  static override args = {
    file: Args.string({ required: true, description: 'A sweep spec.' }),
    'key=value': Args.string({
      multiple: true,
      description: 'Fields to set: of the sweep, as seeds=5, or else of its base, as max_steps=100.',
    }),
  };
  static override flags = {
    detach: Flags.boolean({
      exclusive: ['dry-run'],
      description: 'Prepare all runs, start them in a process that outlives this terminal, and return.',
    }),
    'dry-run': Flags.boolean({ description: 'Show the plan, and run nothing.' }),
    'max-concurrency': Flags.integer({ helpValue: 'N', description: 'How many runs run at a time.' }),
  };

  async run(): Promise<object | undefined> {
    const { args, flags } = await this.parse(Sweep);
    const { detachCommand, planCommand, sweepCommand } = await import('../sweep/command.ts');
    const { builtinRegistry } = await import('../builtin.ts');
    const overrides = [...(args['key=value'] ?? [])];
    const { 'max-concurrency': concurrency } = flags;
    if (concurrency !== undefined) overrides.push(`execution.max_concurrency=${concurrency}`);
    if (flags['dry-run']) {
      const plan = await planCommand(args.file, builtinRegistry(), overrides);
      if (this.jsonEnabled()) return plan.document();
      for (const line of plan.screen({ all: false })) this.log(printableScreen(line));
      return undefined;
    }
    if (flags.detach) {
      const options = { overrides, argv: ['sweep', ...this.argv] };
      const { result, screen } = await detachCommand(args.file, builtinRegistry(), options);
      for (const line of screen) this.log(printableScreen(line));
      return result;
    }
    const options = { overrides, argv: ['sweep', ...this.argv], json: this.jsonEnabled() };
    const { result, screen, exitCode } = await sweepCommand(args.file, builtinRegistry(), options);
    for (const line of screen) this.log(printableScreen(line));
    process.exitCode = exitCode;
    return result;
  }
}
